import type { PathwayContract } from '../contract/pathway-contract.interface.js';
import type { FlowcoreEvent } from '../event/flowcore-event.interface.js';
import { within, type Clock } from '../event/clock.interface.js';
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
  readonly clock: Clock;
  readonly logger: PathwaysLogger;
}

/** Runs one attempt in a transaction, unless a dead letter of its key is there. */
export type RunInOrder = (attempt: (transaction: unknown) => Promise<void>) => Promise<EventClaim | 'behind'>;

type Claim = EventClaim | 'claimed-behind';

/** A claim whose event's turn has not come. */
interface BegunClaim {
  /** By the clock. */
  readonly at: number;
  readonly answer: Promise<Claim>;
}

/**
 * How long a begun claim is believed. It may be taken over when its time is out or its instance is thought to be gone: an
 * instance that was frozen and wakes would handle again, and out of order, what its successor has handled.
 */
const BELIEVED_MS = 1_000;

/** How long giving claims back waits for those that are not granted yet, because somebody else has them. */
const PATIENCE_MS = 1_000;

/** Claims events. A store that can looks for the dead letters they would wait behind in the same step. */
export class OrderedClaims {
  /** Claims of events whose turn has not come. */
  private readonly begun = new Map<FlowcoreEvent, BegunClaim>();

  constructor(private readonly deps: OrderedClaimsDependencies) {}

  /** Begins the claim of an event, for `claim` to go on with. */
  begin(pathway: PathwayContract, event: FlowcoreEvent, delivery: EventDelivery): void {
    // A state that throws at once fails the event's own start like any other, and not the pump that looks ahead.
    const answer = (async () => this.claim(pathway, event, delivery))();
    answer.catch(() => {}); // Told to whoever goes on with it.
    this.begun.set(event, { at: this.deps.clock.now(), answer });
  }

  /** Gives back what was begun and not gone on with. */
  async giveBack(events: readonly FlowcoreEvent[]): Promise<void> {
    const released = Promise.all(events.map((event) => this.release(event, this.takeBegun(event))));
    const warned = released.catch((error: unknown) =>
      this.deps.logger.warn(
        `Claims of ${events.length} events could not be given back; other instances wait until they run out`,
        errorFields(error),
      ),
    );
    // Those that are granted later are given back then.
    await within(this.deps.clock, PATIENCE_MS, warned);
  }

  private takeBegun(event: FlowcoreEvent): BegunClaim | undefined {
    const begun = this.begun.get(event);
    if (begun) this.begun.delete(event);
    return begun;
  }

  private async release(event: FlowcoreEvent, begun: BegunClaim | undefined): Promise<void> {
    const claim = await begun?.answer.catch(() => undefined);
    if (claim === 'claimed' || claim === 'claimed-behind')
      await this.deps.store.state.release(claimIdOf(event));
  }

  /** Goes on with what was begun, unless it is too old to be believed. */
  private async goOn(
    begun: BegunClaim,
    pathway: PathwayContract,
    event: FlowcoreEvent,
    delivery: EventDelivery,
  ): Promise<Claim> {
    const claim = await begun.answer;
    if (this.deps.clock.now() - begun.at <= BELIEVED_MS) return claim;
    await this.release(event, begun);
    return this.claim(pathway, event, delivery);
  }

  /** `claimed-behind`: claimed, and whether a dead letter holds the event back has to be found out. */
  claim(pathway: PathwayContract, event: FlowcoreEvent, delivery: EventDelivery): MaybePromise<Claim> {
    const { store } = this.deps;
    const begun = this.begun.size > 0 ? this.takeBegun(event) : undefined;
    if (begun) return this.goOn(begun, pathway, event, delivery);
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
