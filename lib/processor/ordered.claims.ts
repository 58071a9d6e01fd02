import type { PathwayContract } from '../contract/pathway-contract.interface.js';
import type { FlowcoreEvent } from '../event/flowcore-event.interface.js';
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
}

/** Runs one attempt in a transaction, unless a dead letter of its key is there. */
export type RunInOrder = (attempt: (transaction: unknown) => Promise<void>) => Promise<EventClaim | 'behind'>;

/** Claims events. A store that can looks for the dead letters they would wait behind in the same step. */
export class OrderedClaims {
  constructor(private readonly deps: OrderedClaimsDependencies) {}

  /** `claimed-behind`: claimed, and whether a dead letter holds the event back has to be found out. */
  claim(
    pathway: PathwayContract,
    event: FlowcoreEvent,
    delivery: EventDelivery,
  ): MaybePromise<EventClaim | 'claimed-behind'> {
    const { store } = this.deps;
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

function notLookedFor(claim: EventClaim): EventClaim | 'claimed-behind' {
  return claim === 'claimed' ? 'claimed-behind' : claim;
}
