import type { PathwayContract } from '../contract/pathway-contract.interface.js';
import { PathwayEventParkedError } from '../errors/pathway-event-parked.error.js';
import { PathwayHandlerFailedError } from '../errors/pathway-handler-failed.error.js';
import type { Clock } from '../event/clock.interface.js';
import type { FlowcoreEvent } from '../event/flowcore-event.interface.js';
import { errorFields, type PathwaysLogger } from '../event/logger.interface.js';
import { isPromiseLike, type MaybePromise } from '../event/maybe-promise.type.js';
import type { Telemetry } from '../event/telemetry.interface.js';
import type { EventLog } from '../security/event-log.js';
import type { EventEnd, EventWaiters } from '../state/event-waiters.js';
import type { DeadLetter } from '../state/dead-letter-store.interface.js';
import type { EventStatus } from '../state/pathway-state.interface.js';
import type { PathwaysStore } from '../state/pathways-store.interface.js';
import { claimIdOf } from './claim-id.util.js';
import { errorOfDeadLetter, redeliveredError } from './dead-letter-error.util.js';
import { DeadLetterOffice } from './dead-letter.office.js';
import type { EventDelivery, EventOutcome } from './event-delivery.interface.js';
import type { HandlerFailure } from './handler.runner.js';
import { OrderGate } from './order.gate.js';
import { withStoreRetry } from './store-retry.util.js';

/** The parts an ending is written with. */
export interface EventEndingDependencies {
  readonly store: PathwaysStore;
  readonly waiters: EventWaiters;
  readonly clock: Clock;
  readonly logger: PathwaysLogger;
  readonly telemetry: Telemetry;
  readonly eventLog?: EventLog | undefined;
  orderKeyOf(pathway: PathwayContract, event: FlowcoreEvent): string | undefined;
}

/** A claimed event and how it got here. */
export interface ClaimedEvent {
  readonly pathway: PathwayContract;
  readonly event: FlowcoreEvent;
  readonly delivery: EventDelivery;
}

const PROCESSED: EventOutcome = { status: 'processed' };
const SKIPPED: EventOutcome = { status: 'skipped' };
const PROCESSED_END: EventEnd = { status: 'processed' };

/** Writes down how events end, and tells whoever waits. */
export class EventEnding {
  readonly deadLetters: DeadLetterOffice;
  private readonly gate: OrderGate;

  constructor(private readonly deps: EventEndingDependencies) {
    this.gate = new OrderGate(deps.store.deadLetters);
    this.deadLetters = new DeadLetterOffice(deps);
  }

  /** Tried again by itself: running the handler again because a mark could not be written would repeat its effects. */
  mark(claimId: string, delivery: EventDelivery): MaybePromise<void> {
    const { store, clock } = this.deps;
    return withStoreRetry(clock, delivery.signal, () =>
      store.state.complete(claimId, delivery.generation, 'processed'),
    );
  }

  /**
   * The mark is written.
   *
   * @param claimId what it is written under; see claimIdOf.
   */
  processed(eventId: string, claimId: string = eventId): EventOutcome {
    this.tell(eventId, claimId, PROCESSED_END);
    return PROCESSED;
  }

  /** The handler finally failed. */
  async failed({ pathway, event, delivery }: ClaimedEvent, failure: HandlerFailure): Promise<EventOutcome> {
    const { attempts, final } = failure;
    // A replay has no pump to halt: its letter stays, with the new attempts.
    if (pathway.onExhausted !== 'halt' || delivery.purpose === 'replay') {
      const error = new PathwayHandlerFailedError(pathway.key, event.eventId, attempts.length, final);
      return this.deadLetter({ pathway, event, delivery }, failure, error, 'failed');
    }
    const { eventId } = event;
    const claimId = claimIdOf(event);
    await this.release(claimId);
    const error = new PathwayHandlerFailedError(pathway.key, eventId, attempts.length, final, 'halted');
    // The event has not ended: only this process knows that waiting for it is in vain for now.
    this.tellHere(eventId, claimId, { status: 'dead-lettered', error });
    return { status: 'halted', error };
  }

  /** The event never reached its handler. */
  async invalid(claimed: ClaimedEvent, failure: HandlerFailure): Promise<EventOutcome> {
    return this.deadLetter(claimed, failure, failure.final, 'invalid');
  }

  /** Parks an event behind the dead letters of its key; `undefined` when nothing keeps it from running. */
  async parked({ pathway, event, delivery }: ClaimedEvent): Promise<EventOutcome | undefined> {
    const orderKey = this.deps.orderKeyOf(pathway, event);
    if (orderKey === undefined) return undefined;
    const obstacle = await this.gate.obstacleOf(event, orderKey, delivery);
    if (obstacle === undefined) return undefined;
    if ('own' in obstacle) return this.remarked(pathway, event, delivery, obstacle.own);
    const { behind: blocker } = obstacle;
    const error = new PathwayEventParkedError(pathway.key, event.eventId, orderKey, blocker);
    const letter = { pathway, event, delivery, orderKey, reason: 'parked', attempts: [], error } as const;
    if (!(await this.deadLetters.park(letter))) return undefined;
    this.tell(event.eventId, claimIdOf(event), { status: 'dead-lettered', error });
    return { status: 'dead-lettered', error };
  }

  /**
   * Another delivery has ended the event, or that of another copy of it. Told anew: the instance that ended it may have died
   * before it said so, and who waits for this copy was never told of it.
   */
  async earlier(pathway: PathwayContract, event: FlowcoreEvent, status: EventStatus): Promise<EventOutcome> {
    const claimId = claimIdOf(event);
    if (status === 'processed') {
      this.tell(event.eventId, claimId, PROCESSED_END);
      return SKIPPED;
    }
    const letter = await this.deps.store.deadLetters.get(claimId);
    const failure = errorOfDeadLetter(pathway.key, event.eventId, letter);
    this.tell(event.eventId, claimId, { status: 'dead-lettered', error: failure });
    return { status: 'dead-lettered', error: redeliveredError(pathway.key, event.eventId, letter) };
  }

  async release(claimId: string): Promise<void> {
    try {
      const released = this.deps.store.state.release(claimId);
      if (isPromiseLike(released)) await released;
    } catch (error) {
      this.deps.logger.error(`The claim of event ${claimId} could not be released`, errorFields(error));
    }
  }

  /** The event is a dead letter whose mark was lost. Ending it anew would replace what is known of its failure. */
  private async remarked(
    pathway: PathwayContract,
    event: FlowcoreEvent,
    { signal }: EventDelivery,
    letter: DeadLetter,
  ): Promise<EventOutcome> {
    const { store, clock } = this.deps;
    await withStoreRetry(clock, signal, () =>
      store.state.complete(claimIdOf(event), letter.generation ?? 0, 'dead-lettered'),
    );
    return this.earlier(pathway, event, 'dead-lettered');
  }

  private async deadLetter(
    { pathway, event, delivery }: ClaimedEvent,
    { attempts }: HandlerFailure,
    error: Error,
    reason: 'failed' | 'invalid',
  ): Promise<EventOutcome> {
    // Letters of 'continue' hold nothing back, also not the events of other pathways with the same key.
    const orderKey = pathway.onExhausted === 'continue' ? undefined : this.deps.orderKeyOf(pathway, event);
    await this.deadLetters.add({ pathway, event, delivery, orderKey, reason, attempts, error });
    this.tell(event.eventId, claimIdOf(event), { status: 'dead-lettered', error });
    return { status: 'dead-lettered', error };
  }

  /** Under both names: a write with an idempotency id waits for whichever of its copies ends first. */
  private tell(eventId: string, claimId: string, end: EventEnd): void {
    const { signals } = this.deps.store;
    if (this.deps.waiters.size > 0) this.tellHere(eventId, claimId, end);
    // A letter is found by the claim alone: who learned of the copy's end first would not learn why.
    if (claimId === eventId || end.status === 'processed') signals?.ended(eventId, end.status);
    if (claimId !== eventId) signals?.ended(claimId, end.status);
  }

  private tellHere(eventId: string, claimId: string, end: EventEnd): void {
    this.deps.waiters.settle(eventId, end);
    if (claimId !== eventId) this.deps.waiters.settle(claimId, end);
  }
}
