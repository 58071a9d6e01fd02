import type { PathwayContract } from '../contract/pathway-contract.interface.js';
import { within, type Clock } from '../event/clock.interface.js';
import { isPromiseLike } from '../event/maybe-promise.type.js';
import type { EventClaim, PathwayState } from '../state/pathway-state.interface.js';
import { byOrderKey, settleAll, type BatchedEvent } from './batched.event.js';
import type { EventDelivery } from './event-delivery.interface.js';
import type { EventEnding } from './event.ending.js';

/** What the claims are made with. */
export interface BatchClaimsDependencies {
  readonly state: PathwayState;
  readonly clock: Clock;
  readonly ending: EventEnding;
}

/**
 * A batch does not wait longer for the claims somebody else holds. Two deliveries that hold each other's events and wait
 * would wait for ever.
 */
const PATIENCE_MS = 1_000;

/** Claims the events of a batch outside a transaction, and gives claims back. */
export class BatchClaims {
  constructor(private readonly deps: BatchClaimsDependencies) {}

  /**
   * Afterwards each event is claimed, has ended (an earlier delivery had ended it), has a claim that is pending, or stands
   * behind such a one of its key.
   */
  async claim(
    pathway: PathwayContract,
    items: readonly BatchedEvent[],
    delivery: EventDelivery,
  ): Promise<void> {
    const settled = new Map<BatchedEvent, EventClaim>();
    const pending = items
      .filter((item) => !item.isClaimed && !item.outcome)
      .flatMap((item) => {
        const claim = this.deps.state.claim(item.claimId, delivery.generation, delivery.purpose);
        if (!isPromiseLike(claim)) {
          settled.set(item, claim);
          return [];
        }
        const granted = Promise.resolve(claim);
        item.pendingClaim = granted;
        return granted.then((answer) => void settled.set(item, answer));
      });
    // A claim that fails after the patience is over fails again where it is awaited.
    if (pending.length > 0) await within(this.deps.clock, PATIENCE_MS, settleAll(pending));
    for (const [item, claim] of settled) {
      item.pendingClaim = undefined;
      item.isClaimed = claim === 'claimed';
    }
    for (const [item, claim] of settled) {
      if (claim !== 'claimed') item.end(await this.deps.ending.earlier(pathway, item.event, claim));
    }
    for (const sameKey of byOrderKey(items)) {
      const firstPending = sameKey.findIndex((item) => item.pendingClaim);
      if (firstPending >= 0) await this.release(sameKey.slice(firstPending).filter((item) => item.isClaimed));
    }
  }

  /** Gives back what is held, or will be. */
  async release(items: readonly BatchedEvent[]): Promise<void> {
    for (const item of items) {
      const { pendingClaim, claimId } = item;
      item.pendingClaim = undefined;
      const give = (claim: EventClaim) =>
        claim === 'claimed' ? this.deps.ending.release(claimId) : undefined;
      pendingClaim?.then(give, () => {}); // One that is never granted needs no release.
      if (item.isClaimed) await this.deps.ending.release(claimId);
      item.isClaimed = false;
    }
  }
}
