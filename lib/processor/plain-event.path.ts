import type { PathwayContract } from '../contract/pathway-contract.interface.js';
import type { FlowcoreEvent } from '../event/flowcore-event.interface.js';
import { isPromiseLike, type MaybePromise } from '../event/maybe-promise.type.js';
import type { EventClaim } from '../state/pathway-state.interface.js';
import { claimIdOf } from './claim-id.util.js';
import type { EventDelivery, EventOutcome } from './event-delivery.interface.js';
import type { EventEnding } from './event.ending.js';
import type { HandlerBinding } from './handler-binding.interface.js';
import type { HandlerRegistry, PathwayBindings } from './handler.registry.js';
import type { HandlerRunner, RunEnd } from './handler.runner.js';
import type { OrderedClaims } from './ordered.claims.js';

/** The parts the path works with. */
export interface PlainEventPathDependencies {
  readonly claims: OrderedClaims;
  readonly handlers: HandlerRegistry;
  readonly runner: HandlerRunner;
  readonly ending: EventEnding;
  /** What becomes of a claimed event that may have to wait behind a dead letter. */
  behind(event: PlainEvent): Promise<EventOutcome>;
  /** What becomes of a claimed event whose payload its pathway refuses. */
  refuse(event: PlainEvent, thrown: unknown): Promise<EventOutcome>;
  /** What becomes of a claimed event whose handler did not succeed. */
  unfinished(event: PlainEvent, end: Exclude<RunEnd, undefined>): Promise<EventOutcome>;
}

/** A delivered event and what was looked up for it. */
export interface PlainEvent {
  readonly pathway: PathwayContract;
  readonly event: FlowcoreEvent;
  readonly delivery: EventDelivery;
  readonly bindings: PathwayBindings;
  readonly handler: HandlerBinding;
  readonly claimId: string;
}

/**
 * The way of an event between whose claim and end there is nothing but a check and its handler: no key, no parts, nobody
 * who watches, nothing it has to wait behind. That is nearly every event there is.
 *
 * It is the way of `EventPipeline`, which every other event takes, without a frame of its own: an `async` function that
 * waits for each step costs three promises, and as much time as everything else that is done for such an event.
 */
export class PlainEventPath {
  constructor(private readonly deps: PlainEventPathDependencies) {}

  /** Asked for every event: observers may be added at any time. */
  isOpenTo(pathway: PathwayContract, { isObserved }: PathwayBindings): boolean {
    if (pathway.encrypted || pathway.isFilePathway) return false;
    return !isObserved && this.deps.handlers.auditHandlers().length === 0;
  }

  take(
    pathway: PathwayContract,
    event: FlowcoreEvent,
    delivery: EventDelivery,
    bindings: PathwayBindings,
    handler: HandlerBinding,
  ): Promise<EventOutcome> {
    const claimId = claimIdOf(event);
    const plain = { pathway, event, delivery, bindings, handler, claimId };
    let claim: MaybePromise<EventClaim | 'claimed-behind'>;
    try {
      claim = this.deps.claims.claim(pathway, event, delivery);
    } catch (error) {
      return Promise.reject(error);
    }
    return isPromiseLike(claim)
      ? claim.then((answer) => this.answered(plain, answer))
      : this.answered(plain, claim);
  }

  private answered(plain: PlainEvent, claim: EventClaim | 'claimed-behind'): Promise<EventOutcome> {
    const { pathway, event } = plain;
    if (claim === 'claimed-behind') return this.deps.behind(plain);
    if (claim !== 'claimed') return this.deps.ending.earlier(pathway, event, claim);
    let payload: unknown;
    try {
      payload = pathway.parse(event.payload);
    } catch (thrown) {
      return this.orRelease(plain, this.deps.refuse(plain, thrown));
    }
    if (!isPromiseLike(payload)) return this.handle(plain, payload);
    return payload.then(
      (parsed) => this.handle(plain, parsed),
      (thrown) => this.orRelease(plain, this.deps.refuse(plain, thrown)),
    ) as Promise<EventOutcome>;
  }

  private handle(plain: PlainEvent, payload: unknown): Promise<EventOutcome> {
    const { pathway, event, delivery, bindings, handler, claimId } = plain;
    const run = { handler, bindings, event: { ...event, payload }, claimId, pathway, delivery };
    return new Promise((resolve) => {
      this.deps.runner.start(run, (end) => {
        try {
          resolve(this.ended(plain, end));
        } catch (error) {
          // Of a store's signal. Thrown on it would reach the handler's promise, and nobody who waits for the event.
          resolve(this.orRelease(plain, Promise.reject(error)));
        }
      });
    });
  }

  private ended(plain: PlainEvent, end: MaybePromise<RunEnd>): MaybePromise<EventOutcome> {
    if (isPromiseLike(end)) return end.then((settled) => this.ended(plain, settled));
    if (end !== undefined) return this.orRelease(plain, this.deps.unfinished(plain, end));
    const { event, delivery, claimId } = plain;
    const marked = this.deps.ending.mark(claimId, delivery);
    return isPromiseLike(marked)
      ? this.orRelease(
          plain,
          marked.then(() => this.deps.ending.processed(event.eventId, claimId)),
        )
      : this.deps.ending.processed(event.eventId, claimId);
  }

  /** Only a store rejects here. Without the release every later delivery would wait for this claim for ever. */
  private orRelease<T>({ claimId }: PlainEvent, work: Promise<T>): Promise<T> {
    return work.catch(async (error: unknown) => {
      await this.deps.ending.release(claimId);
      throw error;
    });
  }
}
