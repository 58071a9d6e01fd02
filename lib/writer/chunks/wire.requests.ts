import { CHUNKED_KEY } from '../../event/chunk.constants.js';
import { encryptionMetadata } from '../../event/encryption-marker.util.js';
import type { JsonText } from '../../platform/json-text.js';

/** One event as the platform gets it: a whole payload, or a part of one. */
export interface WireItem {
  readonly body: JsonText;
  /** The input item it belongs to, from 0 on. */
  readonly owner: number;
  /** `part-alike`: a whole payload that would be taken for a part in a request that carries parts. */
  readonly kind: 'whole' | 'part' | 'part-alike';
  /** Its event id is that of the input item. */
  readonly isFirst: boolean;
  readonly encrypted: boolean;
  readonly keyId: string | undefined;
}

/** Items that go into one request, and what its metadata says about them. */
export interface WireRequest {
  readonly items: readonly WireItem[];
  readonly metadata: Readonly<Record<string, string>>;
}

/** Tells the items of a write from plain bodies, which are never empty either. */
export function isWireItems(bodies: readonly (JsonText | WireItem)[]): bodies is readonly WireItem[] {
  const [first] = bodies;
  return first !== undefined && 'kind' in first;
}

/**
 * Shares the items out to requests, in order. The metadata of a request is that of all its events, so those that need
 * another go into another.
 */
export function wireRequests(items: readonly WireItem[], maxBatchSize: number): WireRequest[] {
  const requests: WireRequest[] = [];
  let current: WireItem[] = [];
  const close = () => {
    if (current.length > 0) requests.push({ items: current, metadata: metadataOf(current) });
    current = [];
  };
  for (const item of items) {
    if (current.length === maxBatchSize || current.some((other) => !mayMeet(item, other))) close();
    current.push(item);
  }
  close();
  return requests;
}

function mayMeet(item: WireItem, other: WireItem): boolean {
  if (item.encrypted !== other.encrypted || item.keyId !== other.keyId) return false;
  const kinds = [item.kind, other.kind];
  return !(kinds.includes('part') && kinds.includes('part-alike'));
}

function metadataOf(items: readonly WireItem[]): Record<string, string> {
  const [first] = items;
  return {
    ...(items.some(({ kind }) => kind === 'part') && { [CHUNKED_KEY]: 'true' }),
    ...(first?.encrypted && encryptionMetadata(first.keyId)),
  };
}
