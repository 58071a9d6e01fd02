import type { PathwayContract } from '../contract/pathway-contract.interface.js';
import type { EventClass } from '../contract/pathway.options.js';
import type { PathwayRegistry } from '../contract/pathway.registry.js';
import { PathwayBatchIncompleteError } from '../errors/pathway-batch-incomplete.error.js';
import { PathwayNotWritableError } from '../errors/pathway-not-writable.error.js';
import { PathwayWriteUnawaitableError } from '../errors/pathway-write-unawaitable.error.js';
import type { Clock } from '../event/clock.interface.js';
import { isPromiseLike } from '../event/maybe-promise.type.js';
import type { PathwayKey } from '../event/pathway-key.util.js';
import type { Telemetry } from '../event/telemetry.interface.js';
import type { IngestionClient, IngestionHeaders } from '../platform/ingestion.client.js';
import type { ProcessingWaiter } from './processing.waiter.js';
import type { BatchWriteInput, WriteInput, WriteMetadata, WriteOptions } from './write.options.js';

/** A pathway, named by its event class or by its key. */
export type PathwayTarget<TPayload = unknown> = EventClass<TPayload> | PathwayKey;

/** The parts the writer works with. */
export interface PathwayWriterDependencies {
  readonly registry: PathwayRegistry;
  /** Finds the contract of an event class. */
  contractOf(eventClass: EventClass): PathwayContract | undefined;
  readonly ingestion: IngestionClient;
  readonly waiter: ProcessingWaiter;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly pathwayTimeoutMs: number;
  readonly maxBatchSize: number;
  /** Why nobody here will ever report this pathway's events as processed; `undefined` when somebody will. */
  whyUnawaitable(pathway: PathwayContract): string | undefined;
  /** Told at once, so the process's own pump needs no notification to find the event. */
  onStored(pathway: PathwayContract, eventIds: readonly string[]): void;
}

/**
 * Writes events. Payloads are checked against the pathway's schema and sent as given: what the schema transforms, it
 * transforms for the handler.
 */
export class PathwayWriter {
  constructor(private readonly deps: PathwayWriterDependencies) {}

  /**
   * Stores one event (or, with `batch: true`, several in order) and waits until it is processed, unless
   * `options.fireAndForget` is set.
   *
   * @returns the event id, or one id per input item for a batch.
   * @throws PathwayUnknownError, PathwayNotWritableError, EventPayloadInvalidError, PathwayWriteUnawaitableError before
   * anything is sent.
   * @throws PlatformRequestError and its children when the platform does not accept it. After a lost answer the event
   * may be stored all the same (protocol §14.3 N10). PathwayBatchIncompleteError when only the first part of a batch was
   * stored.
   * @throws PathwayHandlerFailedError when the event became a dead letter; PathwayWriteTimeoutError when it was not
   * processed in time. It is stored in both cases: do not write it again.
   */
  write<TPayload>(target: PathwayTarget<TPayload>, input: BatchWriteInput<TPayload>): Promise<string[]>;
  write<TPayload>(target: PathwayTarget<TPayload>, input: WriteInput<TPayload>): Promise<string>;
  async write<TPayload>(
    target: PathwayTarget<TPayload>,
    input: WriteInput<TPayload> | BatchWriteInput<TPayload>,
  ): Promise<string | string[]> {
    const pathway = this.resolve(target);
    const options = input.options ?? {};
    if (!pathway.writable) throw new PathwayNotWritableError(pathway.key);
    this.refuseHopelessWait(pathway, options);

    if (input.batch === true) return this.writeBatch(pathway, input.data, input.metadata, options);
    const [eventId = ''] = await this.send(pathway, [input.data], input.metadata, options, (headers) =>
      this.deps.ingestion.writeEvent(pathway, input.data, headers, options.signal).then((id) => [id]),
    );
    return eventId;
  }

  private async writeBatch(
    pathway: PathwayContract,
    payloads: readonly unknown[],
    metadata: WriteMetadata | undefined,
    options: WriteOptions,
  ): Promise<string[]> {
    if (payloads.length === 0) return [];
    return this.send(pathway, payloads, metadata, options, async (headers) => {
      const eventIds: string[] = [];
      // One request after the other: side by side their events could be stored in another order.
      for (let from = 0; from < payloads.length; from += this.deps.maxBatchSize) {
        const part = payloads.slice(from, from + this.deps.maxBatchSize);
        try {
          eventIds.push(...(await this.deps.ingestion.writeBatch(pathway, part, headers, options.signal)));
        } catch (error) {
          if (eventIds.length === 0) throw error;
          this.deps.onStored(pathway, eventIds);
          throw new PathwayBatchIncompleteError(pathway.key, eventIds, payloads.length, error);
        }
      }
      return eventIds;
    });
  }

  private async send(
    pathway: PathwayContract,
    payloads: readonly unknown[],
    metadata: WriteMetadata | undefined,
    options: WriteOptions,
    request: (headers: IngestionHeaders) => Promise<string[]>,
  ): Promise<string[]> {
    // All payloads before the first request: a batch is refused as a whole or sent as a whole.
    for (const payload of payloads) {
      const checked = pathway.parse(payload);
      if (isPromiseLike(checked)) await checked;
    }
    const startedAt = this.deps.clock.now();
    const eventIds = await request(ingestionHeaders(metadata, options));
    this.deps.telemetry.eventsWritten?.(pathway.key, eventIds.length, this.deps.clock.now() - startedAt);
    this.deps.onStored(pathway, eventIds);
    if (!options.fireAndForget) {
      const timeoutMs = options.timeoutMs ?? pathway.timeoutMs ?? this.deps.pathwayTimeoutMs;
      await this.deps.waiter.waitFor(pathway, eventIds, timeoutMs, options.signal);
    }
    return eventIds;
  }

  private resolve(target: PathwayTarget): PathwayContract {
    if (typeof target === 'string') return this.deps.registry.get(target);
    return this.deps.contractOf(target) ?? this.deps.registry.get(`class ${target.name}`);
  }

  private refuseHopelessWait(pathway: PathwayContract, options: WriteOptions): void {
    if (options.fireAndForget) return;
    const why = this.deps.whyUnawaitable(pathway);
    if (why !== undefined) throw new PathwayWriteUnawaitableError(pathway.key, why);
  }
}

function ingestionHeaders(metadata: WriteMetadata | undefined, options: WriteOptions): IngestionHeaders {
  return {
    metadata: metadata ?? {},
    eventTime: options.eventTime,
    validTime: options.validTime,
    eventTimeKey: options.eventTimeKey,
    validTimeKey: options.validTimeKey,
  };
}
