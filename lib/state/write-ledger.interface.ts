import type { MaybePromise } from '../event/maybe-promise.type.js';
import type { OutboxHeaders } from './outbox-headers.interface.js';

/** Which write a key stands for. */
export interface WriteIdentity {
  /** The caller's `idempotencyKey`. */
  readonly key: string;
  readonly pathway: string;
  /** Of everything that must be equal when the key comes again. */
  readonly fingerprint: string;
  /** What the write's events will be claimed under, one per event. */
  readonly claimIds: readonly string[];
}

/** One request of a write, ready to be sent. */
export interface WriteRequest {
  /** What its events have in their metadata. */
  readonly idempotencyId: string;
  readonly payloads: readonly unknown[];
  readonly isBatch: boolean;
  readonly headers: OutboxHeaders;
}

/** What is known of a write. */
export type WriteRecord =
  /** Done: nothing is to be sent. */
  | { readonly status: 'answered'; readonly ids: readonly string[]; readonly claimIds: readonly string[] }
  /** Somebody else is sending it. */
  | { readonly status: 'busy' }
  /** The key stands for another write. */
  | { readonly status: 'other'; readonly pathway: string }
  /** To be sent by the caller: these requests, which may not be its own, but for those that `ids` answer already. */
  | {
      readonly status: 'begun';
      readonly requests: readonly WriteRequest[];
      readonly ids: readonly string[];
      readonly claimIds: readonly string[];
    };

/** Remembers writes with an idempotency key, so that a repetition sends the same, or nothing. */
export interface WriteLedger {
  /**
   * Begins a write, or takes over one that nobody sends any more.
   *
   * @param holder names the call.
   * @param holdMs after which another call may take over.
   */
  begin(
    identity: WriteIdentity,
    requests: readonly WriteRequest[],
    holder: string,
    holdMs: number,
  ): MaybePromise<WriteRecord>;

  /** Adds ids. The first answer of a request counts. @returns all ids so far. */
  answer(key: string, ids: readonly string[], after: number): MaybePromise<readonly string[]>;

  /** The call gives up; the next one may try. */
  release(key: string, holder: string): MaybePromise<void>;

  /**
   * The platform refused it for good, so that its requests must not be sent again: the key is as if it had never come, and
   * free for the corrected write. Only the holder can do that, and only while there are no ids.
   */
  forget(key: string, holder: string): MaybePromise<void>;
}
