import { CursorForeignError } from '../../errors/cursor-foreign.error.js';
import { FencingTokenStaleError } from '../../errors/fencing-token-stale.error.js';
import {
  pumpKeyOf,
  type CursorStore,
  type FencingToken,
  type PumpCursor,
  type PumpId,
} from '../../state/cursor-store.interface.js';
import { takenOverCursor } from '../../state/taken-over-cursor.util.js';
import type { Database } from '../database.js';

interface CursorRow {
  readonly time_bucket: string;
  readonly event_id: string | null;
  readonly saved_event_id: string | null;
  readonly generation: number;
  readonly origin: string | null;
  readonly stop_at: string | null;
  readonly has_stopped: boolean;
  /** Unix milliseconds; whole, so that every driver setting gives the same. */
  readonly caught_up_ms: string | number | bigint | null;
  readonly tenant: string | null;
  readonly data_core: string | null;
  /** A string, unless the application taught the driver otherwise. */
  readonly token: string | number | bigint;
}

/**
 * Cursors in `pathway_pump_state`. The reference's key is (flow type, group) alone: rows that only it has written belong
 * to nobody and are taken over, rows of another tenant or data core are refused.
 */
export class TypeOrmCursorStore implements CursorStore {
  /**
   * @param flushMarks makes durable what was marked so far. A cursor that is on the disk before the marks it relies on
   *   would, after a crash, let waiting writes and late duplicates find events that nobody remembers.
   */
  constructor(
    private readonly database: Database,
    private readonly flushMarks: () => Promise<void>,
  ) {}

  async load(pump: PumpId): Promise<PumpCursor | undefined> {
    const row = await this.rowOf(pump);
    if (!row) return undefined;
    if (row.event_id !== null && row.event_id !== row.saved_event_id)
      return { ...takenOverCursor(row.time_bucket, row.event_id), generation: row.generation };
    return {
      timeBucket: row.time_bucket,
      ...(row.event_id !== null && { eventId: row.event_id }),
      generation: row.generation,
      ...(row.origin !== null && { origin: row.origin }),
      ...(row.stop_at !== null && { stopAt: row.stop_at }),
      ...(row.has_stopped && { hasStopped: true }),
      ...(row.caught_up_ms !== null && { caughtUpAt: Number(row.caught_up_ms) }),
    };
  }

  /** @throws FencingTokenStaleError, CursorForeignError */
  async save(pump: PumpId, cursor: PumpCursor, token: FencingToken): Promise<void> {
    await this.flushMarks();
    // Refused, and then no reason left to refuse: the row has gone meanwhile.
    while (!(await this.trySave(pump, cursor, token))) {
      const row = await this.rowOf(pump);
      const newest = Number(row?.token ?? 0);
      if (newest > token) throw new FencingTokenStaleError(pumpKeyOf(pump), token, newest);
    }
  }

  /** @throws CursorForeignError */
  async clear(pump: PumpId): Promise<void> {
    if (!(await this.rowOf(pump))) return;
    await this.database.query(
      `DELETE FROM ${this.table} WHERE flow_type = $1 AND pump_group = $2
         AND (tenant IS NULL OR (tenant = $3 AND data_core = $4))`,
      [pump.flowType, pump.pumpGroup, pump.tenant, pump.dataCore],
    );
  }

  /** One statement: between a look and a write, another instance could write. */
  private async trySave(pump: PumpId, cursor: PumpCursor, token: FencingToken): Promise<boolean> {
    const saved = await this.database.query(
      `INSERT INTO ${this.table} AS p
         (flow_type, pump_group, tenant, data_core, time_bucket, event_id, saved_event_id, generation, origin, token,
          stop_at, has_stopped, caught_up_at, caught_up_token, updated_at)
       VALUES ($1, $2, $3, $4, $5, $6, $6, $7, $8, $9, $10, $11,
         CASE WHEN $12::float8 IS NOT NULL THEN LEAST(now(), to_timestamp($12::float8 / 1000)) END,
         CASE WHEN $12::float8 IS NOT NULL THEN $9::bigint END, now())
       ON CONFLICT (flow_type, pump_group) DO UPDATE SET
         tenant = excluded.tenant, data_core = excluded.data_core, time_bucket = excluded.time_bucket,
         event_id = excluded.event_id, saved_event_id = excluded.saved_event_id, generation = excluded.generation, origin = excluded.origin,
         stop_at = excluded.stop_at, has_stopped = excluded.has_stopped,
         caught_up_at = excluded.caught_up_at, caught_up_token = excluded.caught_up_token,
         token = excluded.token, updated_at = excluded.updated_at
       WHERE p.token <= excluded.token
         AND (p.tenant IS NULL OR (p.tenant = excluded.tenant AND p.data_core = excluded.data_core))
       RETURNING p.token`,
      [
        pump.flowType,
        pump.pumpGroup,
        pump.tenant,
        pump.dataCore,
        cursor.timeBucket,
        cursor.eventId ?? null,
        cursor.generation ?? 0,
        cursor.origin ?? null,
        token,
        cursor.stopAt ?? null,
        cursor.hasStopped ?? false,
        cursor.caughtUpAt ?? null,
      ],
    );
    return saved.length > 0;
  }

  private async rowOf(pump: PumpId): Promise<CursorRow | undefined> {
    const [row] = await this.database.query<CursorRow>(
      `SELECT time_bucket, event_id, saved_event_id, generation, origin, stop_at, has_stopped, tenant, data_core, token,
         CASE WHEN caught_up_token = token THEN round(EXTRACT(EPOCH FROM caught_up_at) * 1000)::bigint END AS caught_up_ms
       FROM ${this.table}
       WHERE flow_type = $1 AND pump_group = $2`,
      [pump.flowType, pump.pumpGroup],
    );
    if (!row || row.tenant === null) return row;
    if (row.tenant === pump.tenant && row.data_core === pump.dataCore) return row;
    throw new CursorForeignError(
      pumpKeyOf(pump),
      this.database.tables.nameOf('pumpState'),
      `${row.tenant}/${row.data_core}`,
      `${pump.tenant}/${pump.dataCore}`,
    );
  }

  private get table(): string {
    return this.database.tables.sql('pumpState');
  }
}
