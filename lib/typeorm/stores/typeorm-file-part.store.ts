import { createHash } from 'node:crypto';
import type {
  FilePartEntry,
  FilePartOutcome,
  FilePartStore,
  StoredFilePart,
} from '../../state/file-part-store.interface.js';
import type { Database } from '../database.js';

interface PartRow {
  readonly part: number;
  readonly event_id: string;
  readonly data: string;
}

/**
 * Parts of files in `pathway_chunks`, beside those of large events. A part is committed before its group is counted, so of
 * two instances that store the last two parts at once, the later one counts both.
 */
export class TypeOrmFilePartStore implements FilePartStore {
  /** @param ttlMs how long a part is kept, counted from the last one of its group. */
  constructor(
    private readonly database: Database,
    private readonly ttlMs: number,
  ) {}

  async storePart(entry: FilePartEntry): Promise<FilePartOutcome> {
    const { groupId, part, totalParts, digest, eventId, data } = entry;
    const chunkId = chunkIdOf(groupId);
    const [kept] = await this.database.query<{ is_new: boolean }>(
      `INSERT INTO ${this.table} AS chunk (chunk_id, part, total_parts, digest, event_id, data, data_hash, expires_at)
       VALUES ($1, $2, $3, 'file', $4, $5, $6, now() + $7 * interval '1 millisecond')
       ON CONFLICT (chunk_id, part) DO UPDATE SET expires_at = greatest(chunk.expires_at, excluded.expires_at)
       RETURNING xmax = 0 AS is_new`,
      [chunkId, part, totalParts, eventId, data, digest, this.ttlMs],
    );
    const [count] = await this.database.query<{ parts: number }>(
      `SELECT count(*)::integer AS parts FROM ${this.table} WHERE chunk_id = $1`,
      [chunkId],
    );
    // Counted, not numbered: whether numbers begin at 0 or at 1 is not documented (protocol §9).
    if (count?.parts === totalParts) {
      const parts = await this.parts(chunkId);
      // Fewer: who completed the file at the same moment has handled it, this part too, and forgotten the parts since the count.
      if (parts.length === totalParts) return { status: 'complete', parts };
    }
    return { status: kept?.is_new === true ? 'stored' : 'duplicate' };
  }

  async discard(groupId: string): Promise<void> {
    await this.database.query(`DELETE FROM ${this.table} WHERE chunk_id = $1`, [chunkIdOf(groupId)]);
  }

  private async parts(chunkId: string): Promise<StoredFilePart[]> {
    const rows = await this.database.query<PartRow>(
      `SELECT part, event_id, data FROM ${this.table} WHERE chunk_id = $1 ORDER BY part`,
      [chunkId],
    );
    return rows.map(({ part, event_id: eventId, data }) => ({ part, eventId, data }));
  }

  private get table(): string {
    return this.database.tables.sql('chunks');
  }
}

/** Names of files come from outside and may be of any length, or hold what a text in Postgres cannot. */
function chunkIdOf(groupId: string): string {
  return `file:${createHash('sha256').update(groupId).digest('hex')}`;
}
