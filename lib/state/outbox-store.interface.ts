import type { MaybePromise } from '../event/maybe-promise.type.js';
import type { FencingToken } from './cursor-store.interface.js';
import type { OutboxHeaders } from './outbox-headers.interface.js';
import type { OutboxReference } from './outbox-reference.js';
import type { WriteIdentity } from './write-ledger.interface.js';

/** One event to be sent, as it goes over the wire: encrypted and split where its pathway asks for that. */
export interface OutboxEntry {
  readonly flowType: string;
  readonly eventType: string;
  readonly payload: unknown;
  readonly headers: OutboxHeaders;
  /** Entries with the same key are sent in order; others may overtake them. */
  readonly orderKey: string;
  /** Given by the writer of a write with an `idempotencyKey`, otherwise by the relay before the entry is first sent. */
  readonly idempotencyId?: string | undefined;
}

/** A stored entry. */
export interface OutboxRow extends OutboxEntry {
  /** Digits; grows with every entry. */
  readonly id: string;
  /** How often it was tried in vain. */
  readonly attempts: number;
}

/** An entry that is refused for good, or of which no request can be made. It holds back later entries of its key. */
export interface HeldOutboxRow extends OutboxRow {
  readonly lastError: string;
  readonly heldSince: Date;
}

/** How entries are added. */
export interface OutboxAddition {
  /** The caller's transaction; else the one that is open in this chain of calls, else one of its own. */
  readonly transaction?: unknown;
  /** With it, the same write is added once: a repetition gets the references of the first. */
  readonly once?: WriteIdentity | undefined;
}

/**
 * Keeps events until they are sent. Adding is part of the caller's transaction; the other methods are the relay's.
 *
 * Two relays may work for a moment, when a lease has run out unnoticed. That is harmless: an entry's idempotency id never
 * changes once it is given, so what both send has one effect.
 */
export interface OutboxStore {
  /**
   * Adds entries in their order. @returns a reference to each.
   *
   * @throws IdempotencyKeyReusedError when `once` names another write.
   */
  add(entries: readonly OutboxEntry[], addition?: OutboxAddition): MaybePromise<readonly OutboxReference[]>;

  /** Calls back soon after entries became visible, also those of other instances. @returns a function that ends it. */
  onAdded(wake: () => void): () => void;

  /**
   * Visible entries in the order of their ids that are neither sent nor held, of keys that have no held entry before them.
   *
   * @param exceptKeys keys to leave out.
   */
  pending(limit: number, exceptKeys: readonly string[]): MaybePromise<readonly OutboxRow[]>;

  /**
   * Gives entries an idempotency id, those that have none yet. Must be durable when it returns.
   *
   * @returns the ids of the entries that got it; none when a newer token is known.
   */
  assign(ids: readonly string[], idempotencyId: string, token: FencingToken): MaybePromise<readonly string[]>;

  /** @param eventIds one per entry, in their order. */
  sent(ids: readonly string[], eventIds: readonly string[]): MaybePromise<void>;
  failed(ids: readonly string[], error: string): MaybePromise<void>;
  hold(id: string, error: string): MaybePromise<void>;

  held(limit?: number): MaybePromise<readonly HeldOutboxRow[]>;
  /** Sends held entries again. @returns how many there were. */
  retry(ids: readonly string[]): MaybePromise<number>;
  /**
   * Gives entries up that are held, or were tried in vain and are not sent. A relay that has one in its hands may send it
   * all the same; what it says of it afterwards is of no effect. @returns how many there were.
   */
  discard(ids: readonly string[]): MaybePromise<number>;

  /** Deletes sent entries that are older. @returns how many. */
  clean(olderThanMs: number, limit: number): MaybePromise<number>;
}
