import type { MaybePromise } from '../event/maybe-promise.type.js';
import type { FencingToken } from './cursor-store.interface.js';

/** A granted lease. */
export interface Lease {
  readonly key: string;
  /** Grows with every grant of the key, so a late writer can be told from its successor. */
  readonly token: FencingToken;
}

/** Grants the right to run one pump (or relay) to one instance at a time. */
export interface LeaseStore {
  /** The lease, or `undefined` while another instance holds it. */
  acquire(key: string, ttlMs: number): MaybePromise<Lease | undefined>;
  /** `false`: the lease is lost; stop at once. */
  renew(lease: Lease, ttlMs: number): MaybePromise<boolean>;
  release(lease: Lease): MaybePromise<void>;

  /**
   * Calls back soon after another instance has released a lease, so that it is handed over at once. Without it, and should a
   * call get lost, whoever waits looks every ten seconds.
   *
   * @param wake gets the lease's key.
   * @returns a function that ends it.
   */
  onReleased?(wake: (key: string) => void): () => void;

  /**
   * Asks the other instances for a lease: what a pump was told here must be done where it runs. The one that holds it lets
   * its handlers end, and releases it. Asking is no promise: it is repeated until the lease is granted, or patience ends.
   * Without it a pump can only be reset where it runs.
   */
  ask?(key: string): MaybePromise<void>;

  /**
   * Calls back when another instance asks for a lease.
   *
   * @param give gets the lease's key.
   * @returns a function that ends it.
   */
  onAsked?(give: (key: string) => void): () => void;
}
