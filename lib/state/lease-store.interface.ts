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
}
