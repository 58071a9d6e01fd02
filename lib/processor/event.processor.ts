import type { PathwayContract } from '../contract/pathway-contract.interface.js';
import type { PathwayRegistry } from '../contract/pathway.registry.js';
import { PathwayEventParkedError } from '../errors/pathway-event-parked.error.js';
import { PathwayHandlerFailedError } from '../errors/pathway-handler-failed.error.js';
import { PathwayUnknownError } from '../errors/pathway-unknown.error.js';
import type { Clock } from '../event/clock.interface.js';
import type { FlowcoreEvent, PathwayEvent } from '../event/flowcore-event.interface.js';
import { errorFields, type PathwaysLogger } from '../event/logger.interface.js';
import { isPromiseLike, type MaybePromise } from '../event/maybe-promise.type.js';
import type { Telemetry } from '../event/telemetry.interface.js';
import type { EventStatus } from '../state/pathway-state.interface.js';
import type { PathwaysStore } from '../state/pathways-store.interface.js';
import type { EventEnd, EventWaiters } from '../state/event-waiters.js';
import { DeadLetterOffice } from './dead-letter.office.js';
import { toError } from './error-fingerprint.util.js';
import type { EventDelivery, EventOutcome } from './event-delivery.interface.js';
import { HandlerRunner, type HandlerFailure } from './handler.runner.js';
import type { HandlerRegistry } from './handler.registry.js';
import type { PumpProcessor } from './pump-processor.interface.js';
import { withStoreRetry } from './store-retry.util.js';

/** The parts the processor works with. */
export interface EventProcessorDependencies {
  readonly registry: PathwayRegistry;
  readonly handlers: HandlerRegistry;
  readonly store: PathwaysStore;
  readonly waiters: EventWaiters;
  readonly clock: Clock;
  readonly logger: PathwaysLogger;
  readonly telemetry: Telemetry;
  /** Milliseconds; 0 is no limit. */
  readonly handlerTimeoutMs: number;
}

const PROCESSED: EventOutcome = { status: 'processed' };
const SKIPPED: EventOutcome = { status: 'skipped' };
const ABORTED: EventOutcome = { status: 'aborted' };

/**
 * Takes one event through the pipeline (architecture §5):
 *
 * find pathway → claim → validate a copy → observers *before* → handler with retries → mark → wake waiting writes →
 * observers *after*. What finally fails becomes a dead letter; nothing is dropped.
 */
export class EventProcessor implements PumpProcessor {
  private readonly runner: HandlerRunner;
  private readonly deadLetters: DeadLetterOffice;

  constructor(private readonly deps: EventProcessorDependencies) {
    this.runner = new HandlerRunner(deps);
    this.deadLetters = new DeadLetterOffice(deps);
  }

  /** True when this instance knows the pathway. */
  has(flowType: string, eventType: string): boolean {
    return this.deps.registry.find(flowType, eventType) !== undefined;
  }

  orderKey(event: FlowcoreEvent): string {
    const pathway = this.deps.registry.find(event.flowType, event.eventType);
    return (pathway && this.declaredOrderKey(pathway, event)) ?? '';
  }

  /**
   * @throws PathwayUnknownError for an event of a pathway that is not registered. Rejects with the store's error when
   * the store fails: the event is then not finished and must be delivered again.
   */
  async process(event: FlowcoreEvent, delivery: EventDelivery): Promise<EventOutcome> {
    const { registry, store, telemetry, clock } = this.deps;
    const pathway = registry.find(event.flowType, event.eventType);
    if (!pathway) throw new PathwayUnknownError(`${event.flowType}/${event.eventType}`);

    const startedAt = telemetry.eventFinished ? clock.now() : 0;
    const claimed = store.state.claim(event.eventId, delivery.generation);
    const claim = isPromiseLike(claimed) ? await claimed : claimed;
    const outcome =
      claim === 'claimed'
        ? await this.processClaimed(pathway, event, delivery)
        : await this.outcomeOfEarlierDelivery(pathway, event, claim);
    telemetry.eventFinished?.(pathway.key, outcome.status, clock.now() - startedAt);
    return outcome;
  }

  async deadLetterMalformed(
    raw: unknown,
    problems: readonly string[],
    delivery: EventDelivery,
  ): Promise<void> {
    await this.deadLetters.addMalformed(raw, problems, delivery);
  }

  private async processClaimed(
    pathway: PathwayContract,
    event: FlowcoreEvent,
    delivery: EventDelivery,
  ): Promise<EventOutcome> {
    try {
      const mayBeParked = pathway.orderBy !== undefined && pathway.onExhausted === 'park';
      const parked = mayBeParked ? await this.parkBehindEarlierFailure(pathway, event, delivery) : undefined;
      return parked ?? (await this.handle(pathway, event, delivery));
    } catch (error) {
      // Only a store gets here. Without the release every later delivery would wait for this claim for ever.
      await this.release(event.eventId);
      throw error;
    }
  }

  private async handle(
    pathway: PathwayContract,
    event: FlowcoreEvent,
    delivery: EventDelivery,
  ): Promise<EventOutcome> {
    const bindings = this.deps.handlers.of(pathway.key);
    let handled: PathwayEvent;
    try {
      const parsed = pathway.parse(event.payload);
      const payload = isPromiseLike(parsed) ? await parsed : parsed;
      handled = { ...event, payload };
    } catch (thrown) {
      const error = toError(thrown);
      this.runner.notifyErrorHandlers(bindings, error, event, pathway, delivery, 1);
      return this.deadLetter(
        pathway,
        event,
        delivery,
        { attempts: [{ at: this.deps.clock.now(), error }], final: error },
        'invalid',
      );
    }

    if (bindings.before.length > 0)
      this.runner.notifyObservers(bindings.before, 'before', handled, pathway, delivery);
    const run = bindings.handler && this.runner.run(bindings, handled, pathway, delivery);
    const failure = run && (await run);
    if (failure === 'aborted') {
      await this.release(event.eventId);
      return ABORTED;
    }
    if (failure) return this.fail(pathway, event, delivery, failure);

    const marked = this.mark(event.eventId, delivery, 'processed');
    if (isPromiseLike(marked)) await marked;
    if (this.deps.waiters.size > 0) this.deps.waiters.settle(event.eventId, PROCESSED_END);
    if (bindings.after.length > 0)
      this.runner.notifyObservers(bindings.after, 'after', handled, pathway, delivery);
    return PROCESSED;
  }

  private async fail(
    pathway: PathwayContract,
    event: FlowcoreEvent,
    delivery: EventDelivery,
    failure: HandlerFailure,
  ): Promise<EventOutcome> {
    if (pathway.onExhausted !== 'halt') return this.deadLetter(pathway, event, delivery, failure, 'failed');
    await this.release(event.eventId);
    const error = new PathwayHandlerFailedError(
      pathway.key,
      event.eventId,
      failure.attempts.length,
      failure.final,
      'halted',
    );
    this.deps.waiters.settle(event.eventId, { status: 'dead-lettered', error });
    return { status: 'halted', error };
  }

  private async deadLetter(
    pathway: PathwayContract,
    event: FlowcoreEvent,
    delivery: EventDelivery,
    failure: HandlerFailure,
    reason: 'failed' | 'invalid' | 'parked',
  ): Promise<EventOutcome> {
    const error =
      reason === 'failed'
        ? new PathwayHandlerFailedError(pathway.key, event.eventId, failure.attempts.length, failure.final)
        : failure.final;
    const orderKey = this.declaredOrderKey(pathway, event);
    await this.deadLetters.add({
      pathway,
      event,
      delivery,
      orderKey,
      reason,
      attempts: failure.attempts,
      error,
    });
    await this.mark(event.eventId, delivery, 'dead-lettered');
    this.deps.waiters.settle(event.eventId, { status: 'dead-lettered', error });
    return { status: 'dead-lettered', error };
  }

  private async parkBehindEarlierFailure(
    pathway: PathwayContract,
    event: FlowcoreEvent,
    delivery: EventDelivery,
  ): Promise<EventOutcome | undefined> {
    const orderKey = this.declaredOrderKey(pathway, event);
    if (orderKey === undefined) return undefined;
    const blocker = await this.deps.store.deadLetters.blockerOf(delivery.source, orderKey);
    if (blocker === undefined) return undefined;
    const error = new PathwayEventParkedError(pathway.key, event.eventId, orderKey, blocker);
    return this.deadLetter(pathway, event, delivery, { attempts: [], final: error }, 'parked');
  }

  private async outcomeOfEarlierDelivery(
    pathway: PathwayContract,
    event: FlowcoreEvent,
    status: EventStatus,
  ): Promise<EventOutcome> {
    if (status === 'processed') {
      this.deps.waiters.settle(event.eventId, PROCESSED_END);
      return SKIPPED;
    }
    const error = await this.deadLetters.errorOf(pathway.key, event.eventId);
    this.deps.waiters.settle(event.eventId, { status: 'dead-lettered', error });
    return { status: 'dead-lettered', error };
  }

  /** A key function of the user may throw on an odd event; that event then keeps its place in the strict order. */
  private declaredOrderKey(pathway: PathwayContract, event: FlowcoreEvent): string | undefined {
    if (!pathway.orderBy) return undefined;
    try {
      const key: unknown = pathway.orderBy(event);
      return key === undefined || key === null ? undefined : String(key);
    } catch (error) {
      this.deps.telemetry.callbackFailed?.(pathway.key, 'orderBy', error);
      this.deps.logger.warn(`orderBy of ${pathway.key} threw; the event is handled in strict order`, {
        eventId: event.eventId,
        ...errorFields(error),
      });
      return undefined;
    }
  }

  /** Tried again by itself: running the handler again because a mark could not be written would repeat its effects. */
  private mark(eventId: string, delivery: EventDelivery, status: EventStatus): MaybePromise<void> {
    const { store, clock } = this.deps;
    return withStoreRetry(clock, delivery.signal, () =>
      store.state.complete(eventId, delivery.generation, status),
    );
  }

  private async release(eventId: string): Promise<void> {
    try {
      await this.deps.store.state.release(eventId);
    } catch (error) {
      this.deps.logger.error(`The claim of event ${eventId} could not be released`, errorFields(error));
    }
  }
}

const PROCESSED_END: EventEnd = { status: 'processed' };
