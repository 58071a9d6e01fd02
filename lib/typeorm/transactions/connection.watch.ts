import type { EventEmitter } from 'node:events';
import type { EntityManager } from 'typeorm';
import type { Database, StatementRunner } from '../database.js';

/** What is used of a pg client. */
interface Client extends EventEmitter, StatementRunner {
  readonly processID?: number | null;
}

/** How long a statement that a handler has left behind may hold up its rollback. */
const ROLLBACK_MS = 1_000;

/** Only a statement that runs that long: the connection may have been given to somebody else meanwhile. */
const CANCEL_SQL = `SELECT pg_cancel_backend(pid) FROM pg_stat_activity
WHERE pid = $1 AND query_start < now() - interval '500 milliseconds'`;

/** Knows whether the connection of a transaction is still there, and frees it from statements nobody waits for. */
export class ConnectionWatch {
  isLost = false;
  private timer: NodeJS.Timeout | undefined;
  private readonly lose = () => {
    this.isLost = true;
  };

  private constructor(
    readonly client: Client,
    private readonly database: Database,
  ) {
    client.once('end', this.lose);
    client.once('error', this.lose);
  }

  static async of(manager: EntityManager, database: Database): Promise<ConnectionWatch> {
    return new ConnectionWatch((await manager.queryRunner?.connect()) as Client, database);
  }

  /**
   * A handler that ran out of time may have left a long statement behind, and the rollback waits in line after it, with
   * the event's row locked. Cancelled after a moment.
   */
  rollingBack(): void {
    const { processID } = this.client;
    if (typeof processID !== 'number') return;
    this.timer = setTimeout(() => {
      this.database.query(CANCEL_SQL, [processID]).catch(() => {});
    }, ROLLBACK_MS);
    this.timer.unref();
  }

  stop(): void {
    clearTimeout(this.timer);
    this.client.removeListener('end', this.lose);
    this.client.removeListener('error', this.lose);
  }
}
