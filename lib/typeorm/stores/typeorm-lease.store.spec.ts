import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { useDataSources } from '../../../test/support/data-source.js';
import { usePostgres } from '../../../test/support/postgres.js';
import type { Lease } from '../../state/lease-store.interface.js';
import type { Database } from '../database.js';
import { SchemaMigrator } from '../schema/schema.migrator.js';
import { InstanceLiveness } from './instance-liveness.js';
import { TypeOrmLeaseStore } from './typeorm-lease.store.js';

const postgres = usePostgres();
const { database } = useDataSources(postgres);
const KEY = 'order.0::default';
const TTL = 30_000;

let shared: Database;
const instance = (id: string, scope = { tenant: 'acme', dataCore: 'shop' }) =>
  new TypeOrmLeaseStore({
    database: shared,
    liveness: new InstanceLiveness(shared),
    instanceId: id,
    scope: () => scope,
    announcement: (payload) => ({ channel: 'spec', payload }),
    onAnnounced: () => () => {},
    request: (payload) => ({ channel: 'spec', payload }),
    onRequested: () => () => {},
  });
/** The database's clock cannot be set; the end of every lease can. */
const runOut = () =>
  postgres.query(`UPDATE pathway_leases SET expires_at = now() - interval '1 millisecond'`);

/** A first token is the time in milliseconds, and one of them may hold the whole test. */
async function untilDatabaseIsPast(unixMs: number): Promise<void> {
  const ask = () =>
    postgres.query('SELECT extract(epoch FROM now()) * 1000 >= $1::bigint + 1 AS past', [unixMs]);
  while (!(await ask())[0]?.past);
}

async function granted(lease: Promise<Lease | undefined>): Promise<Lease> {
  const given = await lease;
  if (!given) throw new Error('The lease was not granted');
  return given;
}

beforeAll(async () => {
  shared = await database();
  await new SchemaMigrator(shared).migrate();
});
beforeEach(() => postgres.query('TRUNCATE pathway_leases'));

describe('acquire', () => {
  it('one of ten instances gets a free lease', async () => {
    const leases = await Promise.all(
      Array.from({ length: 10 }, (_, n) => instance(`instance-${n}`).acquire(KEY, TTL)),
    );
    expect(leases.filter(Boolean)).toHaveLength(1);
  });

  it('one of ten instances gets a lease that ran out', async () => {
    const first = await granted(instance('dead').acquire(KEY, TTL));
    await runOut();
    const leases = await Promise.all(
      Array.from({ length: 10 }, (_, n) => instance(`instance-${n}`).acquire(KEY, TTL)),
    );
    expect(leases.filter(Boolean)).toEqual([{ key: KEY, token: first.token + 1 }]);
  });

  it('the holder may ask again, and what it held before is over', async () => {
    const [a, b] = [instance('a'), instance('b')];
    const first = await granted(a.acquire(KEY, TTL));
    const second = await granted(a.acquire(KEY, TTL));
    expect(second.token).toBe(first.token + 1);
    expect(await a.renew(first, TTL)).toBe(false);
    expect(await b.acquire(KEY, TTL)).toBeUndefined();
  });

  it('keys are leases of their own, and so are data cores', async () => {
    const holder = instance('a');
    expect(await holder.acquire(KEY, TTL)).toBeDefined();
    expect(await instance('b').acquire('order.0::hot', TTL)).toBeDefined();
    expect(await instance('b', { tenant: 'acme', dataCore: 'other' }).acquire(KEY, TTL)).toBeDefined();
    expect(await instance('b').acquire(KEY, TTL)).toBeUndefined();
  });

  it('lasts for the time asked, by the clock of the database', async () => {
    await instance('a').acquire(KEY, TTL);
    const [row] = await postgres.query(
      `SELECT expires_at BETWEEN now() + interval '20 seconds' AND now() + interval '30 seconds' AS lasts FROM pathway_leases`,
    );
    expect(row).toEqual({ lasts: true });
  });

  it('tokens go on growing when the table was emptied', async () => {
    const holder = instance('a');
    const before = await granted(holder.acquire(KEY, TTL));
    await postgres.query('TRUNCATE pathway_leases');
    await untilDatabaseIsPast(before.token);
    expect((await granted(holder.acquire(KEY, TTL))).token).toBeGreaterThan(before.token);
  });

  it('leaves the lease of the reference client alone', async () => {
    await postgres.query(
      `INSERT INTO pathway_leases (key, instance_id, expires_at) VALUES ('pathway-cluster-leader', 'theirs', now() + interval '1 hour')`,
    );
    expect(await instance('a').acquire(KEY, TTL)).toBeDefined();
    const [row] = await postgres.query(
      `SELECT instance_id, token FROM pathway_leases WHERE key = 'pathway-cluster-leader'`,
    );
    expect(row).toEqual({ instance_id: 'theirs', token: '0' });
  });
});

describe('renew', () => {
  it('keeps a lease that would have run out', async () => {
    const holder = instance('a');
    const lease = await granted(holder.acquire(KEY, 1_000));
    expect(await holder.renew(lease, TTL)).toBe(true);
    const [row] = await postgres.query(
      `SELECT expires_at > now() + interval '10 seconds' AS kept FROM pathway_leases`,
    );
    expect(row).toEqual({ kept: true });
  });

  it('refuses a lease that ran out, also when nobody took it', async () => {
    const holder = instance('a');
    const lease = await granted(holder.acquire(KEY, TTL));
    await runOut();
    expect(await holder.renew(lease, TTL)).toBe(false);
  });

  it('refuses a lease that another instance has taken', async () => {
    const holder = instance('a');
    const lease = await granted(holder.acquire(KEY, TTL));
    await runOut();
    const successor = await granted(instance('b').acquire(KEY, TTL));
    expect(await holder.renew(lease, TTL)).toBe(false);
    expect(await holder.renew(successor, TTL)).toBe(false);
    expect(await instance('b').renew(successor, TTL)).toBe(true);
  });
});

describe('release', () => {
  it('lets the next instance in at once, with a greater token', async () => {
    const lease = await granted(instance('a').acquire(KEY, TTL));
    await instance('a').release(lease);
    expect(await instance('b').acquire(KEY, TTL)).toEqual({ key: KEY, token: lease.token + 1 });
  });

  it('does not end the lease of a successor', async () => {
    const lease = await granted(instance('a').acquire(KEY, TTL));
    await runOut();
    await instance('b').acquire(KEY, TTL);
    await instance('a').release(lease);
    expect(await instance('c').acquire(KEY, TTL)).toBeUndefined();
  });
});
