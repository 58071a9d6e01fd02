import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EntityManager } from 'typeorm';
import {
  batchHandlerBinding,
  createPathwayContract,
  PathwaysEngine,
  silentLogger,
  type EventContext,
  type EventDelivery,
  type EventOutcome,
  type FlowcoreEvent,
  type PathwayEvent,
  type PathwayOptions,
  type TransactionRunner,
} from 'nestjs-pathways';
import { storedEvent } from '../nest/support/app.js';
import { usePostgres } from '../support/postgres.js';
import { until } from '../support/until.js';
import { openStore, type OpenStore } from './support/open-store.js';

const database = usePostgres();
const KEY = 'order.0/order.placed.0';
const delivery: EventDelivery = { source: 'order.0::default', generation: 0 };
let opened: OpenStore;
/** Numbers of the events of each call. */
let calls: number[][];

beforeEach(async () => {
  await database.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public');
  opened = await openStore(database.url);
  // A duplicate shows at the commit only.
  await database.query(
    'CREATE TABLE effects (n int, CONSTRAINT once UNIQUE (n) DEFERRABLE INITIALLY DEFERRED)',
  );
  calls = [];
});
afterEach(() => opened.close());

const numberOf = ({ payload }: PathwayEvent) => (payload as { n: number }).n;
const numbered = (...numbers: number[]) => numbers.map((n) => storedEvent(KEY, { n }));
const keyed: Partial<PathwayOptions<never>> = {
  orderBy: ({ payload }) => String((payload as { n: number }).n),
};
const effects = async () =>
  (await database.query('SELECT n FROM effects ORDER BY n')).map((row) => Number(row['n']));
const transactions = async () =>
  (await database.query('SELECT DISTINCT xmin::text AS x FROM effects')).length;
const marked = async (events: readonly FlowcoreEvent[]) =>
  (
    await database.query(
      "SELECT event_id FROM pathway_state WHERE status = 'processed' AND event_id = ANY($1)",
      [events.map(({ eventId }) => eventId)],
    )
  ).length;

/** A handler that writes one row for each of its events through its transaction, and then does what is given. */
function engineWith(
  then: (events: readonly PathwayEvent[], context: EventContext) => unknown = () => {},
  options: Partial<PathwayOptions<never>> = {},
  hasBatches = true,
): PathwaysEngine {
  const { state, cursors, deadLetters, leases, transactions, endAsDeadLetter } = opened.store;
  const oneByOne: TransactionRunner = { run: (claim, attempt) => transactions.run(claim, attempt) };
  const engine = new PathwaysEngine({
    baseUrl: 'http://127.0.0.1:9',
    logger: silentLogger,
    store: {
      state,
      cursors,
      deadLetters,
      leases,
      transactions: hasBatches ? transactions : oneByOne,
      endAsDeadLetter: endAsDeadLetter.bind(opened.store),
    },
  });
  const names = { flowType: 'order.0', eventType: 'order.placed.0' };
  engine.addContract(
    createPathwayContract({ ...names, retryDelayMs: 1, ...options }, { declaredBy: 'test' }),
  );
  engine.handlers.addHandler(
    batchHandlerBinding({
      pathway: KEY,
      where: 'Test.handle',
      size: 100,
      waitMs: 0,
      invoke: async (events, context) => {
        calls.push(events.map(numberOf));
        const manager = context.transaction as EntityManager;
        await manager.query('INSERT INTO effects SELECT unnest($1::int[])', [events.map(numberOf)]);
        return then(events, context);
      },
    }),
  );
  return engine;
}

async function take(
  engine: PathwaysEngine,
  events: readonly FlowcoreEvent[],
): Promise<EventOutcome['status'][]> {
  const outcomes: EventOutcome['status'][] = [];
  await engine.processor.processBatch(events, delivery, (index, { status }) => (outcomes[index] = status));
  return outcomes;
}

const failing = (bad: number) => (events: readonly PathwayEvent[]) =>
  events.flatMap((event) =>
    numberOf(event) === bad ? [{ eventId: event.eventId, error: new Error('no') }] : [],
  );

describe('a batch in Postgres', () => {
  it('is one transaction: all effects and all marks are there at once, or none', async () => {
    const events = numbered(1, 2, 3);
    let seen: number[] = [];
    const engine = engineWith(async () => {
      seen = [(await effects()).length, await marked(events)];
    });
    expect(await take(engine, events)).toEqual(['processed', 'processed', 'processed']);
    expect(seen, 'what others see while it runs').toEqual([0, 0]);
    expect([await effects(), await marked(events), await transactions()]).toEqual([[1, 2, 3], 3, 1]);
    expect(await take(engine, events)).toEqual(['skipped', 'skipped', 'skipped']);
    expect(calls).toEqual([[1, 2, 3]]);
  });

  it('gives the handler only the events that have not ended', async () => {
    const events = numbered(1, 2, 3);
    const engine = engineWith();
    expect(await take(engine, events.slice(1, 2))).toEqual(['processed']);
    expect(await take(engine, events)).toEqual(['processed', 'skipped', 'processed']);
    expect(calls).toEqual([[2], [1, 3]]);
    expect(await effects()).toEqual([1, 2, 3]);
  });

  it('with a failed event is rolled back and run again without it', async () => {
    const engine = engineWith(failing(2), { ...keyed, maxRetries: 1 });
    const events = numbered(1, 2, 3);
    expect(await take(engine, events)).toEqual(['processed', 'dead-lettered', 'processed']);
    expect(calls.slice(0, 1)).toEqual([[1, 2, 3]]);
    expect(calls.slice(1)).toEqual(expect.arrayContaining([[1, 3], [2]]));
    expect([await effects(), await marked(events)]).toEqual([[1, 3], 2]);
  });

  it('with a failed event in strict order: before it, then it, then behind it', async () => {
    const engine = engineWith(failing(2), { maxRetries: 1 });
    expect(await take(engine, numbered(1, 2, 3, 4))).toEqual([
      'processed',
      'dead-lettered',
      'processed',
      'processed',
    ]);
    expect(calls).toEqual([[1, 2, 3, 4], [1], [2], [3, 4]]);
    expect(await effects()).toEqual([1, 3, 4]);
  });

  it('that throws is run event by event, each in its own transaction', async () => {
    const engine = engineWith(
      (events) => {
        if (events.some((event) => numberOf(event) === 2)) throw new Error('no');
      },
      { maxRetries: 0 },
    );
    expect(await take(engine, numbered(1, 2, 3))).toEqual(['processed', 'dead-lettered', 'processed']);
    expect(calls).toEqual([[1, 2, 3], [1], [2], [3]]);
    expect([await effects(), await transactions()]).toEqual([[1, 3], 2]);
  });

  it('whose commit is refused is run event by event', async () => {
    await database.query('INSERT INTO effects VALUES (2)');
    const engine = engineWith(undefined, { maxRetries: 0 });
    expect(await take(engine, numbered(1, 2, 3))).toEqual(['processed', 'dead-lettered', 'processed']);
    expect(await effects()).toEqual([1, 2, 3]);
  });

  it('does not wait for an event that another instance holds', async () => {
    const other = await openStore(database.url);
    try {
      const events = numbered(1, 2, 3);
      const [, held] = events;
      expect(await other.store.state.claim(held?.eventId ?? '', 0)).toBe('claimed');
      const work = take(engineWith(undefined, keyed), events);
      await until(async () => (await effects()).length === 2);
      expect(await effects()).toEqual([1, 3]);
      await other.store.state.release(held?.eventId ?? '');
      expect(await work).toEqual(['processed', 'processed', 'processed']);
      expect(await effects()).toEqual([1, 2, 3]);
    } finally {
      await other.close();
    }
  });

  it('and the same events in the opposite order in another delivery: each effect once', async () => {
    const events = numbered(...Array.from({ length: 30 }, (_, n) => n));
    const engine = engineWith(undefined, keyed);
    const ends = await Promise.all([take(engine, events), take(engine, [...events].reverse())]);
    expect(ends.flat().filter((status) => status === 'processed')).toHaveLength(30);
    expect(await effects()).toHaveLength(30);
  });

  it('in a store that cannot mark several at once has a transaction for each event', async () => {
    const engine = engineWith(undefined, {}, false);
    expect(await take(engine, numbered(1, 2))).toEqual(['processed', 'processed']);
    expect([calls, await transactions()]).toEqual([[[1], [2]], 2]);
  });

  it('whose connection breaks is not the handler’s failure: nothing is kept, and it is delivered again', async () => {
    const events = numbered(1, 2);
    const engine = engineWith(async (_, { transaction }) => {
      if (calls.length > 1) return;
      const [row] = await (transaction as EntityManager).query<{ pid: number }[]>(
        'SELECT pg_backend_pid() AS pid',
      );
      await database.query('SELECT pg_terminate_backend($1)', [row?.pid]);
    });
    await expect(take(engine, events)).rejects.toMatchObject({ code: 'PATHWAYS_TRANSACTION_LOST' });
    expect([await effects(), await marked(events)]).toEqual([[], 0]);
    expect(await take(engine, events)).toEqual(['processed', 'processed']);
    expect(await effects()).toEqual([1, 2]);
  });
});
