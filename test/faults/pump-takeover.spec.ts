import { isDeepStrictEqual } from 'node:util';
import { Client } from 'pg';
import { beforeEach, describe, expect, it } from 'vitest';
import { usePostgres } from '../support/postgres.js';
import { startTcpRelay } from '../support/tcp-relay.js';
import { until } from '../support/until.js';
import type { CrashPoint, DurableOptions } from './support/durable.messages.js';
import type { DurableService } from './support/durable.service.js';
import { DurableWorld, effectsIn, once, progress, resetTables } from './support/durable.world.js';

const postgres = usePostgres();
const world = DurableWorld.use();
const EVENTS = 150;
/** Where the leader comes to its end. */
const AT = 50;

beforeEach(() => resetTables(postgres));

/** Leases of three seconds, looked after every second. */
const start = (name: string, crash?: CrashPoint, more: Partial<DurableOptions> = {}): DurableService =>
  world.services.start(
    world.options(postgres.url, { name, concurrency: 4, speed: 10, ...(crash && { crash }), ...more }),
  );

/** Tells how many effects there are, while no handler can go on: every one of them needs the row of the counter. */
async function whileNothingMoves(then: (applied: number) => void): Promise<void> {
  const client = new Client({ connectionString: postgres.url });
  await client.connect();
  try {
    await client.query('BEGIN');
    const { rows } = await client.query<{ n: number }>('SELECT n FROM counter FOR UPDATE');
    then(Number(rows[0]?.n));
    await client.query('COMMIT');
  } finally {
    await client.end();
  }
}

/** The leader has not renewed its lease in time. What it has claimed runs out too: nobody waits a minute for that. */
async function frozen(): Promise<void> {
  await until(
    async () =>
      (
        await postgres.query(
          `SELECT FROM pathway_leases WHERE key LIKE '%::default' AND expires_at < clock_timestamp()`,
        )
      ).length > 0,
  );
  await postgres.query(`UPDATE pathway_state SET claimed_until = 'epoch' WHERE claimed_by IS NOT NULL`);
}

/** Who applied the events, in the order in which that changed. */
async function shares(): Promise<unknown[]> {
  const rows = await postgres.query(
    `SELECT instance FROM (SELECT instance, seq, lag(instance) OVER (ORDER BY seq) AS before FROM effects) AS e
     WHERE before IS DISTINCT FROM instance ORDER BY seq`,
  );
  return rows.map(({ instance }) => instance as unknown);
}

const tokens = async () =>
  (
    await postgres.query(
      `SELECT (SELECT token FROM pathway_pump_state) AS cursor, token AS lease FROM pathway_leases WHERE key LIKE '%::default'`,
    )
  )[0];

describe('two processes, one pump', () => {
  it.each<[string, CrashPoint['at']]>([
    ['before the handler', 'before-handler'],
    ['after the effect, before the commit', 'after-effect'],
    ['after the commit, before the cursor', 'after-commit'],
  ])(
    'the leader killed %s: the other takes over, nothing is lost, effects once',
    async (_when, at) => {
      await world.store(EVENTS, 10);
      const leader = start('leader', { at, n: AT });
      await progress(postgres, 1, leader);
      const successor = start('successor');
      expect(await leader.end()).toEqual([null, 'SIGKILL']);
      // Nobody touches the lease: it runs out, and the other one finds it.
      await progress(postgres, EVENTS, successor);
      expect(await successor.stop()).toEqual([0, null]);
      expect(await effectsIn(postgres)).toEqual(once(EVENTS));
      expect(await shares()).toEqual(['leader', 'successor']);
      expect(successor.logged('error')).toEqual([]);
    },
    120_000,
  );

  it.each<[string, CrashPoint['at']]>([
    ['before the handler', 'before-handler'],
    ['after the effect, before the commit', 'after-effect'],
    ['after the commit, before the cursor', 'after-commit'],
  ])(
    'the leader frozen %s, longer than its lease, and woken: what it writes late is refused, effects once, order kept',
    async (_when, at) => {
      await world.store(EVENTS, 10);
      const leader = start('leader', { at, n: AT, signal: 'SIGSTOP' });
      await progress(postgres, 1, leader);
      const successor = start('successor');
      // All of them: neither a claim nor a transaction of the frozen one stands in the way.
      await progress(postgres, EVENTS, successor);
      expect(await effectsIn(postgres)).toEqual(once(EVENTS));
      expect(await shares()).toEqual(['leader', 'successor']);
      const before = await tokens();
      expect(before?.['cursor']).toBe(before?.['lease']);

      leader.wake();
      // What it still believes to be its own is refused, and it waits as a follower.
      await until(async () => (await leader.pumpState()) === 'starting');
      await world.store(20, 10, EVENTS);
      await progress(postgres, EVENTS + 20, successor);
      expect(await effectsIn(postgres)).toEqual(once(EVENTS + 20));
      expect(await shares()).toEqual(['leader', 'successor']);
      expect(await tokens()).toEqual(before);

      // And it is of use again.
      expect(await successor.stop()).toEqual([0, null]);
      await world.store(20, 10, EVENTS + 20);
      await progress(postgres, EVENTS + 40, leader);
      expect(await effectsIn(postgres)).toEqual(once(EVENTS + 40));
      expect(await shares()).toEqual(['leader', 'successor', 'leader']);
      expect(await leader.stop()).toEqual([0, null]);
      expect(successor.logged('error')).toEqual([]);
      // Whether the database or the lease tells it first, it is told nothing else.
      const refusals =
        /^Pump a.0::default: The (transaction of event \S+ was lost|cursor of pump \S+ was not saved)/;
      expect(leader.logged('error').filter((line) => !refusals.test(line))).toEqual([]);
    },
    120_000,
  );

  it.each<[DurableOptions['handler'], CrashPoint['at']]>([
    ['transactional', 'before-handler'],
    ['transactional', 'after-effect'],
    ['transactional', 'after-commit'],
    ['plain', 'before-handler'],
    ['plain', 'after-effect'],
  ])(
    'the leader of %s handlers frozen %s, and woken while the other one is at work: order kept, marks right',
    async (handler, at) => {
      const events = 500;
      const [keys, open] = [3, 100];
      await world.store(events, keys);
      const leader = start('leader', { at, n: AT, signal: 'SIGSTOP' }, { handler });
      await progress(postgres, 1, leader);
      await frozen();
      const successor = start('successor', undefined, { handler });
      await progress(postgres, AT + 20, successor);
      await whileNothingMoves((applied) => {
        expect(events - applied).toBeGreaterThanOrEqual(open);
        leader.wake();
      });
      await until(async () => (await leader.pumpState()) === 'starting');
      const all = `SELECT status, generation, claimed_by, count(*)::int AS events FROM pathway_state GROUP BY 1, 2, 3`;
      const ended = [{ status: 'processed', generation: 0, claimed_by: null, events }];
      await until(async () => isDeepStrictEqual(await postgres.query(all), ended));
      const token = await tokens();
      expect(token?.['cursor']).toBe(token?.['lease']);
      expect(await Promise.all([leader.stop(), successor.stop()])).toEqual([
        [0, null],
        [0, null],
      ]);

      const effects = await effectsIn(postgres);
      // What the leader had in its hands may be done by both, where no transaction undoes it.
      const most = handler === 'transactional' ? 0 : 4;
      expect(effects).toMatchObject({ events, outOfOrder: 0, counter: events + effects.repeated });
      expect(effects.repeated).toBeLessThanOrEqual(most);
      expect(await postgres.query('SELECT FROM pathway_dead_letter')).toEqual([]);
      expect(await postgres.query(all)).toEqual(ended);
      expect(successor.logged('error')).toEqual([]);
    },
    120_000,
  );

  it('the holder loses its way to the platform after it was live: the other instance gets the pump', async () => {
    const half = EVENTS / 2;
    await world.store(half, 10);
    const relay = await startTcpRelay(Number(new URL(world.local.url).port));
    const holder = world.services.start({
      ...world.options(postgres.url, { name: 'holder', speed: 10 }),
      platform: `http://127.0.0.1:${relay.port}`,
    });
    await progress(postgres, half, holder);
    const other = start('other');
    await until(() => other.webhook !== undefined);
    await relay.close();
    await world.store(half, 10, half);
    await progress(postgres, EVENTS, other);
    expect(await effectsIn(postgres)).toEqual(once(EVENTS));
    expect(await shares()).toEqual(['holder', 'other']);
    expect(await Promise.all([holder.stop(), other.stop()])).toEqual([
      [0, null],
      [0, null],
    ]);
  }, 120_000);

  it('the pump of the holder fails to start: the other instance gets it', async () => {
    await world.store(EVENTS, 10);
    const cut = await startTcpRelay(Number(new URL(world.local.url).port));
    await cut.close();
    const holder = world.services.start({
      ...world.options(postgres.url, { name: 'holder' }),
      platform: `http://127.0.0.1:${cut.port}`,
    });
    const token = async () =>
      (await postgres.query(`SELECT token FROM pathway_leases WHERE key LIKE '%::default'`))[0]?.['token'];
    await until(() => holder.webhook !== undefined);
    await until(async () => (await token()) !== undefined);
    const other = world.services.start(world.options(postgres.url, { name: 'other' }));
    await progress(postgres, EVENTS, other);
    expect(await effectsIn(postgres)).toEqual(once(EVENTS));
    expect(await shares()).toEqual(['other']);
    expect(await Promise.all([holder.stop(), other.stop()])).toEqual([
      [0, null],
      [0, null],
    ]);
  }, 120_000);
});
