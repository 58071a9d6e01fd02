import type { HeldLease, LeaseListener } from '../state/held.lease.js';
import type { Lease } from '../state/lease-store.interface.js';

/** Keeps the lease of a pump that is stopped in every instance, so that none of them can run it. States: *idle* ⇄ *keeping*. */
export class LeaseKeeper {
  private keeping: { readonly over: AbortController; readonly kept: Promise<void> } | undefined;

  constructor(private readonly lease: HeldLease) {}

  get isKeeping(): boolean {
    return this.keeping !== undefined;
  }

  begin(lease: Lease, listener: LeaseListener): void {
    const over = new AbortController();
    this.keeping = { over, kept: this.lease.keep(lease, over.signal, listener) };
  }

  /** The lease is held on, but not renewed any more. */
  async end(): Promise<void> {
    const { keeping } = this;
    this.keeping = undefined;
    keeping?.over.abort();
    await keeping?.kept;
  }
}
