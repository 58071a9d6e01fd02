import type { OutboxHeaders } from '../../state/outbox-headers.interface.js';
import type { OutboxRow } from '../../state/outbox-store.interface.js';

/** A row as `SELECTED` reads it. All texts: applications may change how their driver parses JSON and numbers. */
export interface OutboxRecord {
  readonly id: string;
  readonly flow_type: string;
  readonly event_type: string;
  readonly payload: string;
  readonly headers: string;
  readonly order_key: string;
  readonly idempotency_id: string | null;
  readonly attempts: number;
}

/** The columns of a row of `o`, to stand after SELECT. */
export const SELECTED = `o.id::text AS id, o.flow_type, o.event_type, o.payload::text AS payload,
  o.headers::text AS headers, o.order_key, o.idempotency_id, o.attempts`;

export function rowOf(row: OutboxRecord): OutboxRow {
  return {
    id: row.id,
    flowType: row.flow_type,
    eventType: row.event_type,
    payload: JSON.parse(row.payload) as unknown,
    headers: JSON.parse(row.headers) as OutboxHeaders,
    orderKey: row.order_key,
    idempotencyId: row.idempotency_id ?? undefined,
    attempts: row.attempts,
  };
}
