import { Client } from 'pg';
import { afterEach, describe, expect, it } from 'vitest';
import { type OwnPostgres, startOwnPostgres, usePostgres } from './postgres.js';

describe('usePostgres', () => {
  const first = usePostgres();
  const second = usePostgres();
  const whileCollecting = errorOf(() => first.url);

  it('says that the database is not there before the hooks ran', () => {
    expect(whileCollecting).toContain('beforeAll');
    expect(first.url).toContain(first.name);
  });

  it('gives every caller a database of its own on one server', async () => {
    await first.query('CREATE TABLE mine (n int)');
    await first.query('INSERT INTO mine VALUES ($1)', [7]);
    expect(await first.query('SELECT n FROM mine')).toEqual([{ n: 7 }]);
    await expect(second.query('SELECT n FROM mine')).rejects.toThrow('does not exist');
    expect(new URL(first.url).port).toBe(new URL(second.url).port);
    expect(await first.query('SELECT current_database() AS name')).toEqual([{ name: first.name }]);
  });

  let dropped = '';
  describe('in a block', () => {
    const inner = usePostgres();
    it('exists', async () => {
      dropped = inner.name;
      expect(await databaseNames()).toContain(dropped);
      // Left open on purpose: forgetting it must not keep the database.
      const forgotten = new Client(inner.url);
      forgotten.on('error', () => undefined);
      await forgotten.connect();
    });
  });
  it('drops the database after the block, although a connection is open', async () => {
    expect(dropped).not.toBe('');
    expect(await databaseNames()).not.toContain(dropped);
  });

  async function databaseNames(): Promise<string[]> {
    return (await first.query<{ datname: string }>('SELECT datname FROM pg_database')).map(
      ({ datname }) => datname,
    );
  }
});

function errorOf(read: () => unknown): string {
  try {
    return String(read());
  } catch (error) {
    return (error as Error).message;
  }
}

describe('startOwnPostgres', () => {
  let own: OwnPostgres;
  afterEach(() => own.remove());

  it('keeps committed data and its address over a stop, a crash and a cut', async () => {
    own = await startOwnPostgres();
    const { url, pid } = own;
    await own.query('CREATE TABLE kept (n int)');
    await own.query('INSERT INTO kept VALUES (1)');

    await own.stop();
    await expect(own.query('SELECT 1')).rejects.toThrow('ECONNREFUSED');
    await own.start();
    expect(own.url).toBe(url);
    expect(own.pid).not.toBe(pid);
    await own.query('INSERT INTO kept VALUES (2)');

    await own.crash();
    await expect(own.query('SELECT 1')).rejects.toThrow('ECONNREFUSED');
    await own.start();
    await own.query('INSERT INTO kept VALUES (3)');

    const client = new Client(own.url);
    // More than one may come: the server's farewell, then the closed socket.
    const cut = new Promise((resolve) => client.on('error', resolve));
    await client.connect();
    expect(await own.cutConnections()).toBe(1);
    await cut;
    expect(await own.query('SELECT n FROM kept ORDER BY n')).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }]);
  });
});
