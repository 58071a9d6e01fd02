import { createHash } from 'node:crypto';
import type { Database } from '../database.js';

/** First half of the advisory locks' key: ours among those of other users of the database. */
const LOCK_CLASS = 0x70617468;

/** The same for the locks that say whose transaction it is. */
const TRANSACTION_LOCK_CLASS = 0x70617478;

/**
 * Whether another instance is still there, and which sessions are its own. Every instance holds an advisory lock on its
 * own connection, which Postgres gives up the moment the process dies: a crashed instance's claims need not wait for their
 * time to run out. Each of its transactions holds another: a process that is frozen, or whose machine has vanished, keeps
 * its transactions open, and the events in them would be held for hours.
 */
export class InstanceLiveness {
  constructor(private readonly database: Database) {}

  async isGone(instanceId: string): Promise<boolean> {
    const [row] = await this.database.query<{ alive: boolean }>(
      `SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted AND objsubid = 2
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND classid::bigint = $1 AND objid::bigint = $2) AS alive`,
      [LOCK_CLASS, lockObjectOf(instanceId) >>> 0],
    );
    return row?.alive === false;
  }

  /**
   * Ends the transactions of an instance that have not been heard of since. It may be alive: what it did in them is rolled
   * back, and it is told that its connection is lost.
   *
   * @param silentSince as Postgres writes times.
   */
  async endTransactions(instanceId: string, silentSince: string): Promise<void> {
    await this.database.query(
      `SELECT pg_terminate_backend(l.pid) FROM pg_locks AS l JOIN pg_stat_activity AS a ON a.pid = l.pid
WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 2
  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
  AND l.classid::bigint = $1 AND l.objid::bigint = $2 AND a.state_change < $3::timestamptz`,
      [TRANSACTION_LOCK_CLASS, lockObjectOf(instanceId) >>> 0, silentSince],
    );
  }
}

/** An expression by which a transaction says whose it is, until it ends. */
export function transactionLock(instanceId: string): string {
  return `pg_advisory_xact_lock_shared(${TRANSACTION_LOCK_CLASS}, ${lockObjectOf(instanceId)})`;
}

/** The statement by which an instance says that it is there, on a connection it keeps. */
export function livenessLock(instanceId: string): { readonly sql: string; readonly parameters: number[] } {
  return {
    sql: 'SELECT pg_try_advisory_lock($1::int, $2::int)',
    parameters: [LOCK_CLASS, lockObjectOf(instanceId)],
  };
}

/** A signed 32-bit number, as Postgres wants it. */
function lockObjectOf(instanceId: string): number {
  return createHash('sha256').update(instanceId).digest().readInt32BE(0);
}
