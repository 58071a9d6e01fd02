import type {
  DeadLetter,
  DeadLetterFilter,
  DeadLetterStore,
  FingerprintCount,
} from '../../state/dead-letter-store.interface.js';
import { isIdempotentClaim } from '../../state/idempotent-claim.util.js';
import type { Database } from '../database.js';
import {
  conditionsOf,
  letterOf,
  PARAMETERS,
  parametersOf,
  SELECTED,
  storableText,
  WRITTEN,
  type DeadLetterRow,
} from './dead-letter.row.js';
import { markedRow, mayBeMarked } from './state.sql.js';
import type { PendingMark } from './claim-rules.util.js';

const COLUMNS = WRITTEN.join(', ');

/** Everything but the place in the order: the same event again keeps it. */
const REPLACED = `ON CONFLICT (event_id) DO UPDATE SET ${WRITTEN.slice(1)
  .map((column) => `${column} = EXCLUDED.${column}`)
  .join(', ')}`;

/** The mark of an event that becomes a dead letter. */
interface LetterMark extends Omit<PendingMark, 'status'> {
  /** The own instance. */
  readonly instanceId: string;
  /** How long it is kept at least, in milliseconds. */
  readonly ttlMs: number;
}

/** Dead letters in Postgres. Every method is one statement. */
export class TypeOrmDeadLetterStore implements DeadLetterStore {
  private readonly table: string;
  private readonly upsert: string;

  constructor(private readonly database: Database) {
    this.table = database.tables.sql('deadLetter');
    this.upsert = `INSERT INTO ${this.table} (${COLUMNS}) VALUES (${PARAMETERS}) ${REPLACED}`;
  }

  async add(letter: DeadLetter): Promise<void> {
    await this.database.query(this.upsert, parametersOf(letter));
  }

  /**
   * Adds the letter and marks its event, in one statement: neither is there without the other. An ending that comes too
   * late leaves neither: the letter would hold back its key for an event that somebody else has ended, or handles now.
   */
  async addAndMark(letter: DeadLetter, mark: LetterMark): Promise<void> {
    const state = this.database.tables.sql('state');
    const changed = Object.entries(markedRow('$15::text')).map(([column, value]) => `${column} = ${value}`);
    const rule = mayBeMarked({
      generation: 'excluded.generation',
      isProcessed: 'excluded.processed',
      isClaimed: '$16::boolean',
      holder: '$15::text',
    });
    await this.database.query(
      `WITH mark AS (
         INSERT INTO ${state} AS s (event_id, processed, created_at, expires_at, status, generation, claimed_by, claimed_until)
         VALUES (COALESCE($12, $1), false, now(), now() + $14 * interval '1 millisecond', 'dead-lettered', $13, NULL, NULL)
         ON CONFLICT (event_id) DO UPDATE SET ${changed.join(', ')} WHERE ${rule}
         RETURNING s.generation
       )
       INSERT INTO ${this.table} (${COLUMNS}) SELECT ${PARAMETERS} FROM mark WHERE mark.generation = $13 ${REPLACED}`,
      [...parametersOf(letter), mark.generation, mark.ttlMs, mark.instanceId, mark.isClaimed],
    );
  }

  /**
   * The letter behind which this one is added is locked first. A removal of it that came before is waited for and seen,
   * and one that comes later waits until this letter is there: so whoever removes the last letter of a key and looks
   * again finds it, and it is never left behind.
   */
  async park(letter: DeadLetter): Promise<boolean> {
    const rows = await this.database.query<{ event_id: string }>(
      `WITH another AS (
         SELECT 1 FROM ${this.table}
         WHERE source = $3 AND order_key = $4 AND event_id <> $1
         ORDER BY sequence DESC LIMIT 1 FOR KEY SHARE
       )
       INSERT INTO ${this.table} (${COLUMNS}) SELECT ${PARAMETERS} FROM another ${REPLACED} RETURNING event_id`,
      parametersOf(letter),
    );
    return rows.length > 0;
  }

  async get(eventId: string): Promise<DeadLetter | undefined> {
    const [row] = await this.database.query<DeadLetterRow>(
      `SELECT ${SELECTED} FROM ${this.table} WHERE ${isIdempotentClaim(eventId) ? 'claim_id' : 'event_id'} = $1`,
      [storableText(eventId)],
    );
    return row && letterOf(row);
  }

  async list(filter: DeadLetterFilter = {}, limit?: number, after?: number): Promise<readonly DeadLetter[]> {
    const { sql, parameters } = conditionsOf(filter, after);
    const atMost = limit === undefined || limit === Infinity ? null : limit;
    const rows = await this.database.query<DeadLetterRow>(
      `SELECT ${SELECTED} FROM ${this.table} letter WHERE ${sql}
       ORDER BY letter.sequence LIMIT $${parameters.length + 1}::bigint`,
      [...parameters, atMost],
    );
    return rows.map(letterOf);
  }

  async count(filter: DeadLetterFilter = {}, after?: number): Promise<number> {
    const { sql, parameters } = conditionsOf(filter, after);
    const [row] = await this.database.query<{ count: string }>(
      `SELECT count(*)::text AS count FROM ${this.table} WHERE ${sql}`,
      parameters,
    );
    return Number(row?.count ?? 0);
  }

  async countByFingerprint(filter: DeadLetterFilter = {}): Promise<readonly FingerprintCount[]> {
    const { sql, parameters } = conditionsOf(filter, undefined);
    const rows = await this.database.query<{ fingerprint: string; count: string }>(
      `SELECT fingerprint, count(*)::text AS count FROM ${this.table} WHERE ${sql}
       GROUP BY fingerprint ORDER BY count(*) DESC, fingerprint`,
      parameters,
    );
    return rows.map(({ fingerprint, count }) => ({ fingerprint, count: Number(count) }));
  }

  async remove(eventId: string, generation?: number): Promise<void> {
    await this.database.query(
      `DELETE FROM ${this.table} WHERE event_id = $1 AND ($2::integer IS NULL OR generation = $2::integer)`,
      [storableText(eventId), generation ?? null],
    );
  }

  async blockerOf(source: string, orderKey: string): Promise<string | undefined> {
    const [row] = await this.database.query<{ event_id: string }>(
      `SELECT event_id FROM ${this.table} WHERE source = $1 AND order_key = $2 ORDER BY sequence LIMIT 1`,
      [source, storableText(orderKey)],
    );
    return row?.event_id;
  }

  async blockedKeys(source: string, orderKeys: readonly string[]): Promise<string[]> {
    const rows = await this.database.query<{ order_key: string }>(
      `SELECT DISTINCT order_key FROM ${this.table} WHERE source = $1 AND order_key = ANY($2::text[])`,
      [source, orderKeys.map(storableText)],
    );
    const blocked = new Set(rows.map(({ order_key: orderKey }) => orderKey));
    return orderKeys.filter((orderKey) => blocked.has(storableText(orderKey)));
  }
}
