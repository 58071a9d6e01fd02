import { setImmediate as turn } from 'node:timers/promises';
import { Client } from 'pg';
import {
  createPathwayContract,
  PathwaysEngine,
  silentLogger,
  type PathwaysEngineOptions,
} from 'nestjs-pathways';
import { startLocalFlowcore, type LocalFlowcore } from 'nestjs-pathways/local';
import { ControllableClock } from 'nestjs-pathways/testing';
import { typeOrmStore } from 'nestjs-pathways/typeorm';
import { DataSource } from 'typeorm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { usePostgres } from '../support/postgres.js';
import { until, untilIn } from '../support/until.js';
import { openStore } from './support/open-store.js';

// Instance A waits for what instance B handles, and the connections over which they tell each other of it are killed
// meanwhile. Time passes for A only when a test says so: whether it was told or has looked by itself is no guess.

const postgres = usePostgres();
const KEY = 'order.0/placed.0';

let local: LocalFlowcore;
let admin: Client;
let sources: DataSource[];
let engines: PathwaysEngine[];
let clock: ControllableClock;
/** B's handler has the event. */
let isHandling: boolean;
/** Lets it go on. */
let release: () => void;

beforeEach(async () => {
  await postgres.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public');
  local = await startLocalFlowcore();
  admin = new Client({ connectionString: postgres.url });
  await admin.connect();
  sources = [];
  engines = [];
  clock = new ControllableClock(Date.now());
  isHandling = false;
});
afterEach(async () => {
  await allowConnections(true);
  await inTime(Promise.all(engines.map((engine) => engine.stop())));
  await Promise.all(sources.map((source) => source.destroy()));
  await local.stop();
  await admin.end();
});

/** Lets time pass for A until the work is done. */
async function inTime(work: Promise<unknown>): Promise<void> {
  let isOver = false;
  const watched = work.finally(() => (isOver = true));
  watched.catch(() => {});
  await untilIn(clock, () => isOver);
  await watched;
}

async function instance(
  options: Partial<PathwaysEngineOptions>,
  invoke?: () => unknown,
): Promise<PathwaysEngine> {
  const settings = { idleTimeoutMillis: 0 };
  const dataSource = new DataSource({ type: 'postgres', url: postgres.url, poolSize: 5, extra: settings });
  sources.push(await dataSource.initialize());
  const engine = new PathwaysEngine({
    baseUrl: local.url,
    tenant: 'acme',
    dataCore: 'shop',
    logger: silentLogger,
    store: typeOrmStore({ dataSource }),
    ...options,
  });
  const pathway = { flowType: 'order.0', eventType: 'placed.0', maxRetries: 0 };
  engine.addContract(createPathwayContract(pathway, { declaredBy: 'test' }));
  if (invoke) engine.handlers.addHandler({ pathway: KEY, where: 'Test.handle', invoke });
  engines.push(engine);
  await inTime(engine.start());
  return engine;
}

/** Sessions that listen for other instances. */
async function listeners(): Promise<number[]> {
  const { rows } = await admin.query<{ pid: number }>(
    `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'pathways listener'`,
  );
  return rows.map(({ pid }) => pid);
}

async function killListeners(): Promise<void> {
  const pids = await listeners();
  expect(pids).toHaveLength(2);
  for (const pid of pids) await admin.query('SELECT pg_terminate_backend($1)', [pid]);
  await until(async () => !(await listeners()).some((pid) => pids.includes(pid)));
}

/** As a server that has no more room: sessions go on, and no other begins. */
async function allowConnections(isAllowed: boolean): Promise<void> {
  await admin.query('UPDATE pg_database SET datallowconn = $1 WHERE datname = current_database()', [
    isAllowed,
  ]);
}

/** A write on A whose event B has in hand, ending as it is told to. */
async function writeOnA(fails: boolean) {
  const gate = new Promise<void>((resolve) => (release = resolve));
  await instance({ pump: { startFrom: 'beginning' } }, async () => {
    isHandling = true;
    await gate;
    if (fails) throw new RangeError('There is no stock for 7');
  });
  // Much of A's time passes while connections are made; the wait is to outlast it.
  const a = await instance({ pump: false, clock, pathwayTimeoutMs: 24 * 3_600_000 });
  const ends: unknown[] = [];
  a.writer.write(KEY, { data: { n: 7 } }).then(
    () => ends.push('processed'),
    ({ name, message }: Error) => ends.push({ name, message }),
  );
  await until(() => isHandling);
  return ends;
}

const status = async () => {
  const { rows } = await admin.query<{ status: string }>('SELECT status FROM pathway_state');
  return rows.map((row) => row.status);
};

const FAILED = {
  name: 'PathwayHandlerFailedError',
  message: expect.stringContaining('There is no stock for 7') as string,
};

describe.each([
  ['processed', false, 'processed', 'processed'],
  ['made a dead letter', true, 'dead-lettered', FAILED],
] as const)('a write on A whose event is %s on B', (_end, fails, mark, answer) => {
  it('hears of it over the connections that take the place of killed ones', async () => {
    const ends = await writeOnA(fails);
    await killListeners();
    let count = 0;
    void (async () => {
      while (count < 2) count = (await listeners()).length;
    })();
    await untilIn(clock, () => count === 2);
    // From here on no time passes for A, so it looks at nothing by itself.
    release();
    await until(() => ends.length > 0);
    expect(ends).toEqual([answer]);
  });

  it('finds it by itself where no connection takes their place', async () => {
    const ends = await writeOnA(fails);
    await allowConnections(false);
    await killListeners();
    release();
    await until(async () => (await status()).includes(mark));
    expect(ends).toEqual([]);
    await untilIn(clock, () => ends.length > 0);
    expect(ends).toEqual([answer]);
    expect(await listeners()).toEqual([]);
  });
});

it('a store that is closed while it connects again is closed, and leaves no connection', async () => {
  const opened = await openStore(postgres.url, {}, { clock });
  const timers = clock.pendingTimers;
  const [pid] = await listeners();
  await admin.query('SELECT pg_terminate_backend($1)', [pid]);
  // It waits before it tries again.
  await until(() => clock.pendingTimers > timers);
  clock.advance(150);
  // On its way, and several answers of the server away from listening.
  await turn();
  await opened.close();
  expect(await listeners()).toEqual([]);
});
