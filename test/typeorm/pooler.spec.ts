import { randomUUID } from 'node:crypto';
import type { EntityManager } from 'typeorm';
import { expect, it } from 'vitest';
import { usePostgres } from '../support/postgres.js';
import { openStore } from './support/open-store.js';

const database = usePostgres();

it('a session that has forgotten its prepared statements costs no claim and no mark', async () => {
  const { store, dataSource, logged, close } = await openStore(database.url, { poolSize: 1 });
  const [before, after] = [randomUUID(), randomUUID()];
  await store.state.claim(before, 0);
  // What a transaction pooler does to us: the same connection, another session behind it.
  await dataSource.query('DEALLOCATE ALL');
  await store.state.complete(before, 0, 'processed');
  expect(await store.state.claim(after, 0)).toBe('claimed');
  await store.state.complete(after, 0, 'processed');
  await close();
  const marks = await database.query('SELECT event_id FROM pathway_state WHERE processed');
  expect(marks.map(({ event_id: id }) => String(id)).sort()).toEqual([before, after].sort());
  expect(logged.filter(({ message }) => message.includes('Prepared statements'))).toHaveLength(1);
});

it('a session that has forgotten its prepared statements costs no transaction', async () => {
  const { store, dataSource, logged, close } = await openStore(database.url, { poolSize: 1 });
  await database.query('CREATE TABLE pooled_effect (name TEXT NOT NULL)');
  const run = (name: string) =>
    store.transactions.run(
      { eventId: randomUUID(), generation: 0, purpose: 'delivery' },
      async (transaction) => {
        await (transaction as EntityManager).query('INSERT INTO pooled_effect VALUES ($1)', [name]);
      },
    );
  await run('before');
  await dataSource.query('DEALLOCATE ALL');
  expect(await run('after')).toBe('claimed');
  expect(await run('and again')).toBe('claimed');
  await close();
  expect(await database.query('SELECT name FROM pooled_effect ORDER BY name')).toEqual([
    { name: 'after' },
    { name: 'and again' },
    { name: 'before' },
  ]);
  expect(logged.filter(({ message }) => message.includes('Prepared statements'))).toHaveLength(1);
});
