import { EventMalformedError } from '../errors/event-malformed.error.js';
import { PathwayUnknownError } from '../errors/pathway-unknown.error.js';
import { PathwaysError } from '../errors/pathways.error.js';
import { PathwaysNotReadyError } from '../errors/pathways-not-ready.error.js';
import { WebhookSecretInvalidError } from '../errors/webhook-secret-invalid.error.js';
import { isRecord, kindOf } from '../event/event-shape.util.js';
import type { FlowcoreEvent } from '../event/flowcore-event.interface.js';
import type { EventDelivery, EventOutcome } from '../processor/event-delivery.interface.js';
import { SecretVerifier } from '../security/secret.verifier.js';
import { readDeliveredEvent } from './delivered-event.util.js';

/** What the router needs of the processor. */
export interface RouterProcessor {
  has(flowType: string, eventType: string): boolean;
  process(event: FlowcoreEvent, delivery: EventDelivery): Promise<EventOutcome>;
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
}

const WEBHOOK: EventDelivery = { source: 'webhook', generation: 0 };

/** The entrance for events the platform posts to us: checks the secret and hands the event to its pathway. */
export class PathwayRouter {
  private readonly secrets: SecretVerifier;
  private readonly maxEvents: number;

  /** @throws PathwaysConfigurationError when a secret is blank. */
  constructor(
    private readonly processor: RouterProcessor,
    secrets: string | readonly string[],
    options: PathwayRouterOptions = {},
  ) {
    this.secrets = new SecretVerifier(secrets);
    this.maxEvents = options.maxEvents ?? 1000;
  }

  /**
   * Processes one delivered event, retries included.
   *
   * @throws WebhookSecretInvalidError (401), EventMalformedError and EventPayloadInvalidError (400), PathwayUnknownError
   * (404), PathwayHandlerFailedError (500), PathwaysNotReadyError (503).
   */
  async processEvent(event: unknown, secret: unknown): Promise<RoutedEvent> {
    this.checkSecret(secret);
    return this.route(event);
  }

  /**
   * Processes a delivered body, one event or an array of them, in order and with one result each: a failed event does
   * not keep the others back. `statusOfDelivery` says what to answer.
   *
   * @throws WebhookSecretInvalidError (401); EventMalformedError (400) when the body is neither, or too long.
   */
  async processEvents(body: unknown, secret: unknown): Promise<EventDeliveryResult[]> {
    this.checkSecret(secret);
    const events = isRecord(body) ? [body] : body;
    if (!Array.isArray(events))
      throw new EventMalformedError([`the body is ${kindOf(body)}, not an event or an array of events`]);
    if (events.length > this.maxEvents) {
      throw new EventMalformedError([
        `it carries ${events.length} events, and the limit is ${this.maxEvents}`,
      ]);
    }
    const results: EventDeliveryResult[] = [];
    for (const event of events as unknown[]) results.push(await this.resultOf(event));
    return results;
  }

  private checkSecret(secret: unknown): void {
    if (!this.secrets.verify(secret)) {
      throw new WebhookSecretInvalidError(typeof secret === 'string' && secret !== '');
    }
  }

  private async route(body: unknown): Promise<RoutedEvent> {
    const event = readDeliveredEvent(body);
    const key = `${event.flowType}/${event.eventType}`;
    if (!this.processor.has(event.flowType, event.eventType)) throw new PathwayUnknownError(key);
    const outcome = await this.processor.process(event, WEBHOOK);
    switch (outcome.status) {
      case 'processed':
        return { success: true, message: `Event processed through pathway ${key}` };
      case 'skipped':
        return { success: true, message: `Event already processed through pathway ${key}` };
      case 'aborted':
        throw new PathwaysNotReadyError('shutting down');
      default:
        throw outcome.error;
    }
  }

  private async resultOf(body: unknown): Promise<EventDeliveryResult> {
    const eventId = (body as { eventId?: unknown } | null)?.eventId;
    const base = { eventId: typeof eventId === 'string' ? eventId : undefined };
    try {
      const { message } = await this.route(body);
      return { ...base, success: true, status: 200, message };
    } catch (error) {
      if (error instanceof PathwaysError) {
        return {
          ...base,
          success: false,
          status: error.httpStatus,
          message: error.message,
          code: error.code,
        };
      }
      // A store's own message, for example, may hold what a sender must not see.
      const message = 'An error in this service kept the event from being processed. Deliver it again later.';
      return { ...base, success: false, status: 500, message, code: 'PATHWAYS_DELIVERY_FAILED' };
    }
  }
}

/**
 * HTTP status for a delivery of several events: the worst of them, so that the sender delivers again while one of them
 * is unfinished. The finished ones are then skipped.
 */
export function statusOfDelivery(results: readonly EventDeliveryResult[]): number {
  return results.reduce((worst, { status }) => Math.max(worst, status), 200);
}
