/**
 * Posts the events of managed pathways to their endpoints, one queue per pathway and flow type, in the order they were
 * stored. A queue is *idle* (nothing to post, or its pathway is disabled), *posting*, or *waiting* after a failure:
 * the same event again, the others behind it, until an endpoint takes it. What waits survives a restart where the event
 * log does: an event is queued before its writer is answered.
 */
import { Agent, request } from 'undici';
import { sleep, type Clock } from '../../event/clock.interface.js';
import { errorFields, type PathwaysLogger } from '../../event/logger.interface.js';
import type { StoredEvent } from '../event.ingestor.js';
import type { EventLog } from '../event-log.interface.js';
import type { LocalDelivery, LocalEndpoint, LocalPathway, LocalSource } from './control-plane.interface.js';
import { DocumentShelf } from './document.shelf.js';
import type { PathwayCatalog } from './pathway.catalog.js';

/** An event that waits for its delivery. */
interface QueuedEvent {
  readonly id: string;
  readonly pathwayId: string;
  readonly flowType: string;
  readonly eventType: string;
  readonly eventId: string;
  readonly eventTypeId: string;
  readonly timeBucket: string;
  readonly sortKey: string;
}

interface DeliveryQueue {
  readonly events: QueuedEvent[];
  /** Ends the wait after a failure. */
  retry: AbortController;
  running: Promise<void> | undefined;
}

export interface ManagedDeliveryOptions {
  readonly log: EventLog;
  readonly pathways: PathwayCatalog;
  readonly clock: Clock;
  readonly logger: PathwaysLogger;
  /** Ends waits and requests when the platform stops. */
  readonly stopping: AbortSignal;
}

const MAX_LOG_ENTRIES = 1_000;
const MAX_BODY_LENGTH = 1_000;
const DEFAULT_DELIVERY_MS = 30_000;
const DEFAULT_BACKOFF = { initialMs: 1_000, maxMs: 30_000, multiplier: 2 };

export class ManagedDelivery {
  private readonly waiting: DocumentShelf<QueuedEvent>;
  private readonly journal: DocumentShelf<LocalDelivery>;
  private readonly queues = new Map<string, DeliveryQueue>();
  private readonly agent = new Agent();
  private lastId: number;

  constructor(private readonly options: ManagedDeliveryOptions) {
    this.waiting = new DocumentShelf(options.log, 'delivery-queue');
    this.journal = new DocumentShelf(options.log, 'delivery-log', MAX_LOG_ENTRIES);
    this.lastId = options.clock.now() * 1_000;
    options.pathways.onChange(() => this.wakeAll());
  }

  /** Goes on with what was left when the platform stopped. */
  start(): void {
    for (const event of this.waiting.all()) this.queueOf(event).events.push(event);
    this.wakeAll();
  }

  /** Queues the events of managed pathways. When it returns, they are as durable as the log. */
  accept(events: readonly StoredEvent[]): void {
    const managed = this.options.pathways.all().filter(({ type }) => type === 'managed');
    if (managed.length === 0) return;
    for (const event of events) {
      for (const pathway of managed) if (belongsTo(event, pathway)) this.enqueue(event, pathway);
    }
  }

  deliveries(pathwayId?: string): LocalDelivery[] {
    return this.journal.all().filter((entry) => pathwayId === undefined || entry.pathwayId === pathwayId);
  }

  /** Resolves when nothing is posted any more. Call it after `stopping`. */
  async close(): Promise<void> {
    await this.agent.destroy();
    await Promise.all([...this.queues.values()].map(({ running }) => running));
  }

  private enqueue(event: StoredEvent, pathway: LocalPathway): void {
    const { resource, timeBucket, sortKey, eventId, flowType, eventType } = event;
    const id = this.nextId();
    const fixed = { pathwayId: pathway.id, flowType, eventType, eventTypeId: resource.eventType.id };
    const queued = this.waiting.save(id, { id, ...fixed, eventId, timeBucket, sortKey });
    const queue = this.queueOf(queued);
    queue.events.push(queued);
    this.wake(queue);
  }

  private queueOf({ pathwayId, flowType }: QueuedEvent): DeliveryQueue {
    const key = `${pathwayId} ${flowType}`;
    const queue = this.queues.get(key) ?? { events: [], retry: new AbortController(), running: undefined };
    this.queues.set(key, queue);
    return queue;
  }

  private wakeAll(): void {
    for (const queue of this.queues.values()) {
      // Where the new registration sends it may be up.
      queue.retry.abort();
      this.wake(queue);
    }
  }

  private wake(queue: DeliveryQueue): void {
    queue.running ??= this.run(queue);
  }

  private async run(queue: DeliveryQueue): Promise<void> {
    // Not inside the write that queued the event.
    await new Promise((resolve) => setImmediate(resolve));
    try {
      await this.empty(queue);
    } catch (error) {
      this.options.logger.error('Managed delivery stands still until the next event.', errorFields(error));
    } finally {
      // Before anything else runs: an event queued from now on has to wake it again.
      queue.running = undefined;
    }
  }

  private async empty(queue: DeliveryQueue): Promise<void> {
    const { stopping, pathways } = this.options;
    for (let [event] = queue.events; event && !stopping.aborted; [event] = queue.events) {
      const pathway = pathways.get(event.pathwayId);
      if (pathway && !(await this.deliver(event, queue))) return;
      queue.events.shift();
      this.waiting.delete(event.id);
    }
  }

  /** Until every endpoint has taken it; `false` when the platform stops or the pathway was disabled first. */
  private async deliver(event: QueuedEvent, queue: DeliveryQueue): Promise<boolean> {
    const { clock, stopping, pathways } = this.options;
    const done = new Set<string>();
    for (let attempt = 1; ; attempt++) {
      queue.retry = new AbortController();
      const pathway = pathways.get(event.pathwayId);
      if (pathway && !pathway.enabled) return false;
      const sources = (pathway?.config?.sources ?? []).filter((source) => takes(source, event));
      let failed: LocalSource | undefined;
      for (const source of sources) {
        for (const endpoint of source.endpoints) {
          if (done.has(endpoint.url)) continue;
          if (await this.post(event, source, endpoint, attempt)) done.add(endpoint.url);
          else failed = source;
          if (stopping.aborted) return false;
        }
      }
      if (!failed) return true;
      await sleep(clock, waitOf(failed, attempt), AbortSignal.any([stopping, queue.retry.signal]));
      if (stopping.aborted) return false;
    }
  }

  private async post(
    event: QueuedEvent,
    source: LocalSource,
    endpoint: LocalEndpoint,
    attempt: number,
  ): Promise<boolean> {
    const { clock, logger, stopping } = this.options;
    const startedAt = clock.now();
    const outcome = await this.send(event, source, endpoint);
    if (stopping.aborted) return false;
    const success = outcome.httpStatus !== null && outcome.httpStatus >= 200 && outcome.httpStatus < 300;
    const { pathwayId, flowType, eventType, eventId } = event;
    const id = this.nextId();
    this.journal.save(id, {
      id,
      pathwayId,
      endpointUrl: endpoint.url,
      flowType,
      eventType,
      eventId,
      attempt,
      success,
      ...outcome,
      durationMs: clock.now() - startedAt,
      createdAt: new Date(clock.now()).toISOString(),
    });
    if (!success)
      logger.warn(`Delivery of event ${eventId} to ${endpoint.url} failed; it is tried again.`, {
        attempt,
        status: outcome.httpStatus,
        error: outcome.errorMessage,
      });
    return success;
  }

  private async send(
    { eventTypeId, timeBucket, sortKey }: QueuedEvent,
    source: LocalSource,
    { url, authHeaders }: LocalEndpoint,
  ): Promise<Pick<LocalDelivery, 'httpStatus' | 'responseBody' | 'errorMessage'>> {
    const { clock, log, stopping } = this.options;
    const limit = new AbortController();
    const limitMs = source.timeouts?.deliveryMs ?? DEFAULT_DELIVERY_MS;
    const timer = clock.startTimer(limitMs, () => limit.abort(new Error(`No answer within ${limitMs} ms`)));
    try {
      const [body] = log.read(eventTypeId, timeBucket, { from: sortKey, to: sortKey }, 1, 'asc').texts;
      const answer = await request(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...authHeaders },
        body: body ?? '',
        dispatcher: this.agent,
        signal: AbortSignal.any([limit.signal, stopping]),
      });
      const text = await answer.body.text();
      return {
        httpStatus: answer.statusCode,
        responseBody: text.slice(0, MAX_BODY_LENGTH),
        errorMessage: null,
      };
    } catch (error) {
      return { httpStatus: null, responseBody: null, errorMessage: (error as Error).message };
    } finally {
      timer.cancel();
    }
  }

  /** Grows, also over restarts. */
  private nextId(): string {
    return String(++this.lastId);
  }
}

function takes(
  { flowType, eventTypes }: LocalSource,
  event: { flowType: string; eventType: string },
): boolean {
  return flowType === event.flowType && eventTypes.includes(event.eventType);
}

function belongsTo(event: StoredEvent, { tenant, dataCore, config }: LocalPathway): boolean {
  const { resource } = event;
  return (
    resource.tenant.name === tenant &&
    (resource.dataCore.name === dataCore || resource.dataCore.id === dataCore) &&
    (config?.sources.some((source) => takes(source, event)) ?? false)
  );
}

function waitOf({ backoff }: LocalSource, attempt: number): number {
  const { initialMs, maxMs, multiplier } = { ...DEFAULT_BACKOFF, ...backoff };
  return Math.min(maxMs, initialMs * multiplier ** (attempt - 1));
}
