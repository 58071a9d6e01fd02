import { randomUUID } from 'node:crypto';
import { setImmediate as turn } from 'node:timers/promises';
import { Client } from 'pg';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { usePostgres } from '../support/postgres.js';
import { until } from '../support/until.js';
import { openStore, type OpenStore } from './support/open-store.js';

const database = usePostgres();
let a: OpenStore;

beforeEach(async () => {
  a = await openStore(database.url);
});
afterEach(() => a.close());

const statusOf = async (eventId: string) =>
  (await database.query('SELECT status FROM pathway_state WHERE event_id = $1', [eventId]))[0]?.['status'];

describe('a mark', () => {
  it('that is made while a statement is under way is written without anything else happening', async () => {
    const [first, second] = [randomUUID(), randomUUID()];
    await a.store.state.claim(first, 0);
    const claim = a.store.state.claim(second, 0);
    // The claim has left by now; what is marked from here on needs a statement of its own.
    await turn();
    await turn();
    await a.store.state.complete(first, 0, 'processed');
    await claim;
    // Another instance that waits for the event looks at nothing but this row.
    await until(async () => (await statusOf(first)) === 'processed');
  });

  it('that travels with a claim which has to wait for a lock is written before a cursor relies on it', async () => {
    const [marked, locked] = [randomUUID(), randomUUID()];
    await a.store.state.claim(marked, 0);
    const other = new Client({ connectionString: database.url });
    await other.connect();
    try {
      await other.query('BEGIN');
      await other.query(
        `INSERT INTO pathway_state (event_id, processed, status, expires_at) VALUES ($1, true, 'processed', now())`,
        [locked],
      );
      const claim = a.store.state.claim(locked, 0);
      await a.store.state.complete(marked, 0, 'processed');
      const pump = { tenant: 'acme', dataCore: 'shop', flowType: 'a.0', pumpGroup: 'default' };
      await a.store.cursors.save(pump, { timeBucket: '20260501100000', eventId: marked }, 0);
      expect(await statusOf(marked)).toBe('processed');
      await other.query('COMMIT');
      expect(await claim).toBe('processed');
    } finally {
      await other.end();
    }
  });
});
