import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Client } from 'pg';
import { createPathwayContract, PathwaysEngine, silentLogger } from 'nestjs-pathways';
import { startLocalFlowcore, type LocalFlowcore } from 'nestjs-pathways/local';
import { ControllableClock } from 'nestjs-pathways/testing';
import { typeOrmStore } from 'nestjs-pathways/typeorm';
import { timeUuid } from '../../lib/event/time-uuid.util.js';
import type { PumpId } from '../../lib/state/cursor-store.interface.js';
import { TypeOrmCursorStore } from '../../lib/typeorm/stores/typeorm-cursor.store.js';
import { MarkCleaner } from '../../lib/typeorm/housekeeping/mark.cleaner.js';
import type { Database } from '../../lib/typeorm/database.js';
import { SchemaMigrator } from '../../lib/typeorm/schema/schema.migrator.js';
import { useDataSources } from '../support/data-source.js';
import { usePostgres } from '../support/postgres.js';
import { until } from '../support/until.js';
import { openStore } from './support/open-store.js';

const postgres = usePostgres();
const { database: connect, dataSource } = useDataSources(postgres);
const HOUR = 3_600_000;
const NOON = Date.UTC(2026, 4, 1, 12);
const PUMP: PumpId = { tenant: 'acme', dataCore: 'shop', flowType: 'a.0', pumpGroup: 'default' };
let database: Database;

beforeEach(async () => {
  await postgres.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public');
  database = await connect();
  await new SchemaMigrator(database).migrate();
});

/** Marks of events at these times, whose time was over an hour ago. */
async function mark(times: readonly number[]): Promise<string[]> {
  const ids = times.map((time) => timeUuid(time));
  await postgres.query(
    `INSERT INTO pathway_state (event_id, processed, status, expires_at)
     SELECT id, true, 'processed', now() - interval '1 hour' FROM unnest($1::text[]) AS id`,
    [ids],
  );
  return ids;
}

async function moveCursor(time: number, pump: PumpId = PUMP, caughtUpAt?: number): Promise<void> {
  const cursor = { timeBucket: '20260501120000', eventId: timeUuid(time) };
  const store = new TypeOrmCursorStore(database, async () => {});
  await store.save(pump, caughtUpAt === undefined ? cursor : { ...cursor, caughtUpAt }, 0);
}

const cleaner = (pumps: readonly PumpId[] = [PUMP], batchSize = 1_000) =>
  new MarkCleaner({ database, pumps: () => pumps, lookBackMs: HOUR, batchSize });
const marks = async () =>
  (await postgres.query('SELECT event_id FROM pathway_state ORDER BY event_id')).map(
    (row) => row['event_id'],
  );

describe('the cleanup of marks', () => {
  it('removes none of an event that a pump has yet to deliver, or may look back at', async () => {
    await moveCursor(NOON);
    const [old, lookedBack, next, later] = await mark([
      NOON - 2 * HOUR,
      NOON - HOUR / 2,
      NOON + 1,
      NOON + HOUR,
    ]);
    expect(await cleaner().clean()).toBe(1);
    expect(await marks()).toEqual([lookedBack, next, later].sort());
    // The pump goes on, and what it leaves behind goes.
    await moveCursor(NOON + 3 * HOUR);
    expect(await cleaner().clean()).toBe(3);
    expect(await marks()).not.toContain(old);
  });

  it('is held back by the slowest of several pumps, and by another instance that still moves its cursor', async () => {
    await moveCursor(NOON + 9 * HOUR);
    await moveCursor(NOON, { ...PUMP, pumpGroup: 'slow' });
    const [event] = await mark([NOON + HOUR]);
    expect(await cleaner().clean()).toBe(0);
    expect(await marks()).toEqual([event]);
  });

  it('is not held back by a pump that rests, here or in another instance, but for what it may look back at', async () => {
    const quiet = { ...PUMP, flowType: 'b.0' };
    await moveCursor(NOON + 9 * HOUR);
    await moveCursor(NOON - 960 * HOUR, quiet, NOON + 2 * HOUR);
    const [, young] = await mark([NOON, NOON + 1.5 * HOUR]);
    expect(await cleaner([PUMP, quiet]).clean()).toBe(1);
    expect(await marks()).toEqual([young]);
    await mark([NOON]);
    expect(await cleaner([PUMP]).clean()).toBe(1);
  });

  it.each([
    ['its next event', () => moveCursor(NOON - 960 * HOUR + 1, { ...PUMP, flowType: 'b.0' })],
    ['another release', () => postgres.query(`UPDATE pathway_pump_state SET token = 7`)],
    [
      'the reference client',
      () => postgres.query(`UPDATE pathway_pump_state SET event_id = $1`, [timeUuid(NOON - 970 * HOUR)]),
    ],
  ])('is held back again by a pump that has rested, once its row is written by %s', async (_who, write) => {
    const quiet = { ...PUMP, flowType: 'b.0' };
    await moveCursor(NOON - 960 * HOUR, quiet, NOON + 2 * HOUR);
    await write();
    await mark([NOON]);
    expect(await cleaner([quiet]).clean()).toBe(0);
  });

  it('is not held back for ever by a pump group that was given up', async () => {
    await moveCursor(NOON + 9 * HOUR);
    await moveCursor(NOON, { ...PUMP, pumpGroup: 'given-up' });
    await postgres.query(
      `UPDATE pathway_pump_state SET updated_at = now() - interval '8 days' WHERE pump_group = 'given-up'`,
    );
    await mark([NOON + HOUR]);
    expect(await cleaner().clean()).toBe(1);
  });

  it('removes none of a pump that has not saved its first cursor yet', async () => {
    await mark([NOON]);
    expect(await cleaner().clean()).toBe(0);
    await postgres.query(`UPDATE pathway_state SET created_at = now() - interval '2 days'`);
    expect(await cleaner().clean()).toBe(1);
  });

  it('leaves marks whose time is not over, and claims that are held', async () => {
    await moveCursor(NOON);
    await mark([NOON - 5 * HOUR, NOON - 6 * HOUR]);
    await postgres.query(
      `INSERT INTO pathway_state (event_id, processed, status, expires_at)
       VALUES ('young', true, 'processed', now() + interval '1 minute')`,
    );
    await postgres.query(
      `INSERT INTO pathway_state (event_id, processed, status, expires_at, claimed_by, claimed_until)
       VALUES ('held', false, 'claimed', now() - interval '1 hour', 'somebody', now() + interval '1 minute')`,
    );
    expect(await cleaner().clean()).toBe(2);
    expect(await marks()).toEqual(['held', 'young']);
  });

  it('goes in small batches, and around rows that a transaction holds', async () => {
    await moveCursor(NOON);
    const [held] = await mark(Array.from({ length: 25 }, (_, index) => NOON - 5 * HOUR - index));
    const other = new Client({ connectionString: postgres.url });
    await other.connect();
    try {
      await other.query('BEGIN');
      await other.query('SELECT 1 FROM pathway_state WHERE event_id = $1 FOR UPDATE', [held]);
      const stop = new AbortController();
      const stopped = cleaner([PUMP], 10).clean(stop.signal);
      stop.abort();
      // One statement had begun.
      expect(await stopped).toBe(10);
      expect(await cleaner([PUMP], 10).clean()).toBe(14);
      expect(await marks()).toEqual([held]);
    } finally {
      await other.end();
    }
  });
});

describe('during a replay', () => {
  let local: LocalFlowcore;

  beforeEach(async () => {
    local = await startLocalFlowcore({ logger: silentLogger });
  });
  afterEach(() => local.stop());

  it('the cleanup makes no event run twice when the replay is interrupted', async () => {
    const runs: number[] = [];
    let stuckAt: number | undefined;
    const start = async () => {
      const source = await dataSource();
      const engine = new PathwaysEngine({
        baseUrl: local.url,
        tenant: 'acme',
        dataCore: 'shop',
        store: typeOrmStore({ dataSource: source, ttlMs: 1_000, cleanupIntervalMs: 10 }),
        pump: { startFrom: 'beginning', concurrency: 8, commitIntervalMs: 5 },
        shutdownTimeoutMs: 0,
        logger: silentLogger,
      });
      engine.addContract(
        createPathwayContract(
          { flowType: 'a.0', eventType: 'b.0', orderBy: ({ eventId }) => eventId },
          { declaredBy: 'test' },
        ),
      );
      engine.handlers.addHandler({
        pathway: 'a.0/b.0',
        where: 'test',
        transaction: false,
        invoke: async ({ payload }, { signal }) => {
          const { n } = payload as { n: number };
          if (n === stuckAt) {
            await new Promise((resolve) => signal.addEventListener('abort', resolve));
            throw signal.reason;
          }
          runs.push(n);
        },
      });
      await engine.start();
      return engine;
    };
    const numbers = Array.from({ length: 40 }, (_, n) => n);
    const sorted = () => [...runs].sort((a, b) => a - b);

    const first = await start();
    const options = { fireAndForget: true };
    await first.writer.write('a.0/b.0', { batch: true, data: numbers.map((n) => ({ n })), options });
    await until(() => runs.length === 40);
    // The replay hangs at its first event, with all others done and no cursor behind them.
    runs.length = 0;
    stuckAt = 0;
    await first.pumps.reset('beginning');
    await until(() => runs.length === 39);
    await until(async () => {
      const marked = await postgres.query(
        `SELECT 1 FROM pathway_state WHERE generation = 1 AND status = 'processed'`,
      );
      return marked.length === 39;
    });
    await postgres.query(`UPDATE pathway_state SET expires_at = now() - interval '1 hour'`);
    expect(await cleaner().clean()).toBe(0);
    await first.stop();

    stuckAt = undefined;
    const second = await start();
    await until(() => runs.includes(0));
    await second.pumps.drain();
    expect(sorted()).toEqual(numbers);
    await second.stop();
  });
});

describe('with two flow types', () => {
  let local: LocalFlowcore;

  beforeEach(async () => {
    local = await startLocalFlowcore({ logger: silentLogger });
  });
  afterEach(() => local.stop());

  it('marks of the busy one go though the other had its last event weeks ago, and stay while it has work', async () => {
    const source = await dataSource();
    const engine = new PathwaysEngine({
      baseUrl: local.url,
      tenant: 'acme',
      dataCore: 'shop',
      store: typeOrmStore({ dataSource: source, ttlMs: 1_000, cleanupIntervalMs: 0 }),
      pump: { startFrom: 'beginning', concurrency: 2, commitIntervalMs: 5, pollIntervalMs: 20 },
      shutdownTimeoutMs: 0,
      logger: silentLogger,
    });
    const runs: string[] = [];
    for (const flowType of ['busy.0', 'quiet.0']) {
      engine.addContract(createPathwayContract({ flowType, eventType: 'b.0' }, { declaredBy: 'test' }));
      engine.handlers.addHandler({
        pathway: `${flowType}/b.0`,
        where: 'test',
        transaction: false,
        invoke: async ({ payload }, { signal }) => {
          const { name } = payload as { name: string };
          runs.push(name);
          if (name !== 'stuck') return;
          await new Promise((resolve) => signal.addEventListener('abort', resolve));
          throw signal.reason;
        },
      });
    }
    await engine.start();
    const write = (flowType: string, name: string, ageMs: number) =>
      engine.writer.write(`${flowType}/b.0`, {
        data: { name },
        options: { fireAndForget: true, eventTime: new Date(Date.now() - ageMs) },
      });
    const pumps = ['busy.0', 'quiet.0'].map((flowType) => ({ ...PUMP, flowType }));
    const expire = () => postgres.query(`UPDATE pathway_state SET expires_at = now() - interval '1 hour'`);
    const rests = async () =>
      (
        await postgres.query(
          `SELECT 1 FROM pathway_pump_state WHERE flow_type = 'quiet.0' AND caught_up_at IS NOT NULL`,
        )
      ).length === 1;
    try {
      await write('quiet.0', 'old', 960 * HOUR);
      await write('busy.0', 'earlier', 2 * HOUR);
      await until(() => runs.length === 2);
      await write('busy.0', 'now', 0);
      await engine.pumps.drain();
      await until(rests);
      await expire();
      // Those of `old` and `earlier`; that of `now` lies in front of what the quiet pump speaks for.
      expect(await cleaner(pumps).clean()).toBe(2);

      // Dated between its last event and now: work is unfinished, and what was finished behind it must stay.
      await write('quiet.0', 'stuck', 480 * HOUR);
      await until(() => runs.includes('stuck'));
      await until(async () => !(await rests()));
      await write('busy.0', 'later', HOUR);
      await until(() => runs.includes('later'));
      await until(async () => (await marks()).length === 3);
      await expire();
      expect(await cleaner(pumps).clean()).toBe(0);
    } finally {
      await engine.stop();
    }
  });
});

it("a step of the application's clock, forward or back, decides nothing: the database's clock does", async () => {
  const clock = new ControllableClock(Date.now());
  const jumping = await openStore(postgres.url, { cleanupIntervalMs: 1_000, ttlMs: 1_000_000 }, { clock });
  const steady = await openStore(postgres.url);
  try {
    await steady.store.state.claim('held', 0);
    await steady.store.state.claim('done', 0);
    await steady.store.state.complete('done', 0, 'processed');
    await until(
      async () => (await postgres.query(`SELECT 1 FROM pathway_state WHERE processed`)).length === 1,
    );
    const lease = await steady.store.leases.acquire('pump', 60_000);
    expect(lease).toBeDefined();
    for (const step of [6 * HOUR, -12 * HOUR, 24 * HOUR]) {
      clock.advance(step);
      expect(await jumping.store.state.claim('done', 0)).toBe('processed');
      expect(await jumping.store.leases.acquire('pump', 60_000)).toBeUndefined();
    }
    expect(await marks()).toEqual(['done', 'held']);
    // It waits for the holder, however late its own clock says it is.
    const waiting = Promise.resolve(jumping.store.state.claim('held', 0));
    clock.advance(24 * HOUR);
    await steady.store.state.complete('held', 0, 'processed');
    let claim: string | undefined;
    void waiting.then((answer) => (claim = answer));
    await until(() => {
      clock.advance(1_000);
      return claim !== undefined;
    });
    expect(claim).toBe('processed');
  } finally {
    await jumping.close();
    await steady.close();
  }
});
