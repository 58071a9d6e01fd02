import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach } from 'vitest';
import { createPathwayContract, PathwaysEngine, silentLogger } from 'nestjs-pathways';
import { startLocalFlowcore, type LocalFlowcore } from 'nestjs-pathways/local';
import { DurableServices, type DurableService } from './durable.service.js';
import { APPLICATION, type DurableOptions } from './durable.messages.js';

/** Anything a statement can be run on. */
export interface Queryable {
  query<T extends Record<string, unknown>>(sql: string, parameters?: readonly unknown[]): Promise<T[]>;
}

/** What the effects of a test add up to. */
export interface Effects {
  /** Different events. */
  readonly events: number;
  /** The counter beside the rows. */
  readonly counter: number;
  /** Events that were applied more than once. */
  readonly repeated: number;
  /** Events that were applied before an earlier one of their key. */
  readonly outOfOrder: number;
}

/** A platform that keeps its events, and services that handle them. */
export class DurableWorld {
  private platform: LocalFlowcore | undefined;
  private builtServices: DurableServices | undefined;
  private folder = '';

  /** Running from `beforeEach` on. */
  get local(): LocalFlowcore {
    return ready(this.platform);
  }

  /** Built in `beforeAll`. */
  get services(): DurableServices {
    return ready(this.builtServices);
  }

  /** Registers the hooks of one spec file. Call it after `usePostgres()`. */
  static use(): DurableWorld {
    const world = new DurableWorld();
    beforeAll(async () => {
      world.builtServices = await DurableServices.build();
    }, 60_000);
    beforeEach(async () => {
      world.folder = mkdtempSync(join(tmpdir(), 'pathways-durable-'));
      world.platform = await startLocalFlowcore({ data: join(world.folder, 'log'), logger: silentLogger });
    });
    afterEach(async () => {
      await world.services.killAll();
      await world.local.stop();
      rmSync(world.folder, { recursive: true, force: true });
    });
    afterAll(() => world.services.remove());
    return world;
  }

  /** Stores events of `a.0/b.0`, numbered, their keys in turn. Returns their ids. */
  async store(count: number, keys: number, first = 0): Promise<string[]> {
    const engine = new PathwaysEngine({
      baseUrl: this.local.url,
      tenant: 'acme',
      dataCore: 'shop',
      maxBatchSize: 500,
      logger: silentLogger,
    });
    engine.addContract(createPathwayContract({ flowType: 'a.0', eventType: 'b.0' }, { declaredBy: 'test' }));
    const data = Array.from({ length: count }, (_, n) => effectOf(first + n, keys));
    const ids = await engine.writer.write('a.0/b.0', { batch: true, data, options: { fireAndForget: true } });
    await engine.stop();
    return ids;
  }

  options(database: string, more: Partial<DurableOptions> = {}): DurableOptions {
    return {
      platform: this.local.url,
      database,
      name: 'one',
      pump: true,
      concurrency: 1,
      handler: 'transactional',
      ...more,
    };
  }
}

function ready<T>(part: T | undefined): T {
  if (part === undefined)
    throw new Error('The world of DurableWorld.use() exists from beforeAll and beforeEach on.');
  return part;
}

export const effectOf = (n: number, keys: number) => ({ n, key: `k-${n % keys}` });

/** Empty tables for effects, and none of ours: every test begins before the first start. */
export async function resetTables(database: Queryable, schema = 'public'): Promise<void> {
  await database.query(`DROP SCHEMA IF EXISTS ${schema} CASCADE; CREATE SCHEMA ${schema};
    CREATE TABLE ${schema}.effects (n INTEGER PRIMARY KEY, key TEXT NOT NULL, instance TEXT NOT NULL,
      times INTEGER NOT NULL DEFAULT 1, seq BIGINT GENERATED ALWAYS AS IDENTITY);
    CREATE TABLE ${schema}.counter (n INTEGER NOT NULL);
    INSERT INTO ${schema}.counter VALUES (0)`);
}

/** @param schema of the tables of effects. */
export async function effectsIn(database: Queryable, schema = 'public'): Promise<Effects> {
  const [row] = await database.query<Effects & Record<string, unknown>>(
    `SELECT (SELECT count(*)::int FROM ${schema}.effects) AS events, (SELECT n FROM ${schema}.counter) AS counter,
      (SELECT count(*)::int FROM ${schema}.effects WHERE times > 1) AS repeated,
      (SELECT count(*)::int FROM (SELECT n < max(n) OVER (PARTITION BY key ORDER BY seq) AS late FROM ${schema}.effects) AS o
       WHERE late) AS "outOfOrder"`,
  );
  if (!row) throw new Error('No effects were counted');
  return row;
}

/**
 * What time does after a crash: the sessions of the dead process end with what they had begun, and the lease of its pump
 * runs out.
 */
export async function afterCrash(database: Queryable): Promise<void> {
  const sessions = () =>
    database.query(
      'SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = $1',
      [APPLICATION],
    );
  while ((await sessions()).length > 0) await wait(2);
  await database.query(`UPDATE pathway_leases SET expires_at = 'epoch'`);
}

/** Every event applied exactly once, in the order of its key. */
export const once = (events: number): Effects => ({ events, counter: events, repeated: 0, outOfOrder: 0 });

async function applied(database: Queryable, schema: string): Promise<number> {
  const [row] = await database.query<{ n: number }>(`SELECT n FROM ${schema}.counter`);
  return row?.n ?? 0;
}

/** Waits until so many events were applied, or the service is gone: what is missing then is the test's business. */
export async function progress(
  database: Queryable,
  count: number,
  service: DurableService,
  schema = 'public',
): Promise<void> {
  while (service.isRunning && (await applied(database, schema)) < count) await wait(20);
}

/** What is killed again and again. */
export interface RandomKills {
  /** How many events there are in all. */
  readonly events: number;
  readonly kills: number;
  readonly options: DurableOptions;
}

/** Starts services one after the other and kills each somewhere inside its run. Returns the last one, which lives. */
export async function killAtRandom(
  world: DurableWorld,
  { events, kills, options }: RandomKills,
): Promise<DurableService> {
  const start = (service: DurableService) => service.send({ kind: 'start', options });
  // Asked all the time: a connection for every question would be most of the work.
  const client = new Client({ connectionString: options.database });
  await client.connect();
  const count = async () => Number((await client.query('SELECT n FROM counter')).rows[0]?.n);
  try {
    let next = world.services.prepare();
    for (let kill = 0; kill < kills; kill++) {
      const service = next;
      start(service);
      next = world.services.prepare();
      // Decided by progress and not by the speed of the machine.
      const goal = (await count()) + Math.ceil((Math.random() * 2 * events) / (kills + 2));
      while (service.isRunning && (await count()) < Math.min(events - 1, goal)) await wait(2);
      if (!service.isRunning) throw new Error('It ended before it was killed');
      await service.kill();
      await afterCrash({
        query: async (sql, parameters) => (await client.query(sql, [...(parameters ?? [])])).rows,
      });
    }
    start(next);
    return next;
  } finally {
    await client.end();
  }
}
