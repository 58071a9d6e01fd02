import type { Lease, LeaseStore } from './lease-store.interface.js';

/** Grants every lease: right for a single process, where nobody else can run its pumps. */
export class AlwaysGrantedLeaseStore implements LeaseStore {
  private grants = 0;

  acquire(key: string): Lease {
    this.grants += 1;
    return { key, token: this.grants };
  }

  renew(): boolean {
    return true;
  }

  release(): void {}
}
