import { setTimeout as wait } from 'node:timers/promises';
import { Client } from 'pg';
import { beforeEach, describe, expect, it } from 'vitest';
import { usePostgres } from '../support/postgres.js';
import { until } from '../support/until.js';
import { afterCrash, DurableWorld, effectsIn, once, progress, resetTables } from './support/durable.world.js';
import type { CrashPoint, DurableOptions } from './support/durable.messages.js';

const postgres = usePostgres();
const world = DurableWorld.use();

beforeEach(() => resetTables(postgres));

const cursorRow = () => postgres.query('SELECT event_id FROM pathway_pump_state');

/** Runs a service without faults to the end of the events, and looks at what all of them did. */
async function finish(count: number, more: Partial<DurableOptions> = {}): Promise<void> {
  const service = world.services.start(world.options(postgres.url, more));
  await progress(postgres, count, service);
  expect(await service.stop()).toEqual([0, null]);
  expect(await effectsIn(postgres)).toEqual(once(count));
  expect(service.logged('error')).toEqual([]);
}

describe('a crash', () => {
  it.each<[string, CrashPoint['at'], number]>([
    ['before the handler', 'before-handler', 20],
    ['after the effect, before the commit', 'after-effect', 20],
    ['after the commit, before the cursor', 'after-commit', 21],
  ])('%s applies each effect once and skips nothing', async (_when, at, applied) => {
    await world.store(60, 1);
    const service = world.services.start(world.options(postgres.url, { crash: { at, n: 20 } }));
    expect(await service.end()).toEqual([null, 'SIGKILL']);
    await afterCrash(postgres);
    expect(await effectsIn(postgres)).toEqual(once(applied));
    await finish(60);
  });

  it.each<[string, string, boolean]>([
    ['during the commit, which succeeds', 'effects', true],
    ['during the commit, which fails', 'effects', false],
    ['during the cursor write, which succeeds', 'pathway_pump_state', true],
    ['during the cursor write, which fails', 'pathway_pump_state', false],
  ])('%s, applies each effect once and skips nothing', async (_when, table, isWritten) => {
    const first = await world.store(5, 1);
    const service = world.services.start(world.options(postgres.url));
    await progress(postgres, first.length, service);
    await until(async () => (await cursorRow()).length > 0);
    // The server itself stops in the middle of the next such write, until the lock is given back.
    const holder = new Client({ connectionString: postgres.url });
    await holder.connect();
    let ids = first;
    try {
      await holder.query('SELECT pg_advisory_lock(4711)');
      await postgres.query(
        `CREATE FUNCTION hold() RETURNS trigger LANGUAGE plpgsql AS
           'BEGIN PERFORM pg_advisory_xact_lock_shared(4711); RETURN NEW; END';
         CREATE CONSTRAINT TRIGGER hold AFTER INSERT OR UPDATE ON ${table}
           DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION hold()`,
      );
      const heldBy = () =>
        postgres.query<{ pid: number }>(
          `SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = 4711 AND NOT granted
             AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`,
        );
      // Stored only now: a fast machine would have finished them before the trigger is there.
      ids = [...first, ...(await world.store(55, 1, first.length))];
      await until(async () => (await heldBy()).length > 0);
      await service.kill();
      if (!isWritten) {
        for (const { pid } of await heldBy()) await postgres.query('SELECT pg_terminate_backend($1)', [pid]);
      }
    } finally {
      await holder.end();
    }
    await afterCrash(postgres);
    await postgres.query(`DROP TRIGGER hold ON ${table}`);
    const [cursor] = await cursorRow();
    expect(ids.indexOf(cursor?.['event_id'] as string)).toBeLessThan((await effectsIn(postgres)).events);
    await finish(60);
  });
});

describe('a handler that joins through @nestjs-cls/transactional', () => {
  const cls = { handler: 'cls' } as const;

  it.each<[string, CrashPoint['at'], number]>([
    ['after the effect, before the commit', 'after-effect', 20],
    ['after the commit, before the cursor', 'after-commit', 21],
  ])('and crashes %s applies each effect once and skips nothing', async (_when, at, applied) => {
    await world.store(60, 1);
    const service = world.services.start(world.options(postgres.url, { ...cls, crash: { at, n: 20 } }));
    expect(await service.end()).toEqual([null, 'SIGKILL']);
    await afterCrash(postgres);
    expect(await effectsIn(postgres)).toEqual(once(applied));
    await finish(60, cls);
  });

  it('and loses its connection at COMMIT applies each effect once and skips nothing', async () => {
    await world.store(60, 1);
    // The server ends the session of one transaction in the middle of its commit.
    await postgres.query(
      `CREATE SEQUENCE commits;
       CREATE FUNCTION cut() RETURNS trigger LANGUAGE plpgsql AS
         'BEGIN IF NEW.n = 20 AND nextval(''commits'') = 1 THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF;
            RETURN NEW; END';
       CREATE CONSTRAINT TRIGGER cut AFTER INSERT ON effects
         DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION cut()`,
    );
    const service = world.services.start(world.options(postgres.url, cls));
    await progress(postgres, 60, service);
    expect(await postgres.query('SELECT last_value::int FROM commits')).toEqual([{ last_value: 2 }]);
    expect(await service.stop()).toEqual([0, null]);
    expect(await effectsIn(postgres)).toEqual(once(60));
    expect(await postgres.query('SELECT event_id FROM pathway_dead_letter')).toEqual([]);
  });
});

it('kill -9 at 50 random moments applies each of 5,000 effects once, in the order of its key', async () => {
  const [events, kills] = [5_000, 50];
  // Every start looks at all marks of the look back: fifty times five thousand would be a test of patience.
  const more = { concurrency: 16, lookBackMs: 20 };
  await world.store(events, 40);
  const client = new Client({ connectionString: postgres.url });
  await client.connect();
  const applied = async () => Number((await client.query('SELECT n FROM counter')).rows[0]?.n);
  try {
    let next = world.services.prepare();
    for (let kill = 0; kill < kills; kill++) {
      const service = next;
      service.send({ kind: 'start', options: world.options(postgres.url, more) });
      next = world.services.prepare();
      // Somewhere inside the run, decided by progress and not by the speed of the machine.
      const goal = Math.min(events - 1, (await applied()) + Math.floor(Math.random() * 190));
      while (service.isRunning && (await applied()) <= goal) await wait(2);
      expect(service.isRunning).toBe(true);
      await service.kill();
      await afterCrash(postgres);
      expect(service.logged('error')).toEqual([]);
    }
  } finally {
    await client.end();
  }
  await finish(events, more);
}, 900_000);
