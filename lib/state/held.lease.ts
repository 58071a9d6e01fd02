import { sleep, type Clock } from '../event/clock.interface.js';
import { WakeUp } from '../event/wake-up.js';
import type { Lease, LeaseStore } from './lease-store.interface.js';

const LEASE_TTL_MS = 30_000;
const RENEW_MS = 10_000;
/** A renewal that fails is tried again until then: early enough to stop before another instance may begin. */
const LAST_RENEWAL_MS = 20_000;

/** What the lease works with. */
export interface HeldLeaseOptions {
  readonly key: string;
  readonly leases: LeaseStore;
  readonly clock: Clock;
  onError(error: unknown): void;
}

/** What may happen to a lease that is kept. */
export interface LeaseListener {
  onLost(): void;
  /** Another instance asks for it: end what runs under it, and give it up. */
  onAsked?(): void;
}

/** The right to run a pump or the relay: waited for, renewed while it runs, released when it ends. */
export class HeldLease {
  private lease: Lease | undefined;
  /** Clock time until which another instance goes first: it asked for the lease. */
  private standsBackUntil = -Infinity;
  /** It had it from here: when it is released again, it is free. */
  private hasGivenUp = false;

  constructor(private readonly options: HeldLeaseOptions) {}

  /** The lease held, or a new one if it is free now and no other instance goes first. */
  async tryHold(): Promise<Lease | undefined> {
    await this.keepHeld();
    if (!this.lease && this.standsBackUntil > this.options.clock.now()) return undefined;
    this.lease ??= await this.options.leases.acquire(this.options.key, LEASE_TTL_MS);
    return this.lease;
  }

  /**
   * The lease held, or a new one as soon as it is free: told at once, or found within ten seconds; `undefined` when the signal
   * came first.
   *
   * @param asks the instance that holds it, to give it up.
   */
  async hold(signal: AbortSignal, asks = false): Promise<Lease | undefined> {
    const { key, leases, clock } = this.options;
    await this.keepHeld();
    const bell = new WakeUp(clock);
    // Before the first look: a release right after it must not be missed.
    const unsubscribe = leases.onReleased?.((released) => {
      if (released !== key) return;
      if (this.hasGivenUp) this.standsBackUntil = -Infinity;
      this.hasGivenUp = false;
      bell.ring();
    });
    const endDeference = leases.onAsked?.((wanted) => {
      if (wanted === key) this.standBack();
    });
    try {
      while (!this.lease && !signal.aborted) {
        const backMs = asks ? 0 : this.standsBackUntil - clock.now();
        if (backMs > 0) {
          await bell.wait(backMs, signal);
          continue;
        }
        this.lease = await leases.acquire(key, LEASE_TTL_MS);
        if (this.lease) break;
        if (asks) await leases.ask?.(key);
        await bell.wait(RENEW_MS, signal);
      }
    } finally {
      unsubscribe?.();
      endDeference?.();
    }
    return this.lease;
  }

  /** As `hold`, asking for it, but not for ever: `undefined` when another instance keeps it that long. */
  async holdWithin(patienceMs: number, signal: AbortSignal): Promise<Lease | undefined> {
    const over = new AbortController();
    const timer = this.options.clock.startTimer(patienceMs, () => over.abort());
    try {
      return await this.hold(AbortSignal.any([signal, over.signal]), true);
    } finally {
      timer.cancel();
    }
  }

  /** Renews until the signal ends it or the lease is lost. */
  async keep(lease: Lease, signal: AbortSignal, { onLost, onAsked }: LeaseListener): Promise<void> {
    const unsubscribe = this.options.leases.onAsked?.((wanted) => {
      if (wanted === lease.key) onAsked?.();
    });
    try {
      if (!(await this.renewUntil(lease, signal))) onLost();
    } finally {
      unsubscribe?.();
    }
  }

  /** Waits while nothing runs under the lease; it is given up, and the wait ended, when another instance asks for it. */
  async idle(signal: AbortSignal, wait: (signal: AbortSignal) => Promise<unknown>): Promise<void> {
    const { key, leases } = this.options;
    const asked = new AbortController();
    const unsubscribe = leases.onAsked?.((wanted) => {
      if (wanted === key) asked.abort();
    });
    try {
      await wait(AbortSignal.any([signal, asked.signal]));
    } finally {
      unsubscribe?.();
    }
    if (asked.signal.aborted && !signal.aborted) await this.giveUp();
  }

  /** Releases it to an instance that asked for it, and leaves it the time to take it. */
  async giveUp(): Promise<void> {
    this.standBack();
    this.hasGivenUp = true;
    await this.release();
  }

  /**
   * Releases it because nothing can be done with it here. Every other instance looks once before this one takes it again, also
   * where releases are not announced.
   */
  async leave(): Promise<void> {
    this.standBack(2 * RENEW_MS);
    this.hasGivenUp = false;
    await this.release();
  }

  private standBack(milliseconds = RENEW_MS): void {
    this.standsBackUntil = this.options.clock.now() + milliseconds;
  }

  /** `false`: the lease is lost. */
  private async renewUntil(lease: Lease, signal: AbortSignal): Promise<boolean> {
    const { clock } = this.options;
    for (let renewedAt = clock.now(); ;) {
      await sleep(clock, RENEW_MS, signal);
      if (signal.aborted) return true;
      const askedAt = clock.now();
      // A store that hangs counts as one that fails: the lease runs out either way.
      const patience = new AbortController();
      const isOurs = await Promise.race([
        this.tryRenew(lease),
        sleep(clock, RENEW_MS / 2, AbortSignal.any([signal, patience.signal])).then(() => undefined),
      ]);
      patience.abort();
      if (signal.aborted) return true;
      if (isOurs) renewedAt = askedAt;
      if (isOurs === false || clock.now() - renewedAt >= LAST_RENEWAL_MS) {
        this.lease = undefined;
        return false;
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

  /** Not renewed between two runs, a lease may belong to another instance by now. */
  private async keepHeld(): Promise<void> {
    if (this.lease && !(await this.options.leases.renew(this.lease, LEASE_TTL_MS))) this.lease = undefined;
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
