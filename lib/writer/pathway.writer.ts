import { randomUUID } from 'node:crypto';
import type { PathwayContract } from '../contract/pathway-contract.interface.js';
import type { FilePayload } from '../contract/file-payload.js';
import type { EventClass } from '../contract/pathway.options.js';
import type { PathwayRegistry } from '../contract/pathway.registry.js';
import { PathwayBatchIncompleteError } from '../errors/pathway-batch-incomplete.error.js';
import { PathwayFileBatchError } from '../errors/pathway-file-batch.error.js';
import { PathwayNotWritableError } from '../errors/pathway-not-writable.error.js';
import { PathwayWriteUnawaitableError } from '../errors/pathway-write-unawaitable.error.js';
import type { Clock } from '../event/clock.interface.js';
import { keptAlive } from '../event/keep-alive.js';
import { isPromiseLike, type MaybePromise } from '../event/maybe-promise.type.js';
import { UPLOAD_ID_KEY } from '../event/metadata.constants.js';
import type { PathwayKey } from '../event/pathway-key.util.js';
import type { Telemetry } from '../event/telemetry.interface.js';
import type { IngestionClient, IngestionHeaders } from '../platform/ingestion.client.js';
import { rowIdOf, type OutboxReference } from '../state/outbox-reference.js';
import type { JsonText } from '../platform/json-text.js';
import type { PayloadCipher } from '../security/payload-cipher.interface.js';
import { sendBatch } from './batch.sender.js';
import type { EventEncoder } from './chunks/event.encoder.js';
import { isWireItems, type WireItem } from './chunks/wire.requests.js';
import { sendWireItems } from './chunks/wire.sender.js';
import type { DurableWriter } from './durable.writer.js';
import type { AnyWriteInput, EventWriter, PathwayTarget } from './event-writer.interface.js';
import { PathwaySession } from './pathway.session.js';
import { FileUploader } from './files/file.uploader.js';
import type { BatchItem, FileInput, FileWrite, FileWriteInput } from './files/file-write.input.js';
import type { ProcessingWaiter } from './processing.waiter.js';
import type { SessionUserResolverStore } from './session-user-resolver.store.js';
import { ingestionHeaders } from './write.headers.js';
import { checkWriteOptions, refuseDurableFile } from './write-options.check.js';
import { payloadsToSend } from './write-payloads.check.js';
import { wirePayloads } from './write.plan.js';
import type { WriteMetadataBuilder } from './write.metadata.js';
import type {
  BatchWriteInput,
  OutboxWriteOptions,
  WriteInput,
  WriteMetadata,
  WriteOptions,
} from './write.options.js';

/** The parts the writer works with. */
export interface PathwayWriterDependencies {
  readonly registry: PathwayRegistry;
  /** Finds the contract of an event class. */
  contractOf(eventClass: EventClass): PathwayContract | undefined;
  readonly ingestion: IngestionClient;
  readonly waiter: ProcessingWaiter;
  readonly metadata: WriteMetadataBuilder;
  readonly sessionUserResolvers: SessionUserResolverStore;
  /** Milliseconds a session's user resolver is kept after its last use. */
  readonly sessionUserResolverTtlMs: number;
  readonly durable: DurableWriter;
  /** Whether writes go through the outbox unless they or their pathway say otherwise. */
  readonly outboxByDefault: boolean;
  /** Stores what the schema makes of a payload, instead of the payload as given. */
  readonly writesParsed: boolean;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly pathwayTimeoutMs: number;
  readonly maxBatchSize: number;
  readonly encoder: EventEncoder;
  /** What encrypts the pathway's payloads, if they are to be. */
  cipherOf(pathway: PathwayContract): PayloadCipher | undefined;
  /** Why nobody here will ever report this pathway's events as processed; `undefined` when somebody will. */
  whyUnawaitable(pathway: PathwayContract): string | undefined;
  /** The same, as far as the store has to be asked for it. */
  whyAtRest(pathway: PathwayContract): MaybePromise<string | undefined>;
  /** Told at once, so the process's own pump needs no notification to find the event. */
  onStored(pathway: PathwayContract, eventIds: readonly string[]): void;
}

/**
 * Writes events. Payloads are checked against the pathway's schema and sent as given: what the schema transforms, it
 * transforms for the handler (`writeParsedPayloads` sends what it makes of them).
 */
export class PathwayWriter implements EventWriter {
  private readonly files: FileUploader;

  constructor(private readonly deps: PathwayWriterDependencies) {
    this.files = new FileUploader(deps);
  }

  /**
   * Stores one event (or, with `batch: true`, several in order) and waits until it is processed, unless
   * `options.fireAndForget` is set.
   *
   * On a file pathway it uploads the file of `data.fileContent`, streaming it, and waits for all of its events.
   *
   * @returns the event id; one id per input item for a batch; one id per part of a file. A write through the outbox
   * returns references instead, `outbox:<row>`: its events have no ids yet.
   * @throws PathwayUnknownError, PathwayNotWritableError, WriteOptionsInvalidError, WriteMetadataReservedError,
   * AuditUserUnresolvedError, PayloadNotJsonError, EventPayloadInvalidError, EncryptionKeyUnavailableError,
   * EventUnsplittableError, TimeKeyUnreadableError, PathwayWriteUnawaitableError before anything is sent.
   * IdempotencyKeyReusedError for an `idempotencyKey` that stands for another write.
   * @throws PlatformRequestError and its children when the platform does not accept it. After a lost answer the event
   * may be stored all the same (protocol §14.3 N10). PathwayBatchIncompleteError when only the first part of a batch was
   * stored.
   * @throws PathwayHandlerFailedError when the event became a dead letter; PathwayWriteTimeoutError when it was not
   * processed in time; PathwayWriteUnawaitableError with `stored: true` when its pump is paused, halts or is done meanwhile.
   * It is stored in all of these cases: do not write it again.
   * @throws PathwayFileBatchError for a batch of files. FileChecksumMismatchError when other bytes arrived than were sent.
   * The error of a stream that fails while it is read.
   */
  write<TPayload extends FilePayload>(
    target: EventClass<TPayload>,
    input: FileWriteInput<NoInfer<TPayload>>,
  ): Promise<string[]>;
  // By key there is no class to tell files from events; data with the fields of a file does.
  write<TData extends FileInput>(target: PathwayKey, input: FileWrite<TData>): Promise<string[]>;
  // NoInfer: the class alone says what a payload is. Else a list with a wrong item is taken for a list of a wider type.
  write<TPayload>(
    target: PathwayTarget<TPayload>,
    input: BatchWriteInput<BatchItem<NoInfer<TPayload>>> & { options: OutboxWriteOptions },
  ): Promise<OutboxReference[]>;
  write<TPayload>(
    target: PathwayTarget<TPayload>,
    input: WriteInput<NoInfer<TPayload>> & { options: OutboxWriteOptions },
  ): Promise<OutboxReference>;
  write<TPayload>(
    target: PathwayTarget<TPayload>,
    input: BatchWriteInput<BatchItem<NoInfer<TPayload>>>,
  ): Promise<string[]>;
  write<TPayload>(target: PathwayTarget<TPayload>, input: WriteInput<NoInfer<TPayload>>): Promise<string>;
  write(target: PathwayTarget, input: AnyWriteInput): Promise<string | string[]> {
    return keptAlive(this.writeNow(target, input));
  }

  private async writeNow(target: PathwayTarget, input: AnyWriteInput): Promise<string | string[]> {
    const pathway = this.resolve(target);
    const options = input.options ?? {};
    if (!pathway.writable) throw new PathwayNotWritableError(pathway.key);
    const { isFilePathway } = pathway;
    if (isFilePathway) refuseDurableFile(pathway.key, options);
    // A file is streamed at once, whatever the module says of other writes.
    const isOutbox = !isFilePathway && (options.outbox ?? pathway.outbox ?? this.deps.outboxByDefault);
    checkWriteOptions(pathway.key, options, isOutbox);
    if (isFilePathway) {
      this.refuseHopelessWait(pathway, options);
      return this.writeFile(pathway, input, options);
    }
    // Nobody waits for what is only sent after a commit that the caller has yet to make.
    if (!isOutbox) this.refuseHopelessWait(pathway, options);

    // A copy: a caller who empties or refills its buffer at once must not change which events the later requests carry.
    if (isOutbox || options.idempotencyKey !== undefined) {
      const data = input.batch === true ? [...input.data] : [input.data];
      const ids = await this.writeDurably(pathway, data, input, isOutbox);
      return input.batch === true ? ids : (ids[0] ?? '');
    }
    if (input.batch === true) return this.writeBatch(pathway, [...input.data], input.metadata, options);
    const [eventId = ''] = await this.send(
      pathway,
      [input.data],
      input.metadata,
      options,
      ([body], headers) =>
        this.deps.ingestion.writeEvent(pathway, body, headers, options.signal).then((id) => [id]),
    );
    return eventId;
  }

  /**
   * Writes in a session, which its events carry as `audit/session-id`.
   *
   * @param id a v4 UUID by default
   */
  session(id: string = randomUUID()): PathwaySession {
    const { sessionUserResolvers: userResolvers, sessionUserResolverTtlMs: userResolverTtlMs } = this.deps;
    const write = (target: PathwayTarget, input: AnyWriteInput) => keptAlive(this.writeNow(target, input));
    return new PathwaySession({ write, userResolvers, userResolverTtlMs }, id);
  }

  private async writeBatch(
    pathway: PathwayContract,
    payloads: readonly unknown[],
    metadata: WriteMetadata | undefined,
    options: WriteOptions,
  ): Promise<string[]> {
    if (payloads.length === 0) return [];
    const { ingestion, maxBatchSize } = this.deps;
    return this.send(pathway, payloads, metadata, options, (bodies, headers) =>
      sendBatch(ingestion, maxBatchSize, { pathway, bodies, headers, signal: options.signal }),
    );
  }

  private writeFile(
    pathway: PathwayContract,
    { batch, data, metadata }: WriteInput<unknown> | BatchWriteInput<unknown>,
    options: WriteOptions,
  ): Promise<string[]> {
    if (batch === true) throw new PathwayFileBatchError(pathway.key);
    this.files.check(pathway, data);
    // The file is what it is: only its own fields are the schema's. Read before the first wait, as for every write.
    const file: FileInput & Record<string, unknown> = { ...data };
    return this.send(pathway, [file], metadata, options, ([sent], headers) => {
      // A schema that makes another file of it is seen through as the writer's own would be.
      this.files.check(pathway, sent);
      return this.files.upload(pathway, sent, headers, options);
    });
  }

  private async send(
    pathway: PathwayContract,
    payloads: readonly unknown[],
    metadata: WriteMetadata | undefined,
    options: WriteOptions,
    request: (bodies: readonly unknown[], headers: IngestionHeaders) => Promise<string[]>,
  ): Promise<string[]> {
    const built = this.deps.metadata.build(pathway.key, metadata, options);
    const full = isPromiseLike(built) ? await built : built;
    const checking = payloadsToSend(pathway, payloads, this.deps.writesParsed);
    const sent = isPromiseLike(checking) ? await checking : checking;
    // Two uploads of one file id must not be mixed where they are put together.
    const named = pathway.isFilePathway ? { ...full, [UPLOAD_ID_KEY]: randomUUID() } : full;
    const headers = ingestionHeaders(named, options);
    const encoded = pathway.isFilePathway ? [] : this.encode(pathway, sent, options);
    const bodies = isPromiseLike<readonly (JsonText | WireItem)[]>(encoded) ? await encoded : encoded;
    const refusing = this.refuseWaitAtRest(pathway, options);
    if (refusing) await refusing;
    const eventIds = await this.reportStored(pathway, () =>
      isWireItems(bodies)
        ? this.sendItems(pathway, bodies, sent.length, headers, options)
        : request(pathway.isFilePathway ? sent : bodies, headers),
    );
    if (!options.fireAndForget) await this.waitFor(pathway, eventIds, options);
    return eventIds;
  }

  private encode(pathway: PathwayContract, payloads: readonly unknown[], options: WriteOptions) {
    const cipher = this.deps.cipherOf(pathway);
    return this.deps.encoder.encode({ key: pathway.key, payloads, options, cipher });
  }

  /** The items of a write that is not one event for each payload. */
  private sendItems(
    pathway: PathwayContract,
    items: readonly WireItem[],
    count: number,
    headers: IngestionHeaders,
    { signal }: WriteOptions,
  ): Promise<string[]> {
    const onPartsStored = (eventIds: readonly string[]) => this.deps.onStored(pathway, eventIds);
    return sendWireItems({ pathway, items, count, headers, signal, onPartsStored }, this.deps);
  }

  /** A write that survives a lost answer. Nothing here is on the way of those that do not ask for it. */
  private async writeDurably(
    pathway: PathwayContract,
    given: readonly unknown[],
    { metadata, options = {}, batch: isBatch = false }: WriteInput<unknown> | BatchWriteInput<unknown>,
    isOutbox: boolean,
  ): Promise<string[]> {
    if (given.length === 0) return [];
    const built = await this.deps.metadata.build(pathway.key, metadata, options);
    const data = await payloadsToSend(pathway, given, this.deps.writesParsed);
    // Encrypted and split once: a repetition must be the same on the wire.
    const wire = wirePayloads(pathway.key, data, await this.encode(pathway, data, options));
    const headers = ingestionHeaders({ ...built, ...wire.metadata }, options);
    const { payloads, owners } = wire;
    const write = { pathway: pathway.key, data, payloads, owners, isBatch, headers };
    const { idempotencyKey: key, transaction, signal } = options;
    if (isOutbox || key === undefined) return this.deps.durable.enqueue(pathway, write, { key, transaction });
    await this.refuseWaitAtRest(pathway, options);
    let claimIds: readonly string[] = [];
    const eventIds = await this.reportStored(pathway, async () => {
      const stored = await this.deps.durable.sendOnce(write, key, signal);
      claimIds = stored.claimIds;
      return [...stored.ids];
    });
    // An outbox write had this key first: its events have no ids to wait for.
    const isSent = eventIds.every((id) => rowIdOf(id) === undefined);
    if (!options.fireAndForget && isSent) await this.waitFor(pathway, eventIds, options, claimIds);
    return eventIds;
  }

  private waitFor(
    pathway: PathwayContract,
    eventIds: readonly string[],
    { timeoutMs = pathway.timeoutMs ?? this.deps.pathwayTimeoutMs, signal }: WriteOptions,
    claimIds?: readonly string[],
  ): Promise<void> {
    return this.deps.waiter.waitFor(pathway, eventIds, timeoutMs, signal, claimIds);
  }

  /** Also the stored part of an incomplete batch: its events are there, for the pump and for whoever counts them. */
  private async reportStored(pathway: PathwayContract, request: () => Promise<string[]>): Promise<string[]> {
    const startedAt = this.deps.clock.now();
    const report = (eventIds: readonly string[]) => {
      this.deps.telemetry.eventsWritten?.(pathway.key, eventIds.length, this.deps.clock.now() - startedAt);
      this.deps.onStored(pathway, eventIds);
    };
    try {
      const eventIds = await request();
      report(eventIds);
      return eventIds;
    } catch (error) {
      if (error instanceof PathwayBatchIncompleteError) report(error.eventIds);
      throw error;
    }
  }

  private resolve(target: PathwayTarget): PathwayContract {
    if (typeof target === 'string') return this.deps.registry.get(target);
    return this.deps.contractOf(target) ?? this.deps.registry.get(`class ${target.name}`);
  }

  private refuseHopelessWait(pathway: PathwayContract, options: WriteOptions): void {
    if (options.fireAndForget) return;
    refuseFor(pathway, this.deps.whyUnawaitable(pathway));
  }

  /** After the payload was read, which must not wait: its caller may change it meanwhile. */
  private refuseWaitAtRest(pathway: PathwayContract, options: WriteOptions): Promise<void> | undefined {
    if (options.fireAndForget) return undefined;
    const why = this.deps.whyAtRest(pathway);
    if (isPromiseLike(why)) return Promise.resolve(why).then((reason) => refuseFor(pathway, reason));
    refuseFor(pathway, why);
    return undefined;
  }
}

function refuseFor({ key }: PathwayContract, why: string | undefined): void {
  if (why !== undefined) throw new PathwayWriteUnawaitableError(key, why);
}
