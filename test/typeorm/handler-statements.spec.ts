import { randomUUID } from 'node:crypto';
import type { EntityManager } from 'typeorm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { usePostgres } from '../support/postgres.js';
import { until } from '../support/until.js';
import { openStore, type OpenStore } from './support/open-store.js';

const database = usePostgres();
let app: OpenStore;

beforeEach(async () => {
  app = await openStore(database.url, { poolSize: 4 });
  await database.query('CREATE TABLE IF NOT EXISTS effects (id TEXT PRIMARY KEY)');
  await database.query('TRUNCATE effects');
});
afterEach(() => app.close());

const insert = (manager: EntityManager, id: string) => manager.query('INSERT INTO effects VALUES ($1)', [id]);
const effects = () => database.query('SELECT id FROM effects ORDER BY id');
const isMarked = async (id: string) =>
  (await database.query('SELECT 1 FROM pathway_state WHERE event_id = $1', [id])).length > 0;

function run(id: string, handler: (manager: EntityManager) => Promise<unknown>) {
  const claim = { eventId: id, generation: 0, purpose: 'delivery' as const };
  return app.store.transactions.run(claim, async (transaction) => {
    await handler(transaction as EntityManager);
  });
}

/** Sessions that hold a transaction nobody works in. */
const leftOpen = () =>
  database.query(
    `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'`,
  );

describe('a handler', () => {
  it('that catches the error of a failed statement is not finished: Postgres would roll its event back in silence', async () => {
    const id = randomUUID();
    await database.query(`INSERT INTO effects VALUES ('taken')`);
    const handler = async (manager: EntityManager) => {
      await insert(manager, id);
      await insert(manager, 'taken').catch(() => {});
    };
    await expect(run(id, handler)).rejects.toMatchObject({ code: 'PATHWAYS_TRANSACTION_ABORTED' });
    expect(await effects()).toEqual([{ id: 'taken' }]);
    expect(await isMarked(id)).toBe(false);
  });

  it('that keeps a statement that may fail in a transaction of its own goes on after it', async () => {
    const id = randomUUID();
    await database.query(`INSERT INTO effects VALUES ('taken')`);
    await run(id, async (manager) => {
      await manager.transaction((inner) => insert(inner, 'taken')).catch(() => {});
      await insert(manager, id);
    });
    expect(await effects()).toEqual([{ id }, { id: 'taken' }].sort((a, b) => (a.id < b.id ? -1 : 1)));
    expect(await isMarked(id)).toBe(true);
  });

  it('that fails while another branch of it goes on leaves no effect of that branch', async () => {
    const id = randomUUID();
    let branch: Promise<unknown> = Promise.resolve();
    const handler = async (manager: EntityManager) => {
      const slow = async () => {
        await manager.query('SELECT pg_sleep(0.1)');
        await insert(manager, id);
      };
      branch = slow().catch((error: unknown) => error);
      throw new RangeError('the other branch');
    };
    await expect(run(id, handler)).rejects.toThrow('the other branch');
    expect(await branch).toMatchObject({ code: 'PATHWAYS_TRANSACTION_OVER' });
    expect(await effects()).toEqual([]);
    expect(await isMarked(id)).toBe(false);
  });

  it('that fails inside of its own nested transaction leaves none open on the connection', async () => {
    const id = randomUUID();
    let branch: Promise<unknown> = Promise.resolve();
    const handler = async (manager: EntityManager) => {
      let isInside = false;
      branch = manager
        .transaction(async (inner) => {
          await insert(inner, id);
          isInside = true;
          await inner.query('SELECT pg_sleep(0.1)');
        })
        .catch(() => {});
      await until(() => isInside);
      throw new RangeError('given up');
    };
    await expect(run(id, handler)).rejects.toThrow('given up');
    await branch;
    expect(await leftOpen()).toEqual([]);
    const later = Array.from({ length: 8 }, () => randomUUID());
    await Promise.all(later.map((each) => run(each, (manager) => insert(manager, each))));
    expect(await effects()).toEqual(later.sort().map((each) => ({ id: each })));
    expect(await isMarked(id)).toBe(false);
  });

  it('that does not await its nested transaction fails instead of being half committed', async () => {
    const id = randomUUID();
    let isInside = false;
    let branch: Promise<unknown> = Promise.resolve();
    const handler = async (manager: EntityManager) => {
      branch = manager
        .transaction(async (inner) => {
          await insert(inner, id);
          isInside = true;
          await inner.query('SELECT pg_sleep(0.1)');
        })
        .catch(() => {});
      await until(() => isInside);
    };
    await expect(run(id, handler)).rejects.toMatchObject({ code: 'PATHWAYS_TRANSACTION_ABORTED' });
    await branch;
    expect(await leftOpen()).toEqual([]);
    expect(await effects()).toEqual([]);
    expect(await isMarked(id)).toBe(false);
  });
});
