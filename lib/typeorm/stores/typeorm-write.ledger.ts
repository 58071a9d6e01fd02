import type {
  WriteIdentity,
  WriteLedger,
  WriteRecord,
  WriteRequest,
} from '../../state/write-ledger.interface.js';
import type { Database } from '../database.js';
import type { LeaseScope } from './typeorm-lease.store.js';
import { beginWriteSql, findWriteSql, writeKeyOf } from './write-ledger.sql.js';

/** What the ledger works with. */
export interface TypeOrmWriteLedgerOptions {
  readonly database: Database;
  readonly scope: () => LeaseScope;
  readonly idempotencyTtlMs: number;
}

interface FoundWrite {
  readonly pathway: string;
  readonly fingerprint: string;
  readonly claim_ids: string[];
  readonly ids: string[];
  readonly answered: boolean;
}

/** Writes with an idempotency key, in `pathway_writes`. */
export class TypeOrmWriteLedger implements WriteLedger {
  constructor(private readonly options: TypeOrmWriteLedgerOptions) {}

  async begin(
    { key, pathway, fingerprint, claimIds }: WriteIdentity,
    requests: readonly WriteRequest[],
    holder: string,
    holdMs: number,
  ): Promise<WriteRecord> {
    const { database, idempotencyTtlMs } = this.options;
    const rowKey = this.keyOf(key);
    const [mine] = await database.query<{ requests: string | null; claim_ids: string[]; ids: string[] }>(
      beginWriteSql(database.tables),
      [rowKey, pathway, fingerprint, JSON.stringify(requests), claimIds, holder, holdMs, idempotencyTtlMs],
    );
    if (mine) {
      // An outbox write that was given up left no requests: its own are the same.
      const stored = mine.requests === null ? requests : (JSON.parse(mine.requests) as WriteRequest[]);
      return { status: 'begun', requests: stored, ids: mine.ids, claimIds: mine.claim_ids };
    }
    const [found] = await database.query<FoundWrite>(findWriteSql(database.tables), [rowKey]);
    // Gone meanwhile: the caller asks again.
    if (!found) return { status: 'busy' };
    if (found.fingerprint !== fingerprint) return { status: 'other', pathway: found.pathway };
    return found.answered
      ? { status: 'answered', ids: found.ids, claimIds: found.claim_ids }
      : { status: 'busy' };
  }

  async answer(key: string, ids: readonly string[], after: number): Promise<readonly string[]> {
    const isNext = 'cardinality(ids) = $3::int';
    const isLast = `${isNext} AND $3::int + cardinality($2::text[]) >= cardinality(claim_ids)`;
    const [row] = await this.options.database.query<{ ids: string[] }>(
      // Of two calls that both got an answer, the first one's ids count: both return them. Payloads are only needed
      // until the last one is stored.
      `UPDATE ${this.table} SET ids = CASE WHEN ${isNext} THEN ids || $2::text[] ELSE ids END,
         answered_at = CASE WHEN ${isLast} THEN now() ELSE answered_at END,
         requests = CASE WHEN ${isLast} THEN NULL ELSE requests END
       WHERE key = $1 RETURNING ids`,
      [this.keyOf(key), ids, after],
    );
    return row?.ids ?? ids;
  }

  async release(key: string, holder: string): Promise<void> {
    await this.options.database.query(
      `UPDATE ${this.table} SET held_by = NULL, held_until = NULL WHERE key = $1 AND held_by = $2`,
      [this.keyOf(key), holder],
    );
  }

  async forget(key: string, holder: string): Promise<void> {
    await this.options.database.query(
      `DELETE FROM ${this.table} WHERE key = $1 AND held_by = $2 AND answered_at IS NULL AND cardinality(ids) = 0`,
      [this.keyOf(key), holder],
    );
  }

  /** Deletes rows whose time is over. @returns how many. */
  async clean(limit: number): Promise<number> {
    const rows = await this.options.database.query(
      `DELETE FROM ${this.table} WHERE key IN (
         SELECT key FROM ${this.table} WHERE expires_at < now() LIMIT $1 FOR UPDATE SKIP LOCKED
       ) RETURNING key`,
      [limit],
    );
    return rows.length;
  }

  private keyOf(key: string): string {
    return writeKeyOf(this.options.scope(), key);
  }

  private get table(): string {
    return this.options.database.tables.sql('writes');
  }
}
