import type { Pool, PoolClient } from 'pg';

/** Of all stores: several may share a DataSource. */
const guarded = new WeakSet<PoolClient>();

/**
 * Keeps a cut connection from ending the process: between the pool, which stops listening when it hands a client out, and
 * TypeORM, which begins later, nobody hears a client's `error` event, and Node takes that for a crash. Whoever uses the
 * client learns of the break from his statement.
 *
 * @returns a function that ends the guard for connections to come.
 */
export function guardPool(pool: Pool): () => void {
  const guard = (client: PoolClient) => {
    if (guarded.has(client)) return;
    guarded.add(client);
    client.on('error', () => {});
  };
  pool.on('connect', guard);
  // Clients that were there before.
  pool.on('acquire', guard);
  return () => {
    pool.removeListener('connect', guard);
    pool.removeListener('acquire', guard);
  };
}
