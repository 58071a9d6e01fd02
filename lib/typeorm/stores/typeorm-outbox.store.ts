import type { EntityManager } from 'typeorm';
import { IdempotencyKeyReusedError } from '../../errors/idempotency-key-reused.error.js';
import { entriesOfBegun } from '../../state/begun-write.util.js';
import type { FencingToken } from '../../state/cursor-store.interface.js';
import type {
  HeldOutboxRow,
  OutboxAddition,
  OutboxEntry,
  OutboxRow,
  OutboxStore,
} from '../../state/outbox-store.interface.js';
import { outboxReferenceOf, type OutboxReference } from '../../state/outbox-reference.js';
import type { WriteIdentity, WriteRequest } from '../../state/write-ledger.interface.js';
import type { Database } from '../database.js';
import { storableText } from './dead-letter.row.js';
import type { LeaseScope } from './typeorm-lease.store.js';
import { rowOf, SELECTED, type OutboxRecord } from './outbox.row.js';
import { claimKeySql, writeKeyOf } from './write-ledger.sql.js';

/** What the store works with. */
export interface TypeOrmOutboxStoreOptions {
  readonly database: Database;
  /** Whose entries these are: two data cores may share a database. Known from the start of the application on. */
  readonly scope: () => LeaseScope;
  readonly idempotencyTtlMs: number;
  /** The transaction an addition belongs to: the given one, or the one open in this chain of calls. */
  transactionFor(given: unknown): EntityManager | undefined;
  /** A notification for every instance, sent with the commit. */
  readonly announcement: () => { readonly channel: string; readonly payload: string };
  onAnnounced(wake: () => void): () => void;
}

/** What is known of a key, once this transaction has it. */
interface ClaimedKey {
  readonly fingerprint: string;
  readonly pathway: string;
  readonly requests: string | null;
  /** Events of the write. */
  readonly count: number;
  readonly ids: string[];
}

/** The lease whose token fences the relay's writes. */
const LEASE_KEY = 'outbox';

/** The outbox in `pathway_outbox`. */
export class TypeOrmOutboxStore implements OutboxStore {
  constructor(private readonly options: TypeOrmOutboxStoreOptions) {}

  async add(
    entries: readonly OutboxEntry[],
    { transaction, once }: OutboxAddition = {},
  ): Promise<readonly OutboxReference[]> {
    const { database } = this.options;
    const manager = this.options.transactionFor(transaction);
    if (!once) {
      return this.insert(entries, (sql, values) =>
        manager ? manager.query(sql, values) : database.query(sql, values),
      );
    }
    if (manager) return this.addOnce(entries, once, manager);
    const acquired = database.waits.acquiring();
    return database.dataSource
      .transaction((own) => {
        acquired?.();
        return this.addOnce(entries, once, own);
      })
      .finally(acquired);
  }

  onAdded(wake: () => void): () => void {
    return this.options.onAnnounced(wake);
  }

  async pending(limit: number, exceptKeys: readonly string[]): Promise<readonly OutboxRow[]> {
    const { tenant, dataCore } = this.options.scope();
    const rows = await this.query<OutboxRecord>(
      `SELECT ${SELECTED} FROM ${this.table} AS o
       WHERE o.tenant = $1 AND o.data_core = $2 AND o.sent_at IS NULL AND o.held_at IS NULL
         AND o.order_key <> ALL($3::text[])
         AND NOT EXISTS (SELECT FROM ${this.table} AS h WHERE h.held_at IS NOT NULL AND h.order_key = o.order_key
           AND h.tenant = o.tenant AND h.data_core = o.data_core AND h.id < o.id)
       ORDER BY o.id LIMIT $4`,
      [tenant, dataCore, exceptKeys, limit],
    );
    return rows.map(rowOf);
  }

  async assign(
    ids: readonly string[],
    idempotencyId: string,
    token: FencingToken,
  ): Promise<readonly string[]> {
    const { database, scope } = this.options;
    const { tenant, dataCore } = scope();
    const rows = await this.query<{ id: string }>(
      `UPDATE ${this.table} SET idempotency_id = $2
       WHERE id = ANY($1::bigint[]) AND idempotency_id IS NULL
         AND NOT EXISTS (SELECT FROM ${database.tables.sql('leases')} WHERE key = $3 AND token > $4)
       RETURNING id::text AS id`,
      [ids, idempotencyId, `${tenant}/${dataCore}/${LEASE_KEY}`, token],
    );
    return rows.map(({ id }) => id);
  }

  /** Without a token: that they were sent is true, whoever did it. */
  async sent(ids: readonly string[], eventIds: readonly string[]): Promise<void> {
    await this.query(
      `UPDATE ${this.table} AS o SET sent_at = now(), event_id = r.event_id, last_error = NULL
       FROM unnest($1::bigint[], $2::text[]) AS r(id, event_id) WHERE o.id = r.id AND o.sent_at IS NULL`,
      [ids, eventIds],
    );
  }

  async failed(ids: readonly string[], error: string): Promise<void> {
    await this.query(
      `UPDATE ${this.table} SET attempts = attempts + 1, last_error = $2
       WHERE id = ANY($1::bigint[]) AND sent_at IS NULL AND held_at IS NULL`,
      [ids, storableText(error)],
    );
  }

  async hold(id: string, error: string): Promise<void> {
    await this.query(
      `UPDATE ${this.table} SET attempts = attempts + 1, last_error = $2, held_at = now()
       WHERE id = $1::bigint AND sent_at IS NULL`,
      [id, storableText(error)],
    );
  }

  async held(limit?: number): Promise<readonly HeldOutboxRow[]> {
    const { tenant, dataCore } = this.options.scope();
    const rows = await this.query<OutboxRecord & { last_error: string; held_ms: string }>(
      `SELECT ${SELECTED}, o.last_error, (extract(epoch FROM o.held_at) * 1000)::text AS held_ms
       FROM ${this.table} AS o
       WHERE o.tenant = $1 AND o.data_core = $2 AND o.held_at IS NOT NULL ORDER BY o.id LIMIT $3::bigint`,
      [tenant, dataCore, limit ?? null],
    );
    return rows.map((row) => ({
      ...rowOf(row),
      lastError: row.last_error,
      heldSince: new Date(Number(row.held_ms)),
    }));
  }

  async retry(ids: readonly string[]): Promise<number> {
    const rows = await this.query(
      `UPDATE ${this.table} SET held_at = NULL WHERE id = ANY($1::bigint[]) AND held_at IS NOT NULL RETURNING id`,
      [ids],
    );
    return rows.length;
  }

  async discard(ids: readonly string[]): Promise<number> {
    const rows = await this.query(
      `DELETE FROM ${this.table} WHERE id = ANY($1::bigint[]) AND sent_at IS NULL AND (held_at IS NOT NULL OR attempts > 0)
       RETURNING id`,
      [ids],
    );
    return rows.length;
  }

  async clean(olderThanMs: number, limit: number): Promise<number> {
    const rows = await this.query(
      `DELETE FROM ${this.table} WHERE id IN (
         SELECT id FROM ${this.table} WHERE sent_at < now() - $1 * interval '1 millisecond' LIMIT $2 FOR UPDATE SKIP LOCKED
       ) RETURNING id`,
      [olderThanMs, limit],
    );
    return rows.length;
  }

  private async addOnce(
    entries: readonly OutboxEntry[],
    once: WriteIdentity,
    manager: EntityManager,
  ): Promise<readonly OutboxReference[]> {
    const { database, idempotencyTtlMs } = this.options;
    const scope = this.options.scope();
    const writes = database.tables.sql('writes');
    const key = writeKeyOf(scope, once.key);
    // Another transaction with the same key is waited for: it decides by its end which of the two this is.
    const [mine] = await manager.query<ClaimedKey[]>(claimKeySql(database.tables), [
      key,
      once.pathway,
      once.fingerprint,
      once.claimIds,
      idempotencyTtlMs,
    ]);
    if (mine && mine.fingerprint !== once.fingerprint) {
      throw new IdempotencyKeyReusedError(once.key, once.pathway, mine.pathway);
    }
    if (mine && mine.ids.length >= mine.count) return mine.ids as OutboxReference[];
    const { requests = null, ids: answered = [] } = mine ?? {};
    const begun =
      requests === null ? entries : entriesOfBegun(JSON.parse(requests) as WriteRequest[], entries);
    const references = await this.insert(begun.slice(answered.length), (sql, values) =>
      manager.query(sql, values),
    );
    const ids = [...answered, ...references];
    await manager.query(
      `WITH done AS (UPDATE ${writes} SET ids = $2::text[], requests = NULL, answered_at = now() WHERE key = $1 RETURNING key)
       SELECT key FROM done`,
      [key, ids],
    );
    return ids as OutboxReference[];
  }

  private async insert(
    entries: readonly OutboxEntry[],
    run: (sql: string, values: unknown[]) => Promise<unknown>,
  ): Promise<OutboxReference[]> {
    const { tenant, dataCore } = this.options.scope();
    const { channel, payload } = this.options.announcement();
    const optional = (value: string | undefined) => (value === undefined ? null : value);
    // A SELECT around it: what it gives back is then the same in every version of TypeORM.
    const rows = await run(
      `WITH added AS (
         INSERT INTO ${this.table} (tenant, data_core, flow_type, event_type, payload, headers, order_key, idempotency_id)
         SELECT $1, $2, e.flow_type, e.event_type, e.payload::json, e.headers::json, e.order_key, e.idempotency_id
         FROM unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[]) WITH ORDINALITY
           AS e(flow_type, event_type, payload, headers, order_key, idempotency_id, place)
         ORDER BY e.place
         RETURNING id
       )
       SELECT id::text AS id, pg_notify($9, $10)::text FROM added ORDER BY added.id`,
      [
        tenant,
        dataCore,
        entries.map(({ flowType }) => flowType),
        entries.map(({ eventType }) => eventType),
        entries.map((entry) => JSON.stringify(entry.payload)),
        entries.map(({ headers }) => JSON.stringify(headers)),
        entries.map(({ orderKey }) => storableText(orderKey)),
        entries.map(({ idempotencyId }) => optional(idempotencyId)),
        channel,
        payload,
      ],
    );
    return (rows as { id: string }[]).map(({ id }) => outboxReferenceOf(id));
  }

  private query<T>(sql: string, parameters: readonly unknown[]): Promise<T[]> {
    return this.options.database.query<T>(sql, parameters);
  }

  private get table(): string {
    return this.options.database.tables.sql('outbox');
  }
}
