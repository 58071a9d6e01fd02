import { randomUUID } from 'node:crypto';
import type { EntityManager } from 'typeorm';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { usePostgres } from '../support/postgres.js';
import { openStore, type OpenStore } from './support/open-store.js';

const database = usePostgres();
let store: OpenStore;

beforeAll(async () => {
  store = await openStore(database.url, { poolSize: 2 });
  await database.query('CREATE TABLE effect (name TEXT NOT NULL)');
});
afterAll(() => store.close());

const run = (eventId: string, work: (manager: EntityManager) => Promise<unknown>) =>
  store.store.transactions.run({ eventId, generation: 0, purpose: 'delivery' }, async (transaction) => {
    await work(transaction as EntityManager);
  });
const names = async () =>
  (await database.query('SELECT name FROM effect ORDER BY name')).map(({ name }) => name);
const insert = (manager: EntityManager, name: string) =>
  manager.query('INSERT INTO effect (name) VALUES ($1)', [name]);

describe('a transaction that begins with its claim', () => {
  it('keeps nested transactions as savepoints', async () => {
    const id = randomUUID();
    const lost = new Error('lost');
    await run(id, async (manager) => {
      await insert(manager, 'outer');
      await manager.transaction((nested) => insert(nested, 'nested'));
      const failing = manager.transaction(async (nested) => {
        await insert(nested, 'undone');
        throw lost;
      });
      await expect(failing).rejects.toBe(lost);
      // A nested COMMIT would be a real one, seen from outside before the end.
      expect(await names()).toEqual([]);
    });
    expect(await names()).toEqual(['nested', 'outer']);
    expect(await database.query('SELECT status FROM pathway_state WHERE event_id = $1', [id])).toEqual([
      { status: 'processed' },
    ]);
  });

  it('takes an id that would be more than an id in the message, as the value it is', async () => {
    const id = `x', true, 'processed', 0, now()); DROP TABLE effect; --`;
    await run(id, async () => {});
    expect(await database.query('SELECT 1 FROM pathway_state WHERE event_id = $1', [id])).toHaveLength(1);
    expect(await database.query(`SELECT to_regclass('effect') IS NOT NULL AS stays`)).toEqual([
      { stays: true },
    ]);
  });

  it('that could not be claimed leaves no connection with a broken transaction behind', async () => {
    await database.query('ALTER TABLE pathway_state RENAME TO elsewhere');
    const failing = Array.from({ length: 4 }, () => run(randomUUID(), async () => {}));
    for (const result of await Promise.allSettled(failing)) {
      expect(result).toMatchObject({ status: 'rejected', reason: { code: 'PATHWAYS_TRANSACTION_LOST' } });
    }
    await database.query('ALTER TABLE elsewhere RENAME TO pathway_state');
    const again = Array.from({ length: 4 }, () => run(randomUUID(), (manager) => manager.query('SELECT 1')));
    expect(await Promise.all(again)).toEqual(Array.from({ length: 4 }, () => 'claimed'));
    const open = await database.query(
      `SELECT state FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'`,
    );
    expect(open).toEqual([]);
  });
});
