import { errorFields } from '../../event/logger.interface.js';
import type { Lease, LeaseStore } from '../../state/lease-store.interface.js';
import type { Database } from '../database.js';
import type { InstanceLiveness } from './instance-liveness.js';

/** Whose leases these are: two data cores in one database may have pumps of the same name. */
export interface LeaseScope {
  readonly tenant: string;
  readonly dataCore: string;
}

/** What the store works with. */
export interface TypeOrmLeaseStoreOptions {
  readonly database: Database;
  readonly liveness: InstanceLiveness;
  /** Of this process; another one's lease is only taken over when it has run out. */
  readonly instanceId: string;
  /** Asked at every use: it is known from the start of the application on. */
  readonly scope: () => LeaseScope;
  /** A notification for every other instance: the row's lease is free. */
  readonly announcement: (rowKey: string) => { readonly channel: string; readonly payload: string };
  onAnnounced(wake: (rowKey: string) => void): () => void;
  /** A notification for every other instance: this one wants the row's lease. */
  readonly request: (rowKey: string) => { readonly channel: string; readonly payload: string };
  onRequested(give: (rowKey: string) => void): () => void;
}

interface GrantedRow {
  readonly token: string | number | bigint;
  /** Who had it before, and when it ran out. */
  readonly predecessor: string | null;
  readonly lapsed_at: string | null;
}

/**
 * Leases in `pathway_leases`, granted and ended by the clock of the database alone: the clocks of instances differ. The
 * table is shared with the reference, whose one key is `pathway-cluster-leader`; every key of ours names its data core.
 */
export class TypeOrmLeaseStore implements LeaseStore {
  constructor(private readonly options: TypeOrmLeaseStoreOptions) {}

  async acquire(key: string, ttlMs: number): Promise<Lease | undefined> {
    // A key's first token is the time: were the table emptied, counting from 1 again would be refused by every cursor.
    const [granted] = await this.query<GrantedRow>(
      `WITH before AS (SELECT instance_id, expires_at FROM ${this.table} WHERE key = $1)
       INSERT INTO ${this.table} AS l (key, instance_id, expires_at, token)
       VALUES ($1, $2, now() + $3 * interval '1 millisecond', floor(extract(epoch FROM now()) * 1000))
       ON CONFLICT (key) DO UPDATE SET
         instance_id = excluded.instance_id, expires_at = excluded.expires_at, token = l.token + 1
       WHERE l.expires_at <= now() OR l.instance_id = excluded.instance_id
       RETURNING l.token, (SELECT instance_id FROM before) AS predecessor,
         (SELECT expires_at::text FROM before WHERE expires_at > 'epoch') AS lapsed_at`,
      [this.rowKeyOf(key), this.options.instanceId, ttlMs],
    );
    if (!granted) return undefined;
    await this.succeed(granted);
    return { key, token: Number(granted.token) };
  }

  /** A lease that ran out is lost, also when nobody took it: somebody may have had it and ended meanwhile. */
  async renew({ key, token }: Lease, ttlMs: number): Promise<boolean> {
    const renewed = await this.query(
      `UPDATE ${this.table} SET expires_at = now() + $4 * interval '1 millisecond'
       WHERE key = $1 AND instance_id = $2 AND token = $3 AND expires_at > now()
       RETURNING key`,
      [this.rowKeyOf(key), this.options.instanceId, token, ttlMs],
    );
    return renewed.length > 0;
  }

  /** The row stays, or the next grant would begin below the tokens that cursors have seen. */
  async release({ key, token }: Lease): Promise<void> {
    const rowKey = this.rowKeyOf(key);
    const { channel, payload } = this.options.announcement(rowKey);
    await this.query(
      `WITH freed AS (
         UPDATE ${this.table} SET expires_at = 'epoch' WHERE key = $1 AND instance_id = $2 AND token = $3 RETURNING key
       )
       SELECT pg_notify($4, $5)::text FROM freed`,
      [rowKey, this.options.instanceId, token, channel, payload],
    );
  }

  onReleased(wake: (key: string) => void): () => void {
    return this.options.onAnnounced(this.inScope(wake));
  }

  async ask(key: string): Promise<void> {
    const { channel, payload } = this.options.request(this.rowKeyOf(key));
    await this.query('SELECT pg_notify($1, $2)', [channel, payload]);
  }

  onAsked(give: (key: string) => void): () => void {
    return this.options.onRequested(this.inScope(give));
  }

  private inScope(tell: (key: string) => void): (rowKey: string) => void {
    return (rowKey) => {
      const scope = this.rowKeyOf('');
      if (rowKey.startsWith(scope)) tell(rowKey.slice(scope.length));
    };
  }

  /** Whoever let a lease run out may be frozen inside of a transaction: what is in it must be free for its successor. */
  private async succeed({ predecessor, lapsed_at: lapsedAt }: GrantedRow): Promise<void> {
    const { database, instanceId, liveness } = this.options;
    if (predecessor === null || predecessor === instanceId || lapsedAt === null) return;
    try {
      await liveness.endTransactions(predecessor, lapsedAt);
    } catch (error) {
      database.logger.warn(
        'The transactions of the instance that had this lease before could not be ended: events in them wait for it',
        errorFields(error),
      );
    }
  }

  private rowKeyOf(key: string): string {
    const { tenant, dataCore } = this.options.scope();
    return `${tenant}/${dataCore}/${key}`;
  }

  private query<T>(sql: string, parameters: readonly unknown[]): Promise<T[]> {
    return this.options.database.query<T>(sql, parameters);
  }

  private get table(): string {
    return this.options.database.tables.sql('leases');
  }
}
