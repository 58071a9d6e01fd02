import { createHash } from 'node:crypto';
import type {
  ChunkPart,
  ChunkProgress,
  ChunkStore,
  ExpiredChunk,
} from '../../state/chunk-store.interface.js';
import type { Database } from '../database.js';

interface ExpiredRow {
  readonly chunk_id: string;
  readonly part: number;
  readonly total_parts: number;
  readonly event_id: string;
  readonly is_finished: boolean;
}

/**
 * Parts in `pathway_chunks`, on the clock of the database. A part is committed before its chunk is counted, so of two
 * instances that store the last two parts at once the later one counts both: no lock is needed, and any pool will do.
 */
export class TypeOrmChunkStore implements ChunkStore {
  /** @param ttlMs how long a chunk is kept after its last part */
  constructor(
    private readonly database: Database,
    private readonly ttlMs: number,
  ) {}

  async storePart({ chunkId, part, totalParts, digest, data, eventId }: ChunkPart): Promise<ChunkProgress> {
    const hash = createHash('sha256').update(data).digest('hex');
    const [kept] = await this.database.query<{ data_hash: string; is_new: boolean }>(
      `INSERT INTO ${this.table} AS chunk (chunk_id, part, total_parts, digest, event_id, data, data_hash, expires_at)
       SELECT $1::text, $2::integer, $3::integer, $4::text, $5::text, $6::text, $7::text,
         now() + $8 * interval '1 millisecond'
       WHERE NOT EXISTS (
         SELECT 1 FROM ${this.table} WHERE chunk_id = $1::text AND (total_parts <> $3::integer OR digest <> $4::text)
       )
       ON CONFLICT (chunk_id, part) DO UPDATE SET expires_at = greatest(chunk.expires_at, excluded.expires_at)
       RETURNING data_hash, xmax = 0 AS is_new`,
      [chunkId, part, totalParts, digest, eventId, data, hash, this.ttlMs],
    );
    if (!kept) return { status: 'inconsistent' };
    if (kept.data_hash !== hash) return { status: 'conflict' };
    const [count] = await this.database.query<{ parts: number; first_event_id: string | null }>(
      `SELECT count(*)::integer AS parts, min(event_id) FILTER (WHERE part = 1) AS first_event_id
       FROM ${this.table} WHERE chunk_id = $1`,
      [chunkId],
    );
    const firstEventId = count?.first_event_id;
    if (count?.parts === totalParts && typeof firstEventId === 'string') {
      return { status: 'complete', firstEventId };
    }
    return { status: kept.is_new ? 'stored' : 'duplicate' };
  }

  async load(chunkId: string): Promise<readonly string[] | undefined> {
    const rows = await this.database.query<{ data: string; total_parts: number }>(
      `SELECT data, total_parts FROM ${this.table} WHERE chunk_id = $1 ORDER BY part`,
      [chunkId],
    );
    return rows.length > 0 && rows.length === rows[0]?.total_parts ? rows.map(({ data }) => data) : undefined;
  }

  async finish(chunkId: string): Promise<void> {
    // One row says it for all: the others need not be written again.
    await this.database.query(
      `UPDATE ${this.table} SET assembled_at = now() WHERE chunk_id = $1 AND part = 1 AND assembled_at IS NULL`,
      [chunkId],
    );
  }

  async takeExpired(): Promise<readonly ExpiredChunk[]> {
    const rows = await this.database.query<ExpiredRow>(
      `WITH old AS (
         SELECT chunk_id, max(assembled_at) IS NOT NULL AS is_finished FROM ${this.table}
         WHERE chunk_id IN (SELECT chunk_id FROM ${this.table} WHERE expires_at <= now())
         GROUP BY chunk_id
         HAVING max(expires_at) <= now() AND (max(assembled_at) IS NOT NULL OR count(*) < max(total_parts))
       )
       DELETE FROM ${this.table} AS chunk USING old WHERE chunk.chunk_id = old.chunk_id
       RETURNING chunk.chunk_id, chunk.part, chunk.total_parts, chunk.event_id, old.is_finished`,
    );
    const chunks = new Map<string, ExpiredRow[]>();
    for (const row of rows) {
      if (row.is_finished) continue;
      const parts = chunks.get(row.chunk_id);
      if (parts) parts.push(row);
      else chunks.set(row.chunk_id, [row]);
    }
    return [...chunks].map(([chunkId, parts]) => ({
      chunkId,
      totalParts: parts[0]?.total_parts ?? 0,
      parts: parts.map(({ part, event_id }) => ({ part, eventId: event_id })).sort((a, b) => a.part - b.part),
    }));
  }

  private get table(): string {
    return this.database.tables.sql('chunks');
  }
}
