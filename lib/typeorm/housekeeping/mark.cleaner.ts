import type { PumpId } from '../../state/cursor-store.interface.js';
import { IDEMPOTENT_CLAIM_PREFIX } from '../../state/idempotent-claim.util.js';
import type { Database } from '../database.js';

/** What the cleaner works with. */
export interface MarkCleanerOptions {
  readonly database: Database;
  /** Pumps whose cursors protect marks. */
  pumps(): readonly PumpId[];
  /** How far before its cursor a pump looks back. */
  readonly lookBackMs: number;
  /** Rows in one statement. */
  readonly batchSize: number;
}

/**
 * Deletes marks whose time is over, in small statements that lock little and skip what others hold.
 *
 * A mark stays, however old, while a pump may still deliver its event again: that is everything behind the oldest cursor,
 * less the look back. A pump that has caught up counts from the moment until which it has nothing unfinished: the cursor of
 * a quiet flow type stays at its last event for weeks. Cursors that nobody has moved for a week and that are not this instance's own do not count: a pump
 * group that was given up would otherwise keep every mark for ever. A pump of this instance that has saved no cursor yet
 * holds back what is younger than a day: its first event may still be running with later ones finished behind it, but one
 * that never gets an event must not keep every mark either. The moment of an event is read from its id (protocol
 * §4.5); the mark of one with an idempotency id does not say it, and is judged by its own moment, which is later. Marks of dead letters stay as long as these: a letter whose event was handled, but that a crash kept from being
 * removed, would be handled again by the next replay.
 */
export class MarkCleaner {
  constructor(private readonly options: MarkCleanerOptions) {}

  /** @returns how many marks were deleted. */
  async clean(signal?: AbortSignal): Promise<number> {
    let total = 0;
    for (;;) {
      if (signal?.aborted) return total;
      const deleted = await this.cleanBatch();
      total += deleted;
      if (deleted < this.options.batchSize) return total;
    }
  }

  private async cleanBatch(): Promise<number> {
    const { database, batchSize, lookBackMs } = this.options;
    const pumps = this.options.pumps();
    const state = database.tables.sql('state');
    const rows = await database.query(
      `WITH bound AS (
  SELECT min(GREATEST(${positionMs('p')}, ${caughtUpMs('p')})) - $4::float8 AS ms FROM ${database.tables.sql('pumpState')} AS p
  LEFT JOIN unnest($1::text[], $2::text[]) AS mine(flow_type, pump_group)
    ON mine.flow_type = p.flow_type AND mine.pump_group = p.pump_group
  WHERE mine.flow_type IS NOT NULL OR p.updated_at > now() - interval '7 days'
), first_runs AS (
  SELECT EXISTS (SELECT FROM unnest($1::text[], $2::text[]) AS mine(flow_type, pump_group)
    WHERE NOT EXISTS (SELECT FROM ${database.tables.sql('pumpState')} AS p
      WHERE p.flow_type = mine.flow_type AND p.pump_group = mine.pump_group)) AS are_there
)
DELETE FROM ${state} WHERE event_id IN (
  SELECT s.event_id FROM ${state} AS s, bound, first_runs
  WHERE s.expires_at < now() AND (s.claimed_until IS NULL OR s.claimed_until < now())
    AND NOT EXISTS (SELECT FROM ${database.tables.sql('deadLetter')} AS d
      WHERE d.event_id = s.event_id OR d.claim_id = s.event_id)
    AND (NOT first_runs.are_there OR s.created_at < now() - interval '1 day')
    AND (bound.ms IS NULL OR CASE
      WHEN starts_with(s.event_id, '${IDEMPOTENT_CLAIM_PREFIX}') THEN EXTRACT(EPOCH FROM s.created_at) * 1000 < bound.ms
      ELSE s.event_id !~ ${TIME_UUID} OR ${eventMs('s.event_id')} < bound.ms END)
  ORDER BY s.expires_at LIMIT $3 FOR UPDATE OF s SKIP LOCKED
) RETURNING event_id`,
      [pumps.map(({ flowType }) => flowType), pumps.map(({ pumpGroup }) => pumpGroup), batchSize, lookBackMs],
    );
    return rows.length;
  }
}

const TIME_UUID = `'^[0-9a-f]{8}-[0-9a-f]{4}-1[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$'`;

/** Unix milliseconds of a version-1 UUID: 60 bits of 100 ns since 1582. Guarded, so that other ids are no error. */
function eventMs(id: string): string {
  const hex = `substr(${id}, 16, 3) || substr(${id}, 10, 4) || substr(${id}, 1, 8)`;
  return `CASE WHEN ${id} ~ ${TIME_UUID} THEN (('x' || lpad(${hex}, 16, '0'))::bit(64)::bigint / 10000.0 - 12219292800000) END`;
}

/** Until when a pump has nothing unfinished; `NULL` when it has, or when somebody else has written the row since. */
function caughtUpMs(cursor: string): string {
  const isCurrent = `${cursor}.caught_up_token = ${cursor}.token AND ${cursor}.event_id IS NOT DISTINCT FROM ${cursor}.saved_event_id`;
  return `CASE WHEN ${isCurrent} THEN EXTRACT(EPOCH FROM ${cursor}.caught_up_at) * 1000 END`;
}

/** Where a cursor stands: at its event, or at the beginning of its hour. */
function positionMs(cursor: string): string {
  const hour = `EXTRACT(EPOCH FROM to_timestamp(${cursor}.time_bucket || '+00', 'YYYYMMDDHH24MISSTZH')) * 1000`;
  return `COALESCE(${eventMs(`${cursor}.event_id`)}, ${hour})`;
}
