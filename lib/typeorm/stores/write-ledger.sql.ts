import type { TableNames } from '../schema/table-names.js';
import type { LeaseScope } from './typeorm-lease.store.js';

/** A caller's key in the table: two data cores may share it. */
export function writeKeyOf({ tenant, dataCore }: LeaseScope, key: string): string {
  return `${tenant}/${dataCore}/${key}`;
}

/**
 * Begins a write, or takes over one with the same fingerprint that nobody holds and nobody has answered; a row whose time
 * is over is as good as none. No row: {@link findWriteSql} says why. $1 key, $2 pathway, $3 fingerprint, $4 requests,
 * $5 claim ids, $6 holder, $7 milliseconds of the hold, $8 milliseconds of the row.
 */
export function beginWriteSql(tables: TableNames): string {
  const writes = tables.sql('writes');
  const fresh = (column: string) =>
    `CASE WHEN w.expires_at < now() THEN excluded.${column} ELSE w.${column} END`;
  return `WITH mine AS (
  INSERT INTO ${writes} AS w (key, pathway, fingerprint, requests, claim_ids, held_by, held_until, expires_at)
  VALUES ($1, $2, $3, $4::json, $5::text[], $6, now() + $7 * interval '1 millisecond', now() + $8 * interval '1 millisecond')
  ON CONFLICT (key) DO UPDATE SET held_by = excluded.held_by, held_until = excluded.held_until,
    pathway = ${fresh('pathway')}, fingerprint = ${fresh('fingerprint')}, requests = ${fresh('requests')},
    claim_ids = ${fresh('claim_ids')}, ids = CASE WHEN w.expires_at < now() THEN '{}' ELSE w.ids END,
    answered_at = NULL, expires_at = ${fresh('expires_at')}
  WHERE w.expires_at < now()
    OR (w.answered_at IS NULL AND w.fingerprint = excluded.fingerprint AND (w.held_until IS NULL OR w.held_until < now()))
  RETURNING w.*
)
SELECT pathway, fingerprint, requests::text AS requests, claim_ids, ids FROM mine`;
}

/** $1 key. */
export function findWriteSql(tables: TableNames): string {
  return `SELECT pathway, fingerprint, claim_ids, ids, answered_at IS NOT NULL AS answered
FROM ${tables.sql('writes')} WHERE key = $1`;
}

/**
 * For an outbox write, whose transaction decides about it: the row, made when there is none; whoever else has it in an open
 * transaction is waited for. $1 key, $2 pathway, $3 fingerprint, $4 claim ids, $5 milliseconds of the row.
 */
export function claimKeySql(tables: TableNames): string {
  const writes = tables.sql('writes');
  const fresh = (column: string) =>
    `CASE WHEN w.expires_at < now() THEN excluded.${column} ELSE w.${column} END`;
  return `WITH mine AS (
  INSERT INTO ${writes} AS w (key, pathway, fingerprint, claim_ids, expires_at)
  VALUES ($1, $2, $3, $4::text[], now() + $5 * interval '1 millisecond')
  ON CONFLICT (key) DO UPDATE SET pathway = ${fresh('pathway')}, fingerprint = ${fresh('fingerprint')},
    requests = ${fresh('requests')}, claim_ids = ${fresh('claim_ids')}, ids = CASE WHEN w.expires_at < now() THEN '{}' ELSE w.ids END,
    expires_at = ${fresh('expires_at')}
  RETURNING w.*
)
SELECT pathway, fingerprint, requests::text AS requests, cardinality(claim_ids) AS count, ids FROM mine`;
}
