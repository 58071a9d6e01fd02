import type { Clock } from '../event/clock.interface.js';
import type { PathwaysLogger } from '../event/logger.interface.js';
import type { MaybePromise } from '../event/maybe-promise.type.js';
import type { ChunkStore } from './chunk-store.interface.js';
import type { CommandStore } from './command-store.interface.js';
import type { CursorStore, PumpId } from './cursor-store.interface.js';
import type { DeadLetter, DeadLetterStore } from './dead-letter-store.interface.js';
import type { DeliveryStore } from './delivery-store.interface.js';
import type { EventSignals } from './event-signals.interface.js';
import type { FilePartStore } from './file-part-store.interface.js';
import type { OutboxStore } from './outbox-store.interface.js';
import type { LeaseStore } from './lease-store.interface.js';
import type { EventClaim, EventStatus, PathwayState } from './pathway-state.interface.js';
import type { TransactionClaim, TransactionRunner } from './transaction-runner.interface.js';
import type { WriteLedger } from './write-ledger.interface.js';

/** What a store gets to know of the application it works for. */
export interface StoreContext {
  readonly tenant: string;
  readonly dataCore: string;
  readonly clock: Clock;
  readonly logger: PathwaysLogger;
  /** The pumps this instance runs; known from the start on. */
  pumps(): readonly PumpId[];
  /** Keys of the pathways this instance handles. */
  pathways(): readonly string[];
  /**
   * Milliseconds within which an event may be delivered again: retries and the pump's look-back. `Infinity` when a handler
   * has no time limit.
   */
  longestRedeliveryMs(): number;
  /** To be called when an event ended in another instance, with the id or claim id that was waited for. */
  onEnded(eventId: string, status: EventStatus): void;
  /** Looks a provider up in the application's container; `undefined` outside of one, or when there is none. */
  resolve(token: unknown): unknown;
}

/** The claim of an event that may have to wait behind dead letters. */
export interface OrderedClaim extends TransactionClaim {
  /** The source of the letters it would wait behind. */
  readonly source: string;
  /** Their order key. */
  readonly orderKey: string;
}

/** Everything the library remembers between events. Bring your own parts; what is left out is kept in memory. */
export interface PathwaysStore {
  readonly state: PathwayState;
  readonly cursors: CursorStore;
  readonly deadLetters: DeadLetterStore;
  readonly leases: LeaseStore;

  /** With it large events are put together from their parts. Must be as durable as `cursors`. */
  readonly chunks?: ChunkStore;

  /**
   * Keeps the parts of files until they are whole. Must be as durable as `cursors`.
   *
   * @default in memory: a restart loses the parts of unfinished files that the pump has passed
   */
  readonly fileParts?: FilePartStore;

  /** With it handlers run inside transactions, unless they opt out. */
  readonly transactions?: TransactionRunner;

  /** With it waiting writes learn of events that end in other instances. */
  readonly signals?: EventSignals;

  /** With it writes can be part of the caller's transaction, and are sent after its commit. */
  readonly outbox?: OutboxStore;

  /** Remembers writes with an `idempotencyKey`. */
  readonly writes?: WriteLedger;

  /**
   * Remembers which pumps are paused.
   *
   * @default in memory: after a restart they deliver again, unless the control plane says otherwise
   */
  readonly delivery?: DeliveryStore;

  /**
   * Remembers the control plane's commands that were begun.
   *
   * @default in memory: after a restart one whose end the control plane does not know runs again
   */
  readonly commands?: CommandStore;

  /**
   * Keeps a dead letter and marks its event in one step. Without it the two are written one after the other, and a crash
   * between them runs the handler once more.
   */
  endAsDeadLetter?(letter: DeadLetter, generation: number): MaybePromise<void>;

  /**
   * `state.claim`, and a look for dead letters of the source and order key in the same step. `claimed-behind` is as good as
   * `claimed`, and says that `deadLetters.blockerOf` has found one. It must see every letter that any instance had added
   * before the call.
   *
   * @default without it every event of a pathway with `orderBy` costs a `deadLetters.blockerOf` after its claim
   */
  claimInOrder?(claim: OrderedClaim): MaybePromise<EventClaim | 'claimed-behind'>;

  /**
   * `transactions.run`, with the same look under the claim. Resolves with `behind` when there is a letter: then the attempt
   * is not made, and everything is as before.
   *
   * @default without it every event of a pathway with `orderBy` costs a `deadLetters.blockerOf` before its transaction
   */
  runInOrder?(
    claim: OrderedClaim,
    attempt: (transaction: unknown) => Promise<void>,
  ): Promise<EventClaim | 'behind'>;

  /** Called once, before anything else. Rejecting fails the start of the application. */
  open?(context: StoreContext): MaybePromise<void>;

  /** Called once, when nothing uses the store any more. */
  close?(): MaybePromise<void>;
}

/**
 * Makes a store for one instance of the module. What `typeOrmStore()` returns: options objects are shared and tested for
 * equality, connections must not be.
 */
export interface PathwaysStoreFactory {
  /** Classes without dependencies that applications can inject when the store is given where the module is declared. */
  readonly providers?: readonly (new () => object)[];

  createStore(): PathwaysStore;
}
