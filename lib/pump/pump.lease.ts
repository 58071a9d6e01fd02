import { sleep, type Clock } from '../event/clock.interface.js';
import type { Lease, LeaseStore } from '../state/lease-store.interface.js';

export const LEASE_TTL_MS = 30_000;
const RENEW_MS = 10_000;
/** A renewal that fails is tried again until then: early enough to stop before another instance may begin. */
const LAST_RENEWAL_MS = 20_000;

/** What the lease works with. */
export interface PumpLeaseOptions {
  readonly key: string;
  readonly leases: LeaseStore;
  readonly clock: Clock;
  onError(error: unknown): void;
}

/** A pump's right to run: waited for, renewed while it runs, released when it ends. */
export class PumpLease {
  private lease: Lease | undefined;

  constructor(private readonly options: PumpLeaseOptions) {}

  /** The lease held, or a new one as soon as it is free; `undefined` when the signal came first. */
  async hold(signal: AbortSignal): Promise<Lease | undefined> {
    const { key, leases, clock } = this.options;
    // Not renewed between two runs, so it may belong to another instance by now.
    if (this.lease && !(await leases.renew(this.lease, LEASE_TTL_MS))) this.lease = undefined;
    while (!this.lease && !signal.aborted) {
      this.lease = await leases.acquire(key, LEASE_TTL_MS);
      if (!this.lease) await sleep(clock, RENEW_MS, signal);
    }
    return this.lease;
  }

  /** Renews until the signal ends it or the lease is lost. */
  async keep(lease: Lease, signal: AbortSignal, onLost: () => void): Promise<void> {
    const { clock } = this.options;
    for (let renewedAt = clock.now(); ;) {
      await sleep(clock, RENEW_MS, signal);
      if (signal.aborted) return;
      const askedAt = clock.now();
      // A store that hangs counts as one that fails: the lease runs out either way.
      const patience = new AbortController();
      const isOurs = await Promise.race([
        this.tryRenew(lease),
        sleep(clock, RENEW_MS / 2, AbortSignal.any([signal, patience.signal])).then(() => undefined),
      ]);
      patience.abort();
      if (signal.aborted) return;
      if (isOurs) renewedAt = askedAt;
      if (isOurs === false || clock.now() - renewedAt >= LAST_RENEWAL_MS) {
        this.lease = undefined;
        onLost();
        return;
      }
    }
  }

  async release(): Promise<void> {
    const { lease } = this;
    this.lease = undefined;
    if (!lease) return;
    try {
      await this.options.leases.release(lease);
    } catch (error) {
      // It runs out by itself.
      this.options.onError(error);
    }
  }

  /** `undefined`: the store did not say. One that blinks must not cost a delivery. */
  private async tryRenew(lease: Lease): Promise<boolean | undefined> {
    try {
      return await this.options.leases.renew(lease, LEASE_TTL_MS);
    } catch (error) {
      this.options.onError(error);
      return undefined;
    }
  }
}
