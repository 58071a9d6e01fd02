import { DataSource } from 'typeorm';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { createPathwayContract, PathwaysEngine, silentLogger } from 'nestjs-pathways';
import { startLocalFlowcore, type LocalFlowcore } from 'nestjs-pathways/local';
import { ControllableClock } from 'nestjs-pathways/testing';
import { typeOrmStore } from 'nestjs-pathways/typeorm';
import { channelOf } from '../../lib/typeorm/signals/typeorm-event.signals.js';
import { useDataSources } from '../support/data-source.js';
import { usePostgres } from '../support/postgres.js';
import { until } from '../support/until.js';

const postgres = usePostgres();
const { database } = useDataSources(postgres);
let local: LocalFlowcore;
const instances: Instance[] = [];

/**
 * An instance of one application. Its clock stands still, so it never looks by itself whether a pump is paused: that it
 * knows can only come from having been told.
 */
class Instance {
  readonly handled: number[] = [];
  readonly clock = new ControllableClock(Date.now());
  readonly dataSource = new DataSource({ type: 'postgres', url: postgres.url, poolSize: 4 });
  readonly engine = new PathwaysEngine({
    baseUrl: local.url,
    tenant: 'acme',
    dataCore: 'shop',
    apiKey: 'fc_id_secret',
    store: typeOrmStore({ dataSource: this.dataSource }),
    pump: { startFrom: 'beginning' },
    logger: silentLogger,
    clock: this.clock,
  });

  constructor() {
    instances.push(this);
    this.engine.addContract(
      createPathwayContract({ flowType: 'order.0', eventType: 'placed.0' }, { declaredBy: 'spec' }),
    );
    this.engine.handlers.addHandler({
      pathway: 'order.0/placed.0',
      where: 'spec',
      invoke: ({ payload }) => void this.handled.push((payload as { n: number }).n),
    });
  }

  async start(): Promise<this> {
    await this.dataSource.initialize();
    await this.engine.start();
    return this;
  }

  get state(): string | undefined {
    return this.engine.pumps.status()[0]?.state;
  }

  async stop(): Promise<void> {
    await this.engine.stop();
    if (this.dataSource.isInitialized) await this.dataSource.destroy();
  }
}

const write = (n: number) =>
  local.appendRaw({
    tenant: 'acme',
    dataCore: 'shop',
    flowType: 'order.0',
    eventType: 'placed.0',
    payload: { n },
  });

/** The one that has the pump, in the middle of its work, and another one. */
async function twoInstances(): Promise<{ leader: Instance; other: Instance }> {
  await write(0);
  const leader = await new Instance().start();
  await until(() => leader.state === 'live' && leader.handled.length === 1);
  const other = await new Instance().start();
  return { leader, other };
}

beforeEach(async () => {
  local = await startLocalFlowcore();
});
afterEach(async () => {
  await Promise.all(instances.splice(0).map((instance) => instance.stop()));
  await local.stop();
  await postgres.query('TRUNCATE pathway_delivery_state, pathway_state, pathway_pump_state, pathway_leases');
});

it('a pause by one instance is told to the one that runs the pump, and so is its end', async () => {
  const { leader, other } = await twoInstances();
  await other.engine.pumps.pause();
  await until(() => leader.state === 'paused');
  await write(1);
  await other.engine.pumps.resume();
  await until(() => leader.handled.length === 2);
  expect(leader.state).toBe('live');
});

it('that the control plane pauses no more is told as well', async () => {
  const { leader, other } = await twoInstances();
  await other.engine.pumps.pauseAs('control-plane');
  await until(() => leader.state === 'paused');
  await other.engine.pumps.liftPauses();
  await until(() => leader.state === 'live');
});

it('a pause told while the listener was cut is found as soon as it listens again', async () => {
  const { leader, other } = await twoInstances();
  const listeners = () =>
    postgres.query(`SELECT pid FROM pg_stat_activity WHERE application_name = 'pathways listener'
      AND datname = current_database() ORDER BY backend_start`);
  const [first] = await listeners();
  await postgres.query(`SELECT pg_terminate_backend(${Number(first?.['pid'])})`);
  await until(async () => (await listeners()).length === 1);
  await other.engine.pumps.pause();
  // Enough to connect again, and far less than between two looks.
  for (let passed = 0; (await listeners()).length < 2; passed += 50)
    if (passed < 1_000) leader.clock.advance(50);
  await until(() => leader.state === 'paused');
});

it('what a newer release says, and this one does not know, changes nothing', async () => {
  const { leader, other } = await twoInstances();
  const channel = channelOf(await database());
  await postgres.query(`NOTIFY "${channel}", '{"from":"a newer one","news":["something"]}'`);
  await other.engine.pumps.pause();
  await until(() => leader.state === 'paused');
});
