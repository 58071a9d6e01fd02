import { EventMalformedError } from '../errors/event-malformed.error.js';
import { PathwayUnknownError } from '../errors/pathway-unknown.error.js';
import { PathwaysError } from '../errors/pathways.error.js';
import { WebhookSecretInvalidError } from '../errors/webhook-secret-invalid.error.js';
import { consoleLogger } from '../event/console.logger.js';
import { isRecord, kindOf } from '../event/event-shape.util.js';
import type { FlowcoreEvent } from '../event/flowcore-event.interface.js';
import type { BatchLimits } from '../processor/batch-binding.interface.js';
import type { EventDelivery, EventOutcome } from '../processor/event-delivery.interface.js';
import { throwUnlessFinished } from '../processor/outcome.util.js';
import type { BatchListener } from '../processor/pump-processor.interface.js';
import { SecretVerifier } from '../security/secret.verifier.js';
import { readDeliveredEvent } from './delivered-event.util.js';

/** What the router needs of the processor. */
export interface RouterProcessor {
  has(flowType: string, eventType: string): boolean;
  process(event: FlowcoreEvent, delivery: EventDelivery): Promise<EventOutcome>;
  /** The limits of the batches an event may be handed over in; `undefined`: by itself. */
  batchOf?(event: FlowcoreEvent): BatchLimits | undefined;
  /** Hands over several events of one batch. */
  processBatch?(
    events: readonly FlowcoreEvent[],
    delivery: EventDelivery,
    onEnd: BatchListener,
  ): Promise<void>;
  /** Told that events may come from outside from now on. */
  expectDeliveries?(): void;
}

/** What hands events to a processor it may not have made yet: a `PathwaysBuilder`. */
export interface RouterProcessorSource {
  routerProcessor(): RouterProcessor;
}

/** The answer to an accepted event. */
export interface RoutedEvent {
  readonly success: true;
  readonly message: string;
}

/** The answer for one event of an array. */
export interface EventDeliveryResult {
  readonly eventId: string | undefined;
  readonly success: boolean;
  /** HTTP meaning of this event's result. */
  readonly status: number;
  readonly message: string;
  /** Stable code of the error, for failures. */
  readonly code?: string;
}

/** Settings of a router beyond its secrets. */
export interface PathwayRouterOptions {
  /**
   * Most events one delivery may carry.
   *
   * @default 1000
   */
  maxEvents?: number;

  /** Told of calls that do nothing any more. @default the console */
  logger?: RouterLogger;
}

/** What a router needs of a logger: any will do. */
export interface RouterLogger {
  warn(message: string): void;
}

const WEBHOOK: EventDelivery = { source: 'webhook', generation: 0 };

/** The entrance for events the platform posts to us: checks the secret and hands the event to its pathway. */
export class PathwayRouter {
  private readonly processor: RouterProcessor;
  private readonly secrets: SecretVerifier;
  private readonly maxEvents: number;
  private readonly logger: RouterLogger;

  /** @throws PathwaysConfigurationError when a secret is blank. */
  constructor(
    processor: RouterProcessor | RouterProcessorSource,
    secrets: string | readonly string[],
    options: PathwayRouterOptions | RouterLogger = {},
  ) {
    // The reference takes its logger in this place.
    const { maxEvents, logger } = 'warn' in options ? { maxEvents: undefined, logger: options } : options;
    this.secrets = new SecretVerifier(secrets);
    this.maxEvents = maxEvents ?? 1000;
    this.logger = logger ?? consoleLogger;
    this.processor = 'routerProcessor' in processor ? processor.routerProcessor() : processor;
    this.processor.expectDeliveries?.();
  }

  /**
   * Processes one delivered event, retries included.
   *
   * @throws WebhookSecretInvalidError (401), EventMalformedError and EventPayloadInvalidError (400), PathwayUnknownError
   * (404), PathwayHandlerFailedError (500), PathwaysNotReadyError (503).
   */
  processEvent(event: unknown, secret: unknown): Promise<RoutedEvent> {
    // Without `async` of its own: the frame of `route` is enough for every event.
    return this.secrets.verify(secret) ? this.route(event) : Promise.reject(secretError(secret));
  }

  /**
   * Processes a delivered body, one event or an array of them, in order and with one result each: a failed event does
   * not keep the others back. `statusOfDelivery` says what to answer. Neighbours of one pathway with a batch handler are
   * handed to it together.
   *
   * @throws WebhookSecretInvalidError (401); EventMalformedError (400) when the body is neither, or too long.
   */
  async processEvents(body: unknown, secret: unknown): Promise<EventDeliveryResult[]> {
    if (!this.secrets.verify(secret)) throw secretError(secret);
    const events = isRecord(body) ? [body] : body;
    if (!Array.isArray(events))
      throw new EventMalformedError([`the body is ${kindOf(body)}, not an event or an array of events`]);
    if (events.length > this.maxEvents) {
      throw new EventMalformedError([
        `it carries ${events.length} events, and the limit is ${this.maxEvents}`,
      ]);
    }
    const results: EventDeliveryResult[] = [];
    while (results.length < events.length) {
      const batch = this.batchAt(events, results.length);
      if (batch.length > 1) results.push(...(await this.resultsOf(batch)));
      else
        results.push(
          await this.resultOf(idOf(events[results.length]), () => this.route(events[results.length])),
        );
    }
    return results;
  }

  /**
   * Asks for nothing: resets come from the control plane and from `resetPump`.
   *
   * @deprecated kept for services that still have its route; it resets nothing and says so.
   */
  async processReset(
    _body?: unknown,
    _secret?: unknown,
  ): Promise<{ success: false; flowTypesReset: string[] }> {
    this.logger.warn(
      'PathwayRouter.processReset resets nothing: the platform asks for resets through the control plane, and you reset with resetPump. Remove its route.',
    );
    return { success: false, flowTypesReset: [] };
  }

  private async route(body: unknown): Promise<RoutedEvent> {
    const event = readDeliveredEvent(body);
    const key = `${event.flowType}/${event.eventType}`;
    if (!this.processor.has(event.flowType, event.eventType)) throw new PathwayUnknownError(key);
    return answerTo(key, await this.processor.process(event, WEBHOOK));
  }

  /** The events from here on that may be handed over together; none when the first one is handled by itself. */
  private batchAt(bodies: readonly unknown[], start: number): FlowcoreEvent[] {
    const batch: FlowcoreEvent[] = [];
    let limits: BatchLimits | undefined;
    for (const body of bodies.slice(start)) {
      const event = tryRead(body);
      const found = event && this.processor.batchOf?.(event);
      limits ??= found;
      if (!event || !found || found !== limits || batch.length >= found.size) break;
      batch.push(event);
    }
    return batch;
  }

  private async resultsOf(events: readonly FlowcoreEvent[]): Promise<EventDeliveryResult[]> {
    const outcomes: EventOutcome[] = [];
    let failure: unknown;
    try {
      await this.processor.processBatch?.(events, WEBHOOK, (index, outcome) => (outcomes[index] = outcome));
    } catch (error) {
      failure = error;
    }
    const results = events.map(({ eventId, flowType, eventType }, index) =>
      this.resultOf(eventId, async () => {
        const outcome = outcomes[index];
        if (!outcome) throw failure;
        return answerTo(`${flowType}/${eventType}`, outcome);
      }),
    );
    return Promise.all(results);
  }

  private async resultOf(
    eventId: string | undefined,
    answer: () => Promise<RoutedEvent>,
  ): Promise<EventDeliveryResult> {
    try {
      const { message } = await answer();
      return { eventId, success: true, status: 200, message };
    } catch (error) {
      if (error instanceof PathwaysError) {
        const { httpStatus: status, message, code } = error;
        return { eventId, success: false, status, message, code };
      }
      // A store's own message, for example, may hold what a sender must not see.
      const message = 'An error in this service kept the event from being processed. Deliver it again later.';
      return { eventId, success: false, status: 500, message, code: 'PATHWAYS_DELIVERY_FAILED' };
    }
  }
}

function answerTo(key: string, outcome: EventOutcome): RoutedEvent {
  throwUnlessFinished(outcome);
  const already = outcome.status === 'skipped' ? 'already ' : '';
  return { success: true, message: `Event ${already}processed through pathway ${key}` };
}

function idOf(body: unknown): string | undefined {
  const eventId = (body as { eventId?: unknown } | null)?.eventId;
  return typeof eventId === 'string' ? eventId : undefined;
}

/** What cannot be read gets its own answer, in its turn. */
function tryRead(body: unknown): FlowcoreEvent | undefined {
  try {
    return readDeliveredEvent(body);
  } catch {
    return undefined;
  }
}

/**
 * HTTP status for a delivery of several events: the worst of them, so that the sender delivers again while one of them
 * is unfinished. The finished ones are then skipped.
 */
export function statusOfDelivery(results: readonly EventDeliveryResult[]): number {
  return results.reduce((worst, { status }) => Math.max(worst, status), 200);
}

function secretError(secret: unknown): WebhookSecretInvalidError {
  return new WebhookSecretInvalidError(typeof secret === 'string' && secret !== '');
}
