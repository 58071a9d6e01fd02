import { DataSource } from 'typeorm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createPathwayContract, PathwaysEngine, type PathwaysEngineOptions } from 'nestjs-pathways';
import { startLocalFlowcore, type LocalFlowcore } from 'nestjs-pathways/local';
import { typeOrmStore } from 'nestjs-pathways/typeorm';
import { deferred } from '../support/pump-harness.js';
import { usePostgres } from '../support/postgres.js';
import { until } from '../support/until.js';

const postgres = usePostgres();
const PUMP = 'order.0::default';
/** Long ago, so that nothing is expected up to there any more. */
const PAST = Date.UTC(2026, 4, 1, 10);

let local: LocalFlowcore;
const instances: Instance[] = [];
/** Instances that handle something now: more than one of them, and the order is lost. */
const busy = new Set<string>();
const overlaps: string[] = [];

/** One instance of an application; all of them share tables and a platform. */
class Instance {
  readonly handled: number[] = [];
  readonly dataSource = new DataSource({ type: 'postgres', url: postgres.url, poolSize: 6 });
  handle: (n: number) => Promise<void> = async () => {};
  readonly engine: PathwaysEngine;

  constructor(
    readonly name: string,
    options: Partial<PathwaysEngineOptions> = {},
  ) {
    this.engine = new PathwaysEngine({
      baseUrl: local.url,
      tenant: 'acme',
      dataCore: 'shop',
      apiKey: 'fc_id_secret',
      store: typeOrmStore({ dataSource: this.dataSource }),
      pump: { startFrom: 'beginning', pollIntervalMs: 50 },
      logger: { debug() {}, info() {}, warn() {}, error() {} },
      ...options,
    });
    const contract = createPathwayContract(
      { flowType: 'order.0', eventType: 'placed.0' },
      { declaredBy: 'spec' },
    );
    this.engine.addContract(contract);
    this.engine.handlers.addHandler({
      pathway: 'order.0/placed.0',
      where: 'spec',
      invoke: async ({ payload }) => {
        const { n } = payload as { n: number };
        if (busy.size > 0) overlaps.push(`${name} beside ${[...busy].join()}`);
        busy.add(name);
        await this.handle(n);
        this.handled.push(n);
        busy.delete(name);
      },
    });
    instances.push(this);
  }

  async start(): Promise<this> {
    await this.dataSource.initialize();
    await this.engine.start();
    return this;
  }

  get status() {
    const [status] = this.engine.pumps.status();
    if (!status) throw new Error('There is no pump');
    return status;
  }

  isIn(state: string) {
    return () => this.status.state === state;
  }

  async stop(): Promise<void> {
    await this.engine.stop();
    if (this.dataSource.isInitialized) await this.dataSource.destroy();
  }
}

const write = (n: number, at = PAST + n) =>
  local.appendRaw({
    tenant: 'acme',
    dataCore: 'shop',
    flowType: 'order.0',
    eventType: 'placed.0',
    payload: { n },
    eventTime: new Date(at),
  });

beforeEach(async () => {
  await postgres.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public');
  local = await startLocalFlowcore();
  busy.clear();
  overlaps.splice(0);
});
afterEach(async () => {
  await Promise.all(instances.splice(0).map((instance) => instance.stop()));
  await local.stop();
});

/** Which instance has the pump's lease. */
async function holder(): Promise<string | undefined> {
  const [row] = await postgres.query<{ holder: string }>(
    `SELECT instance_id AS holder FROM pathway_leases WHERE key LIKE $1 AND expires_at > now()`,
    [`%${PUMP}`],
  );
  return row?.holder;
}

/** Two instances: the first runs the pump and has handled 1 to 5, the second waits for it. */
async function two(options: Partial<PathwaysEngineOptions> = {}): Promise<[Instance, Instance, string[]]> {
  const ids: string[] = [];
  for (const n of [1, 2, 3, 4, 5]) ids.push(await write(n));
  const runner = await new Instance('runner').start();
  await until(() => runner.isIn('live')() && runner.handled.length === 5);
  const other = await new Instance('other', options).start();
  await until(other.isIn('starting'));
  return [runner, other, ids];
}

describe('a command at an instance that does not run the pump', () => {
  it('reset: the one that runs it lets its handler end, and the replay begins where it was asked for', async () => {
    const [runner, other] = await two();
    const gate = deferred();
    runner.handle = () => gate.promise;
    await write(6, Date.now());
    await until(() => busy.has('runner'));
    let isAsked = false;
    runner.engine.store.leases.onAsked?.(() => (isAsked = true));
    const before = await holder();
    const reset = other.engine.pumps.reset('beginning');
    await until(() => isAsked);
    // As long as its handler runs, the lease stays where it is.
    for (let look = 0; look < 50; look++) expect(await holder()).toEqual(before);
    gate.resolve();
    await reset;
    await until(() => other.handled.length === 6);
    expect(runner.handled).toEqual([1, 2, 3, 4, 5, 6]);
    expect(other.handled).toEqual([1, 2, 3, 4, 5, 6]);
    expect(overlaps).toEqual([]);
    await until(runner.isIn('starting'));
    expect(other.status.generation).toBe(1);
  });

  it('reset with stopAt: every instance stands still at it, also when the one that reached it ends', async () => {
    const [runner, other, ids] = await two();
    await other.engine.pumps.reset('beginning', { stopAt: ids[2] as string });
    // Asked where it does not run.
    await runner.engine.pumps.whenDone();
    expect(other.handled).toEqual([1, 2, 3]);
    await other.stop();
    await until(runner.isIn('done'));
    await write(6, Date.now());
    const third = await new Instance('third').start();
    await runner.stop();
    await until(third.isIn('done'));
    expect([runner.handled.length, third.handled.length]).toEqual([5, 0]);
    await third.engine.pumps.start();
    await until(() => third.handled.length > 0);
    expect(third.handled[0]).toBe(4);
  });

  it('resets at both at once are both done, one after the other', async () => {
    const [runner, other] = await two();
    await Promise.all([runner, other].map(({ engine }) => engine.pumps.reset('beginning')));
    const isLive = () => [runner, other].some((each) => each.isIn('live')() && each.status.generation === 2);
    await until(isLive);
    expect(overlaps).toEqual([]);
  });

  it('stop: nobody delivers until a reset anywhere starts it again', async () => {
    const [runner, other] = await two();
    await other.engine.pumps.stop({ isEverywhere: true });
    expect(other.status.state).toBe('stopped');
    await until(runner.isIn('starting'));
    await write(6, Date.now());
    const third = await new Instance('third').start();
    await until(third.isIn('starting'));
    expect(await holder()).toBeDefined();
    expect([runner, other, third].flatMap(({ handled }) => handled)).toEqual([1, 2, 3, 4, 5]);
    await third.engine.pumps.reset('beginning');
    await until(() => third.handled.length === 6);
  });

  it('stop where it was stopped everywhere gives it up; a start there takes it again', async () => {
    const [runner, other] = await two();
    await other.engine.pumps.stop({ isEverywhere: true });
    await other.engine.pumps.start();
    await write(6, Date.now());
    await until(() => other.handled.includes(6));
    await other.engine.pumps.stop({ isEverywhere: true });
    await other.engine.pumps.stop();
    await write(7, Date.now());
    await until(() => runner.handled.includes(7));
  });

  it('pause and resume, which no control plane knows of', async () => {
    const [runner, other] = await two();
    await other.engine.pumps.pause();
    await until(runner.isIn('paused'));
    await write(6, Date.now());
    await until(() => runner.status.bufferedEvents === 1);
    expect(runner.handled).not.toContain(6);
    await other.engine.pumps.resume();
    await until(() => runner.handled.includes(6));
  });

  it('of the control plane: restart with stopAt, and stop', async () => {
    const [runner, other, ids] = await two({
      runtimeEnv: 'production',
      pathwayMode: 'virtual',
      pathwayName: 'orders',
      autoProvision: { dataCore: false, flowType: false, eventType: false, pathway: true },
      commandPollingIntervalMs: 20,
    });
    const { controlPlane } = local;
    const pathwayId = controlPlane.pathways()[0]?.id ?? '';
    const carryOut = async (input: Parameters<typeof controlPlane.sendCommand>[1]) => {
      const { id } = controlPlane.sendCommand(pathwayId, input);
      const find = () => controlPlane.commands(pathwayId).find((command) => command.id === id);
      await until(() => /running|failed/.test(find()?.phase ?? ''));
      return find();
    };
    const position = { timeBucket: '20200101000000' };
    const stopAt = ids[1] ?? '';
    expect(await carryOut({ type: 'datapumpRestart', position, stopAt })).toMatchObject({ phase: 'running' });
    await until(other.isIn('done'));
    expect(other.handled).toEqual([1, 2]);

    await runner.engine.pumps.reset('live');
    await until(runner.isIn('live'));
    expect(await carryOut({ type: 'stop' })).toMatchObject({ phase: 'running', details: null });
    await until(() => runner.isIn('starting')() && other.isIn('stopped')());
  });
});
