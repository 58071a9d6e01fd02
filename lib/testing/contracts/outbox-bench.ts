import assert from 'node:assert/strict';
import type { MaybePromise } from '../../event/maybe-promise.type.js';
import type { FencingToken } from '../../state/cursor-store.interface.js';
import { rowIdOf } from '../../state/outbox-reference.js';
import type { OutboxAddition, OutboxEntry, OutboxStore } from '../../state/outbox-store.interface.js';
import type { CaseDefinition } from './contract-bench.js';
import type { StoreTraits } from './contract-case.interface.js';

/** What an outbox store is, as far as its contract has to know. */
export interface OutboxStoreTraits extends StoreTraits {
  /**
   * `false`: sent entries are gone at once, and there is nothing to clean.
   *
   * @default true
   */
  readonly keepsSent?: boolean;

  /**
   * Milliseconds the store under test remembers the keys of writes.
   *
   * @default 86_400_000
   */
  readonly ttlMs?: number;
}

/** What `create` may give beside the store. */
export interface OutboxUnderTest {
  /**
   * Grants the lease of the relay (key `outbox`) anew, as when its holder was taken for gone. Needed unless `shared` is
   * `false`.
   *
   * @returns the new token.
   */
  grantLease?(): MaybePromise<FencingToken>;
}

export type OutboxCase = CaseDefinition<OutboxStore, OutboxUnderTest>;

/** Greater than every token a store may have seen. */
export const LATEST: FencingToken = Number.MAX_SAFE_INTEGER;

export function entryOf(n: number, more: Partial<OutboxEntry> = {}): OutboxEntry {
  return {
    flowType: 'order.0',
    eventType: 'placed.0',
    payload: { n },
    headers: { metadata: {} },
    orderKey: 'a key',
    ...more,
  };
}

/** Entries of these keys, numbered from 1 on. */
export function entriesOf(...orderKeys: readonly string[]): OutboxEntry[] {
  return orderKeys.map((orderKey, at) => entryOf(at + 1, { orderKey }));
}

/** Adds entries. @returns the ids of their rows. */
export async function added(
  store: OutboxStore,
  entries: readonly OutboxEntry[],
  addition?: OutboxAddition,
): Promise<string[]> {
  const references = await store.add(entries, addition);
  assert.equal(references.length, entries.length, 'references to what was added');
  return references.map((reference) => {
    const id = rowIdOf(reference);
    assert.ok(id, `${reference} is a reference`);
    return id;
  });
}

/** Adds one entry. @returns the id of its row. */
export async function addedOne(store: OutboxStore, entry: OutboxEntry): Promise<string> {
  const [id = ''] = await added(store, [entry]);
  return id;
}

/** The ids of what is to be sent, in its order. */
export async function pendingIds(
  store: OutboxStore,
  exceptKeys: readonly string[] = [],
  limit = 1_000,
): Promise<string[]> {
  return (await store.pending(limit, exceptKeys)).map(({ id }) => id);
}

export async function heldIds(store: OutboxStore, limit?: number): Promise<string[]> {
  return (await store.held(limit)).map(({ id }) => id);
}
