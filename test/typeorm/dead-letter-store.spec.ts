import { Client } from 'pg';
import { DataSource } from 'typeorm';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { silentLogger, type DeadLetter, type DeadLetterStore } from 'nestjs-pathways';
import { MemoryDeadLetterStore } from '../../lib/state/memory-dead-letter.store.js';
import { Database } from '../../lib/typeorm/database.js';
import { TableNames } from '../../lib/typeorm/schema/table-names.js';
import { TypeOrmDeadLetterStore } from '../../lib/typeorm/stores/typeorm-dead-letter.store.js';
import { createDeadLetterTables } from '../support/dead-letter-tables.js';
import { usePostgres } from '../support/postgres.js';

const SOURCE = 'a.0::default';
const TTL = 300_000;

function letter(eventId: string, more: Partial<DeadLetter> = {}): DeadLetter {
  return {
    eventId,
    pathway: 'a.0/b.0',
    event: {
      eventId,
      timeBucket: '20260501100000',
      tenant: 'acme',
      dataCoreId: 'core',
      flowType: 'a.0',
      eventType: 'b.0',
      metadata: {},
      payload: { id: eventId },
      validTime: '2026-05-01T10:00:00.000Z',
    },
    source: SOURCE,
    orderKey: 'x',
    reason: 'failed',
    error: 'it failed',
    fingerprint: 'Error at here',
    attempts: [{ at: new Date(1_777_000_000_123), errorName: 'Error', message: 'no', stack: 'Error: no' }],
    deadLetteredAt: new Date(1_777_000_000_456),
    generation: 0,
    ...more,
  };
}

const database = usePostgres();
const sources: DataSource[] = [];

/** A store on connections of its own. */
async function postgresStore(
  connections = 2,
): Promise<{ store: TypeOrmDeadLetterStore; source: DataSource }> {
  const source = new DataSource({ type: 'postgres', url: database.url, extra: { max: connections } });
  await source.initialize();
  sources.push(source);
  return {
    source,
    store: new TypeOrmDeadLetterStore(new Database(source, new TableNames(), silentLogger)),
  };
}

beforeAll(() => createDeadLetterTables(database));
beforeEach(() => database.query('TRUNCATE pathway_dead_letter, pathway_state'));
afterAll(() => Promise.all(sources.map((source) => source.destroy())));

const makers = {
  memory: async (): Promise<DeadLetterStore> => new MemoryDeadLetterStore(),
  postgres: async (): Promise<DeadLetterStore> => (await postgresStore()).store,
};

describe.each(['memory', 'postgres'] as const)('dead letters in %s', (kind) => {
  let store: DeadLetterStore;
  beforeEach(async () => {
    store = await makers[kind]();
  });
  const ids = async (...args: Parameters<DeadLetterStore['list']>) =>
    (await store.list(...args)).map(({ eventId }) => eventId);

  it('a letter comes back as it was given, with what databases are bad at', async () => {
    const odd = letter('one', {
      event: {
        ...letter('one').event,
        // In this order, with characters that text columns and jsonb refuse.
        payload: { z: 1, a: 'zero \0 and half \ud800', list: [1.5, null, { deep: '✓' }] },
      },
      attempts: [
        { at: new Date(5), errorName: 'Error', message: 'zero \0' },
        { at: new Date(6), errorName: 'TypeError', message: 'x', stack: 'TypeError: x\n    at y' },
      ],
      generation: 7,
      orderKey: undefined,
    });
    await store.add(odd);
    const found = await store.get('one');
    expect(found).toEqual({ ...odd, sequence: expect.any(Number) });
    expect(JSON.stringify(found?.event)).toBe(JSON.stringify(odd.event));
    expect(await store.get('two')).toBeUndefined();
  });

  it('an error text that the database cannot keep does not keep its letter out', async () => {
    await store.add(letter('one', { error: 'zero \0', fingerprint: 'zero \0', orderKey: 'key \0' }));
    expect(await store.blockerOf(SOURCE, 'key \0')).toBe('one');
    expect(await store.count({ fingerprint: 'zero \0', orderKey: 'key \0' })).toBe(1);
    expect(await store.park(letter('two', { orderKey: 'key \0' }))).toBe(true);
  });

  it('a letter that is replaced keeps its place', async () => {
    for (const id of ['one', 'two', 'three']) await store.add(letter(id));
    await store.add(letter('one', { error: 'again' }));
    expect(await ids()).toEqual(['one', 'two', 'three']);
    expect(await store.blockerOf(SOURCE, 'x')).toBe('one');
    expect((await store.get('one'))?.error).toBe('again');
  });

  it('a letter that loses its key holds that key no longer', async () => {
    await store.add(letter('one'));
    await store.add(letter('one', { orderKey: undefined }));
    expect(await store.blockerOf(SOURCE, 'x')).toBeUndefined();
    expect(await ids({ source: SOURCE, orderKey: 'x' })).toEqual([]);
  });

  it('pages follow the order of adding and neither repeat nor skip a letter when earlier ones are removed', async () => {
    for (let n = 0; n < 7; n++) await store.add(letter(`e${n}`, { orderKey: n % 2 ? 'odd' : 'even' }));
    const first = await store.list({}, 3);
    await store.remove('e0');
    await store.remove('e2');
    const after = first.at(-1)?.sequence;
    expect(await ids({}, 3, after)).toEqual(['e3', 'e4', 'e5']);
    expect(await ids({ source: SOURCE, orderKey: 'even' }, 10, after)).toEqual(['e4', 'e6']);
    expect(await store.count({ orderKey: 'even' }, after)).toBe(2);
    expect(await store.count()).toBe(5);
  });

  it('all conditions of a filter must hold', async () => {
    await store.add(letter('one'));
    await store.add(letter('two', { source: 'webhook', reason: 'invalid' }));
    await store.add(letter('three', { pathway: 'a.0/c.0', fingerprint: 'other' }));
    expect(await ids({ source: 'webhook' })).toEqual(['two']);
    expect(await ids({ pathway: 'a.0/c.0', fingerprint: 'other', reason: 'failed' })).toEqual(['three']);
    expect(await ids({ pathway: 'a.0/c.0', reason: 'invalid' })).toEqual([]);
    expect(await ids({ orderKey: 'x' })).toEqual(['one', 'two', 'three']);
  });

  it('causes are counted, the most frequent first', async () => {
    for (const [id, fingerprint] of Object.entries({ a: 'rare', b: 'often', c: 'often', d: 'also rare' })) {
      await store.add(letter(id, { fingerprint, orderKey: id }));
    }
    expect(await store.countByFingerprint()).toEqual([
      { fingerprint: 'often', count: 2 },
      { fingerprint: 'also rare', count: 1 },
      { fingerprint: 'rare', count: 1 },
    ]);
    expect(await store.countByFingerprint({ orderKey: 'b' })).toEqual([{ fingerprint: 'often', count: 1 }]);
  });

  it('an event parks only behind another letter of its source and key', async () => {
    expect(await store.park(letter('two'))).toBe(false);
    await store.add(letter('two'));
    expect(await store.park(letter('two', { reason: 'parked' }))).toBe(false);
    expect((await store.get('two'))?.reason).toBe('failed');
    expect(await store.park(letter('three', { source: 'webhook' }))).toBe(false);
    expect(await store.park(letter('three', { orderKey: 'y' }))).toBe(false);
    expect(await store.park(letter('three', { orderKey: undefined }))).toBe(false);
    expect(await store.park(letter('three'))).toBe(true);
    expect(await ids()).toEqual(['two', 'three']);
  });

  it('a letter that a later generation replaced is not removed in the name of the earlier one', async () => {
    await store.add(letter('one', { generation: 1 }));
    await store.remove('one', 0);
    expect(await store.count()).toBe(1);
    await store.remove('one', 1);
    expect(await store.count()).toBe(0);
    expect(await store.blockerOf(SOURCE, 'x')).toBeUndefined();
  });
});

describe('dead letters in postgres, by several connections', () => {
  /** Waits until a session of the database waits for a lock. */
  async function untilBlocked(): Promise<void> {
    for (;;) {
      const blocked = await database.query(
        `SELECT 1 FROM pg_stat_activity WHERE datname = $1 AND wait_event_type = 'Lock'`,
        [database.name],
      );
      if (blocked.length > 0) return;
    }
  }

  it('an event that parks while the last letter is being removed runs instead of being left behind', async () => {
    const { store } = await postgresStore();
    await store.add(letter('one'));
    const remover = new Client(database.url);
    await remover.connect();
    await remover.query(`BEGIN`);
    await remover.query(`DELETE FROM pathway_dead_letter WHERE event_id = 'one'`);
    const parking = store.park(letter('two'));
    await untilBlocked();
    await remover.query('COMMIT');
    await remover.end();
    expect(await parking).toBe(false);
    expect(await store.count()).toBe(0);
  });

  it('a letter that is parked while the last one is being removed is found by the next look', async () => {
    const { store } = await postgresStore();
    // One connection only, so that BEGIN and COMMIT enclose what the store does.
    const parker = await postgresStore(1);
    await store.add(letter('one'));
    await parker.source.query('BEGIN');
    expect(await parker.store.park(letter('two'))).toBe(true);
    const removal = store.remove('one');
    await untilBlocked();
    expect(await store.blockerOf(SOURCE, 'x')).toBe('one');
    await parker.source.query('COMMIT');
    await removal;
    expect(await store.blockerOf(SOURCE, 'x')).toBe('two');
  });

  it('of 400 events that park while others remove, every one is run or replayed once, in order', async () => {
    const parker = await postgresStore();
    const remover = await postgresStore();
    const handled: number[] = [];
    let replayed = 0;
    let isDelivering = true;
    const deliver = async () => {
      for (let n = 0; n < 400; n++) {
        const event = letter(`event-${n}`);
        if (await parker.store.park({ ...event, reason: 'parked' })) continue;
        // Every third that runs fails, so that there is something to park behind.
        if (n % 3 === 0) await parker.store.add(event);
        else handled.push(n);
      }
      isDelivering = false;
    };
    const replay = async () => {
      for (;;) {
        const wasDelivering = isDelivering;
        const [first] = await remover.store.list({ source: SOURCE, orderKey: 'x' }, 1);
        if (!first) {
          if (!wasDelivering) return;
          continue;
        }
        handled.push(Number(first.eventId.slice('event-'.length)));
        replayed++;
        await remover.store.remove(first.eventId);
      }
    };
    await Promise.all([deliver(), replay()]);
    expect(handled).toEqual(Array.from({ length: 400 }, (_, n) => n));
    expect(replayed).toBeGreaterThan(0);
  });

  it('letter and mark are written together, or neither', async () => {
    const { store } = await postgresStore();
    await database.query(
      `INSERT INTO pathway_state (event_id, processed, expires_at, status, claimed_by, claimed_until)
       VALUES ('one', false, now(), 'claimed', 'me', now())`,
    );
    const own = { instanceId: 'me', ttlMs: TTL };
    await store.addAndMark(letter('one', { generation: 2 }), { ...own, generation: 2, isClaimed: true });
    const mark = `SELECT processed, status, generation, claimed_by, claimed_until,
      expires_at > now() + interval '4 minutes' AS lives FROM pathway_state`;
    const marked = {
      processed: false,
      status: 'dead-lettered',
      generation: 2,
      claimed_by: null,
      claimed_until: null,
      lives: true,
    };
    expect(await database.query(mark)).toEqual([marked]);
    expect((await store.get('one'))?.generation).toBe(2);

    // What a reset's delivery marked meanwhile stays.
    await store.addAndMark(letter('one'), { ...own, generation: 1, isClaimed: false });
    expect(await database.query(mark)).toEqual([marked]);
    expect((await store.get('one'))?.generation).toBe(2);

    await database.query('ALTER TABLE pathway_state RENAME TO pathway_state_away');
    const lost = store.addAndMark(letter('two'), { ...own, generation: 0, isClaimed: false });
    await expect(lost).rejects.toThrow('pathway_state');
    await database.query('ALTER TABLE pathway_state_away RENAME TO pathway_state');
    expect(await store.get('two')).toBeUndefined();
  });
});
