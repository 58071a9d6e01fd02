import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EventClaim } from '../../lib/index.js';
import { usePostgres } from '../support/postgres.js';
import { until } from '../support/until.js';
import { openStore, type OpenStore } from './support/open-store.js';

const database = usePostgres();
let a: OpenStore;
let b: OpenStore;

beforeEach(async () => {
  [a, b] = await Promise.all([openStore(database.url), openStore(database.url)]);
});
afterEach(async () => {
  await Promise.all([a.close(), b.close()]);
});

const rowOf = async (eventId: string) =>
  (await database.query('SELECT * FROM pathway_state WHERE event_id = $1', [eventId]))[0];

/** Of anyone else in this database. */
const sessions = async () =>
  (
    await database.query(
      'SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
    )
  ).length;

describe('claims outside a transaction', () => {
  it('of one event on two instances are granted to one; the other learns how it ended', async () => {
    const id = randomUUID();
    expect(await a.store.state.claim(id, 0)).toBe('claimed');
    const second = b.store.state.claim(id, 0);
    await until(async () => (await rowOf(id))?.['claimed_by'] !== null);
    await a.store.state.complete(id, 0, 'processed');
    expect(await second).toBe('processed');
    expect(await b.store.state.statusOf(id)).toBe('processed');
  });

  it('of a released event are granted to the one that waited', async () => {
    const id = randomUUID();
    await a.store.state.claim(id, 0);
    const second = b.store.state.claim(id, 0);
    await a.store.state.release(id);
    expect(await second).toBe('claimed');
  });

  it('of an instance that died are void at once, not after their time', async () => {
    const id = randomUUID();
    // What a killed process leaves behind: a claim of a few seconds ago, and nobody at the other end.
    await database.query(
      `INSERT INTO pathway_state (event_id, processed, status, claimed_by, claimed_until, expires_at)
       VALUES ($1, false, 'claimed', 'killed', now() + interval '55 seconds', now() + interval '1 hour')`,
      [id],
    );
    expect(await b.store.state.claim(id, 0)).toBe('claimed');
    await b.store.state.release(id);
    await database.query(
      `INSERT INTO pathway_state (event_id, processed, status, claimed_by, claimed_until, expires_at)
       VALUES ($1, false, 'claimed', 'killed too', now() + interval '55 seconds', now() + interval '1 hour')`,
      [id],
    );
    const transaction = { eventId: id, generation: 0, purpose: 'delivery' } as const;
    expect(await b.store.transactions.run(transaction, async () => {})).toBe('claimed');
  });

  it('of a thousand events at once, by both, leave none claimed twice and none unclaimed', async () => {
    const ids = Array.from({ length: 1_000 }, () => randomUUID());
    const claims = (store: OpenStore) =>
      Promise.all(
        ids.map(async (id): Promise<EventClaim> => {
          const claim = await store.store.state.claim(id, 0);
          if (claim === 'claimed') await store.store.state.complete(id, 0, 'processed');
          return claim;
        }),
      );
    const [first, second] = await Promise.all([claims(a), claims(b)]);
    for (const [at] of ids.entries())
      expect([first[at], second[at]].sort()).toEqual(['claimed', 'processed']);
  });

  it('of what the other instance marks at the same moment do not wait for each other', async () => {
    const size = 200;
    const ids = () => Array.from({ length: size }, () => randomUUID());
    const claimAll = (store: OpenStore, wanted: readonly string[]) =>
      Promise.all(wanted.map((id) => store.store.state.claim(id, 0)));
    const markAll = (store: OpenStore, held: readonly string[]) =>
      Promise.all(held.map((id) => store.store.state.complete(id, 0, 'processed')));
    for (let round = 0; round < 20; round++) {
      const [ofA, ofB] = [ids(), ids()];
      await Promise.all([claimAll(a, ofA), claimAll(b, ofB)]);
      const marked = [markAll(a, ofA), markAll(b, ofB)];
      const answers = await Promise.all([claimAll(a, ofB), claimAll(b, ofA)]);
      await Promise.all(marked);
      expect(answers.flat()).toEqual(Array.from({ length: 2 * size }, () => 'processed'));
    }
    await Promise.all([a.close(), b.close()]);
    // Sessions hand in what they have counted when they end.
    await until(async () => (await sessions()) === 0);
    const [row] = await database.query(
      'SELECT deadlocks::int FROM pg_stat_database WHERE datname = current_database()',
    );
    expect(row).toEqual({ deadlocks: 0 });
    [a, b] = await Promise.all([openStore(database.url), openStore(database.url)]);
  });

  it('of which one is caught in a deadlock with a foreign transaction are granted after it', async () => {
    const ids = [randomUUID(), randomUUID()].sort() as [string, string];
    await database.query(
      'INSERT INTO pathway_state (event_id, processed, expires_at) SELECT id, true, now() + $2::interval FROM unnest($1::text[]) AS u(id)',
      [ids, '1 hour'],
    );
    const touch = `UPDATE pathway_state SET processed = true WHERE event_id = $1`;
    const foreign = new Client({ connectionString: database.url });
    await foreign.connect();
    try {
      // It never gives way, however late its second step comes.
      await foreign.query(`SET deadlock_timeout = '1h'`);
      await foreign.query('BEGIN');
      await foreign.query(touch, [ids[1]]);
      const claims = Promise.all(ids.map((id) => a.store.state.claim(id, 1)));
      // Of this database alone: specs that run beside this one wait for locks too.
      const waiting = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
      await until(async () => (await database.query(waiting)).length > 0);
      // Now each waits for the other, and the claims find out.
      await foreign.query(touch, [ids[0]]);
      await foreign.query('COMMIT');
      expect(await claims).toEqual(['claimed', 'claimed']);
    } finally {
      await foreign.end();
    }
  });

  it('whose release failed hold up no later delivery of their own instance', async () => {
    const id = randomUUID();
    await a.store.state.claim(id, 0);
    await a.store.state.complete(id, 0, 'processed');
    expect(await a.store.state.claim(id, 1)).toBe('claimed');
    await database.query('ALTER TABLE pathway_state RENAME TO gone');
    await expect(Promise.resolve(a.store.state.release(id))).rejects.toThrow();
    await database.query('ALTER TABLE gone RENAME TO pathway_state');
    expect(await a.store.state.claim(id, 0)).toBe('processed');
    const attempt = { eventId: id, generation: 0, purpose: 'delivery' } as const;
    expect(await a.store.transactions.run(attempt, async () => {})).toBe('processed');
    expect(await a.store.state.claim(id, 1)).toBe('claimed');
    await a.store.state.release(id);
  });

  it('in a newer generation are granted over a mark, and a claim given up restores it', async () => {
    const id = randomUUID();
    await a.store.state.claim(id, 0);
    await a.store.state.complete(id, 0, 'dead-lettered');
    expect(await b.store.state.claim(id, 0)).toBe('dead-lettered');
    expect(await b.store.state.claim(id, 1)).toBe('claimed');
    await b.store.state.release(id);
    expect(await a.store.state.claim(id, 0)).toBe('dead-lettered');
    expect(await a.store.state.claim(id, 0, 'replay')).toBe('claimed');
  });
});

describe('a transaction', () => {
  const claim = (eventId: string, generation = 0) => ({ eventId, generation, purpose: 'delivery' as const });

  it('that replays a letter of an older generation leaves the mark in the newer one', async () => {
    const id = randomUUID();
    await a.store.state.claim(id, 2);
    await a.store.state.complete(id, 2, 'dead-lettered');
    await a.store.state.flush?.();
    expect(await b.store.transactions.run({ ...claim(id, 1), purpose: 'replay' }, async () => {})).toBe(
      'claimed',
    );
    // As outside of transactions.
    expect(await a.store.state.claim(id, 2)).toBe('dead-lettered');
    const again = { ...claim(id, 2), purpose: 'replay' } as const;
    expect(await b.store.transactions.run(again, async () => {})).toBe('claimed');
    expect(await a.store.state.claim(id, 2)).toBe('processed');
  });

  it('that is rolled back leaves neither mark nor effect; one that commits leaves both', async () => {
    await database.query('CREATE TABLE IF NOT EXISTS effects (id TEXT PRIMARY KEY)');
    const id = randomUUID();
    const manager = (transaction: unknown) =>
      transaction as { query(sql: string, p: unknown[]): Promise<unknown> };
    const broken = new Error('broken');
    await expect(
      a.store.transactions.run(claim(id), async (transaction) => {
        await manager(transaction).query('INSERT INTO effects VALUES ($1)', [id]);
        throw broken;
      }),
    ).rejects.toBe(broken);
    expect(await rowOf(id)).toBeUndefined();
    expect(await database.query('SELECT * FROM effects')).toEqual([]);
    const result = await a.store.transactions.run(claim(id), async (transaction) => {
      await manager(transaction).query('INSERT INTO effects VALUES ($1)', [id]);
    });
    expect(result).toBe('claimed');
    expect(await rowOf(id)).toMatchObject({ processed: true, status: 'processed' });
    expect(await database.query('SELECT * FROM effects')).toEqual([{ id }]);
    expect(await b.store.transactions.run(claim(id), () => Promise.reject(new Error('twice')))).toBe(
      'processed',
    );
  });

  it('makes the same event on another instance wait for its end, and never run beside it', async () => {
    const id = randomUUID();
    let finish = () => {};
    const gate = new Promise<void>((resolve) => (finish = resolve));
    let running = 0;
    const first = a.store.transactions.run(claim(id), async () => {
      running++;
      await gate;
    });
    await until(() => running === 1);
    const second = b.store.transactions.run(claim(id), () => Promise.reject(new Error('ran beside it')));
    await until(async () => (await database.query(`SELECT 1 FROM pg_locks WHERE NOT granted`)).length > 0);
    finish();
    expect([await first, await second]).toEqual(['claimed', 'processed']);
  });

  it('whose connection is cut is lost, not failed, and runs again', async () => {
    const id = randomUUID();
    const cut = a.store.transactions.run(claim(id), async (transaction) => {
      const manager = transaction as { query(sql: string): Promise<{ pid: number }[]> };
      const [row] = await manager.query('SELECT pg_backend_pid() AS pid');
      await database.query('SELECT pg_terminate_backend($1)', [row?.pid]);
      await manager.query('SELECT 1');
    });
    await expect(cut).rejects.toMatchObject({ code: 'PATHWAYS_TRANSACTION_LOST' });
    expect(await a.store.transactions.run(claim(id), async () => {})).toBe('claimed');
  });
});

describe('a transaction that cannot commit', () => {
  it('because of what its handler did is reported with its reason, not as lost', async () => {
    await database.query('CREATE TABLE parent (id INT PRIMARY KEY)');
    await database.query('CREATE TABLE child (parent INT REFERENCES parent DEFERRABLE INITIALLY DEFERRED)');
    const claim = { eventId: randomUUID(), generation: 0, purpose: 'delivery' } as const;
    const run = a.store.transactions.run(claim, async (transaction) => {
      await (transaction as { query(sql: string): Promise<unknown> }).query('INSERT INTO child VALUES (1)');
    });
    await expect(run).rejects.toMatchObject({ code: '23503' });
    expect(await rowOf(claim.eventId)).toBeUndefined();
  });
});

describe('a write that waits', () => {
  it('on one instance learns at once of an end on the other, whichever comes first', async () => {
    const [early, late] = [randomUUID(), randomUUID()];
    // An end may be told more than once: an instance that begins to listen asks the others what they wait for.
    const knows = (id: string) => a.ended.some(([eventId]) => eventId === id);
    b.store.signals.ended(early, 'processed');
    a.store.signals.waitFor([early, late]);
    await until(() => knows(early));
    b.store.signals.ended(late, 'dead-lettered');
    await until(() => knows(late));
    expect(new Map(a.ended)).toEqual(
      new Map([
        [early, 'processed'],
        [late, 'dead-lettered'],
      ]),
    );
  });
});
