import { canonicalJson } from '../../event/canonical-json.util.js';
import type { OutboxRow } from '../../state/outbox-store.interface.js';

/** Entries that are sent with one request. */
export interface OutboxGroup {
  readonly rows: readonly OutboxRow[];
  readonly orderKeys: ReadonlySet<string>;
}

/** What a request may carry. */
export interface OutboxGroupLimits {
  readonly events: number;
  /** Characters of JSON. A single larger entry goes alone. */
  readonly size: number;
}

interface OpenGroup {
  readonly rows: OutboxRow[];
  readonly orderKeys: Set<string>;
  readonly payloads: Set<string>;
  size: number;
}

/**
 * Makes requests of entries, without changing the order of any key: an entry joins the group its key is in already, or one
 * when its key is in none; otherwise it, and everything behind it in its key, waits for the next time.
 *
 * A request has one pathway and one set of metadata. Two equal payloads do not meet in it: their claims, made of the
 * request's id and the payload, would be one, and the second event would be dropped as a copy of the first.
 */
export function composeGroups(rows: readonly OutboxRow[], limits: OutboxGroupLimits): OutboxGroup[] {
  const groups: OpenGroup[] = [];
  const openByKind = new Map<string, OpenGroup>();
  const groupOfKey = new Map<string, OpenGroup>();
  const waiting = new Set<string>();
  for (const row of rows) {
    const { orderKey } = row;
    if (waiting.has(orderKey)) continue;
    const kind = canonicalJson([row.flowType, row.eventType, row.idempotencyId ?? null, row.headers]);
    const payload = canonicalJson(row.payload);
    const own = groupOfKey.get(orderKey);
    let group = openByKind.get(kind);
    const isFull =
      group === undefined ||
      group.rows.length >= limits.events ||
      group.size + payload.length > limits.size ||
      group.payloads.has(payload);
    if (own && (own !== group || isFull)) {
      waiting.add(orderKey);
      continue;
    }
    if (group === undefined || isFull) {
      group = { rows: [], orderKeys: new Set(), payloads: new Set(), size: 0 };
      openByKind.set(kind, group);
      groups.push(group);
    }
    group.rows.push(row);
    group.orderKeys.add(orderKey);
    group.payloads.add(payload);
    group.size += payload.length;
    groupOfKey.set(orderKey, group);
  }
  return groups;
}
