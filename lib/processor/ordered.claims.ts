import type { PathwayContract } from '../contract/pathway-contract.interface.js';
import type { FlowcoreEvent } from '../event/flowcore-event.interface.js';
import { errorFields, type PathwaysLogger } from '../event/logger.interface.js';
import { isPromiseLike, type MaybePromise } from '../event/maybe-promise.type.js';
import type { EventClaim } from '../state/pathway-state.interface.js';
import type { OrderedClaim, PathwaysStore } from '../state/pathways-store.interface.js';
import { claimIdOf } from './claim-id.util.js';
import type { EventDelivery } from './event-delivery.interface.js';
import type { EventDecoder } from './event.decoder.js';
import { mayBeParked, type OrderKeyReader } from './order-key.reader.js';

/** The parts the claims are made with. */
export interface OrderedClaimsDependencies {
  readonly store: PathwaysStore;
  readonly orderKeys: OrderKeyReader;
  readonly decoder: EventDecoder;
  readonly logger: PathwaysLogger;
}

/** Runs one attempt in a transaction, unless a dead letter of its key is there. */
export type RunInOrder = (attempt: (transaction: unknown) => Promise<void>) => Promise<EventClaim | 'behind'>;

type Claim = EventClaim | 'claimed-behind';

/** Claims events. A store that can looks for the dead letters they would wait behind in the same step. */
export class OrderedClaims {
  /** Claims of events whose turn has not come. */
  private readonly begun = new Map<FlowcoreEvent, Promise<Claim>>();

  constructor(private readonly deps: OrderedClaimsDependencies) {}

  /** Begins the claim of an event, for `claim` to go on with. */
  begin(pathway: PathwayContract, event: FlowcoreEvent, delivery: EventDelivery): void {
    const claim = Promise.resolve(this.claim(pathway, event, delivery));
    claim.catch(() => {}); // Told to whoever goes on with it.
    this.begun.set(event, claim);
  }

  /** Gives back what was begun and not gone on with. */
  async giveBack(events: readonly FlowcoreEvent[]): Promise<void> {
    const { state } = this.deps.store;
    const released = events.map(async (event) => {
      const claim = await this.takeBegun(event)?.catch(() => undefined);
      if (claim === 'claimed' || claim === 'claimed-behind') await state.release(claimIdOf(event));
    });
    const failed = (await Promise.allSettled(released)).find(({ status }) => status === 'rejected');
    if (failed) {
      const { reason } = failed as PromiseRejectedResult;
      this.deps.logger.warn(
        `Claims of ${events.length} events could not be given back; other instances wait until they run out`,
        errorFields(reason),
      );
    }
  }

  private takeBegun(event: FlowcoreEvent): Promise<Claim> | undefined {
    const claim = this.begun.get(event);
    if (claim) this.begun.delete(event);
    return claim;
  }

  /** `claimed-behind`: claimed, and whether a dead letter holds the event back has to be found out. */
  claim(pathway: PathwayContract, event: FlowcoreEvent, delivery: EventDelivery): MaybePromise<Claim> {
    const { store } = this.deps;
    const begun = this.begun.size > 0 ? this.takeBegun(event) : undefined;
    if (begun) return begun;
    const ordered = this.orderedClaimOf(pathway, event, delivery);
    if (ordered && store.claimInOrder) return store.claimInOrder(ordered);
    const claim = store.state.claim(claimIdOf(event), delivery.generation, delivery.purpose);
    // The key of an encrypted event may be there later only.
    if (!ordered && !(pathway.encrypted && mayBeParked(pathway, delivery))) return claim;
    return isPromiseLike(claim) ? claim.then(notLookedFor) : notLookedFor(claim);
  }

  /** `undefined` when there is nothing to look for, or the store cannot look by the way. */
  async runnerOf(
    pathway: PathwayContract,
    event: FlowcoreEvent,
    delivery: EventDelivery,
  ): Promise<RunInOrder | undefined> {
    const { store, decoder } = this.deps;
    const { runInOrder } = store;
    if (!runInOrder || !mayBeParked(pathway, delivery)) return undefined;
    if (pathway.encrypted) await decoder.readable(pathway, event);
    const ordered = this.orderedClaimOf(pathway, event, delivery);
    return ordered && ((attempt) => runInOrder.call(store, ordered, attempt));
  }

  /** A look of its own: whether the event, claimed or not, may have to wait behind a dead letter. */
  async isBehind(pathway: PathwayContract, event: FlowcoreEvent, delivery: EventDelivery): Promise<boolean> {
    if (!mayBeParked(pathway, delivery)) return false;
    if (pathway.encrypted) await this.deps.decoder.readable(pathway, event);
    const orderKey = this.deps.orderKeys.of(pathway, event);
    if (orderKey === undefined) return false;
    return (await this.deps.store.deadLetters.blockerOf(delivery.source, orderKey)) !== undefined;
  }

  private orderedClaimOf(
    pathway: PathwayContract,
    event: FlowcoreEvent,
    delivery: EventDelivery,
  ): OrderedClaim | undefined {
    if (!mayBeParked(pathway, delivery)) return undefined;
    const orderKey = this.deps.orderKeys.of(pathway, event);
    if (orderKey === undefined) return undefined;
    const { source, generation, purpose = 'delivery' } = delivery;
    return { eventId: claimIdOf(event), generation, purpose, source, orderKey };
  }
}

function notLookedFor(claim: EventClaim): Claim {
  return claim === 'claimed' ? 'claimed-behind' : claim;
}
