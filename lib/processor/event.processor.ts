import type { PathwayContract } from '../contract/pathway-contract.interface.js';
import type { PathwayRegistry } from '../contract/pathway.registry.js';
import { PathwayUnknownError } from '../errors/pathway-unknown.error.js';
import type { Clock } from '../event/clock.interface.js';
import type { FlowcoreEvent } from '../event/flowcore-event.interface.js';
import type { PathwaysLogger } from '../event/logger.interface.js';
import { isPromiseLike } from '../event/maybe-promise.type.js';
import type { Telemetry } from '../event/telemetry.interface.js';
import type { EventLog } from '../security/event-log.js';
import type { PayloadCipher } from '../security/payload-cipher.interface.js';
import type { EventWaiters } from '../state/event-waiters.js';
import type { PathwaysStore } from '../state/pathways-store.interface.js';
import type { BatchLimits } from './batch-binding.interface.js';
import { BatchClaims } from './batch.claims.js';
import { BatchPipeline } from './batch.pipeline.js';
import { CallbackNotifier } from './callback.notifier.js';
import { claimIdOf } from './claim-id.util.js';
import { isChunkPart } from './chunks/chunk-part.parser.js';
import { PartProcessor } from './chunks/part.processor.js';
import type { EventDelivery, EventOutcome } from './event-delivery.interface.js';
import { EventDecoder } from './event.decoder.js';
import { EventEnding } from './event.ending.js';
import { EventPipeline } from './event.pipeline.js';
import { FileCollector } from './files/file.collector.js';
import { MemoryFilePartStore } from './files/memory-file-part.store.js';
import type { HandlerRegistry, PathwayBindings } from './handler.registry.js';
import { HandlerRunner } from './handler.runner.js';
import { OrderKeyReader } from './order-key.reader.js';
import { OrderedClaims } from './ordered.claims.js';
import { EVERY_KEY, type BatchListener, type PumpProcessor } from './pump-processor.interface.js';
import { Routes } from './routes.js';

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
  /** Opens encrypted payloads; `undefined` without a key. */
  readonly cipher?: PayloadCipher | undefined;
  readonly eventLog?: EventLog | undefined;
}

/**
 * Where events enter (architecture §5): finds the pathway, collects the parts of large events and files until they are
 * whole, and hands what is whole to the {@link EventPipeline}.
 */
export class EventProcessor implements PumpProcessor {
  private readonly ending: EventEnding;
  private readonly decoder: EventDecoder;
  private readonly orderKeys: OrderKeyReader;
  private readonly parts: PartProcessor;
  private readonly files: FileCollector;
  private readonly pipeline: EventPipeline;
  private readonly batches: BatchPipeline;
  private readonly routes: Routes;
  private readonly claims: OrderedClaims;

  /** Events may arrive although no pump runs: a router hands them over. */
  takesDeliveries = false;

  constructor(private readonly deps: EventProcessorDependencies) {
    const decoder = new EventDecoder(deps.cipher);
    const orderKeys = new OrderKeyReader({ ...deps, decoder });
    const callbacks = new CallbackNotifier(deps);
    const runner = new HandlerRunner({ ...deps, callbacks });
    const ending = new EventEnding({
      ...deps,
      orderKeyOf: (pathway, event) => orderKeys.of(pathway, event),
    });
    const parts = deps.store.fileParts ?? new MemoryFilePartStore(deps);
    const files = new FileCollector({ ...deps, parts, ending });
    const claims = new OrderedClaims({ ...deps, orderKeys, decoder });
    const pipeline = new EventPipeline({ ...deps, runner, callbacks, ending, decoder, claims, files });
    this.routes = new Routes(deps);
    this.decoder = decoder;
    this.orderKeys = orderKeys;
    this.claims = claims;
    this.ending = ending;
    this.files = files;
    this.pipeline = pipeline;
    const batchClaims = new BatchClaims({ state: deps.store.state, clock: deps.clock, ending });
    this.batches = new BatchPipeline({ ...deps, runner, ending, orderKeys, claims: batchClaims, pipeline });
    this.parts = new PartProcessor({
      ...deps,
      cipherOf: ({ encrypted }) => (encrypted ? deps.cipher : undefined),
      ending,
      take: (pathway, event, delivery) => this.whole(pathway, deps.handlers.of(pathway.key), event, delivery),
      refuse: (pathway, event, delivery, error) => pipeline.refuseUnclaimed(pathway, event, delivery, error),
    });
  }

  expectDeliveries(): void {
    this.takesDeliveries = true;
  }

  /** True when this instance knows the pathway. */
  has(flowType: string, eventType: string): boolean {
    return this.deps.registry.find(flowType, eventType) !== undefined;
  }

  /** The order key of an encrypted event is in its payload, and the key that opens it may have to be fetched. */
  prepare(event: FlowcoreEvent): Promise<unknown> | undefined {
    const pathway = this.deps.registry.find(event.flowType, event.eventType);
    if (!pathway?.encrypted || !pathway.orderBy || isChunkPart(event)) return undefined;
    const decoded = this.decoder.readable(pathway, event);
    return isPromiseLike(decoded) ? decoded : undefined;
  }

  orderKey(event: FlowcoreEvent): string {
    const pathway = this.deps.registry.find(event.flowType, event.eventType);
    if (!pathway?.orderBy) return '';
    // What a part belongs to is only known when the last one is there; and nobody knows where an event without a key stands.
    return isChunkPart(event) ? EVERY_KEY : (this.orderKeys.of(pathway, event) ?? EVERY_KEY);
  }

  /**
   * @throws PathwayUnknownError for an event of a pathway that is not registered. Rejects with the store's error when
   * the store fails: the event is then not finished and must be delivered again.
   */
  process(event: FlowcoreEvent, delivery: EventDelivery): Promise<EventOutcome> {
    const route = this.routes.find(event.flowType, event.eventType);
    if (!route) return Promise.reject(new PathwayUnknownError(`${event.flowType}/${event.eventType}`));
    return isChunkPart(event)
      ? this.parts.process(route.pathway, event, delivery)
      : this.whole(route.pathway, route.bindings, event, delivery);
  }

  /**
   * Only events that are claimed by themselves and whose key is known. Not beside a webhook: a handler may wait for an event
   * that is delivered there, and would wait for its own pump's claim of it. Not copies of one write: the second one's claim
   * would be granted while the first is tried again, which then waits for it.
   */
  claimAhead(event: FlowcoreEvent, delivery: EventDelivery): boolean {
    const { state, transactions } = this.deps.store;
    if (!state.isRemote || this.takesDeliveries || claimIdOf(event) !== event.eventId) return false;
    const route = this.routes.find(event.flowType, event.eventType);
    if (!route || route.pathway.encrypted || route.pathway.isFilePathway || isChunkPart(event)) return false;
    const { handler } = route.bindings;
    if (!handler || (transactions && handler.transaction !== false)) return false;
    this.claims.begin(route.pathway, event, delivery);
    return true;
  }

  giveBack(events: readonly FlowcoreEvent[]): Promise<void> {
    return this.claims.giveBack(events);
  }

  /** Parts of large events and of files are put together first, and then handled alone. */
  batchOf(event: FlowcoreEvent): BatchLimits | undefined {
    const route = this.routes.find(event.flowType, event.eventType);
    if (!route || route.pathway.isFilePathway) return undefined;
    const batch = route.bindings.handler?.batch;
    return batch && !isChunkPart(event) ? batch : undefined;
  }

  /** Takes events of one pathway, for which `batchOf` gave the same limits. */
  async processBatch(
    events: readonly FlowcoreEvent[],
    delivery: EventDelivery,
    onEnd: BatchListener,
  ): Promise<void> {
    const [first] = events;
    if (!first) return;
    if (events.length === 1) return onEnd(0, await this.process(first, delivery));
    const pathway = this.deps.registry.get(`${first.flowType}/${first.eventType}`);
    const { clock, telemetry } = this.deps;
    const startedAt = clock.now();
    await this.batches.take(pathway, events, delivery, (index, outcome) => {
      telemetry.eventFinished?.(pathway.key, outcome.status, clock.now() - startedAt);
      onEnd(index, outcome);
    });
  }

  private whole(
    pathway: PathwayContract,
    bindings: PathwayBindings,
    event: FlowcoreEvent,
    delivery: EventDelivery,
  ): Promise<EventOutcome> {
    // Not awaited here: one frame for every event is one promise less.
    return this.deps.telemetry.eventFinished
      ? this.takeAndReport(pathway, bindings, event, delivery)
      : this.take(pathway, bindings, event, delivery);
  }

  async deadLetterMalformed(
    raw: unknown,
    problems: readonly string[],
    delivery: EventDelivery,
  ): Promise<void> {
    await this.ending.deadLetters.addMalformed(raw, problems, delivery);
  }

  private async takeAndReport(
    pathway: PathwayContract,
    bindings: PathwayBindings,
    event: FlowcoreEvent,
    delivery: EventDelivery,
  ): Promise<EventOutcome> {
    const { clock, telemetry } = this.deps;
    const startedAt = clock.now();
    const outcome = await this.take(pathway, bindings, event, delivery);
    telemetry.eventFinished?.(pathway.key, outcome.status, clock.now() - startedAt);
    return outcome;
  }

  private take(
    pathway: PathwayContract,
    bindings: PathwayBindings,
    event: FlowcoreEvent,
    delivery: EventDelivery,
  ): Promise<EventOutcome> {
    if (!pathway.isFilePathway) return this.pipeline.take(pathway, bindings, event, delivery);
    const run = (first: FlowcoreEvent) => this.pipeline.take(pathway, bindings, first, delivery);
    return this.files.take({ pathway, event, delivery, run });
  }
}
