import { systemClock, type Clock } from '../event/clock.interface.js';
import type { Lease, LeaseStore } from './lease-store.interface.js';

/** Grants every lease: right for a single process, where nobody else can run its pumps. */
export class AlwaysGrantedLeaseStore implements LeaseStore {
  private grants: number;

  constructor(clock: Clock = systemClock) {
    // Not from zero: a cursor store that outlives the process would refuse the tokens of the next one.
    this.grants = clock.now();
  }

  acquire(key: string): Lease {
    this.grants += 1;
    return { key, token: this.grants };
  }

  renew(): boolean {
    return true;
  }

  release(): void {}
}
