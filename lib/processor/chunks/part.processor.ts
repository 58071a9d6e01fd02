import { EncryptionKeyUnavailableError } from '../../errors/encryption-key-unavailable.error.js';
import type { PathwayContract } from '../../contract/pathway-contract.interface.js';
import { ChunkPartConflictError } from '../../errors/chunk-part-conflict.error.js';
import { ChunkPartsMissingError } from '../../errors/chunk-parts-missing.error.js';
import { ChunkPartMalformedError } from '../../errors/chunk-part-malformed.error.js';
import { ChunkSchemeUnknownError } from '../../errors/chunk-scheme-unknown.error.js';
import { ChunkStoreMissingError } from '../../errors/chunk-store-missing.error.js';
import type { ChunkHeader } from '../../event/chunk.constants.js';
import type { Clock } from '../../event/clock.interface.js';
import type { FlowcoreEvent } from '../../event/flowcore-event.interface.js';
import type { PayloadCipher } from '../../security/payload-cipher.interface.js';
import type { ChunkStore } from '../../state/chunk-store.interface.js';
import type { EventStatus } from '../../state/pathway-state.interface.js';
import type { PathwaysStore } from '../../state/pathways-store.interface.js';
import type { EventDelivery, EventOutcome } from '../event-delivery.interface.js';
import type { EventEnding } from '../event.ending.js';
import { withStoreRetry } from '../store-retry.util.js';
import { parseChunkPart } from './chunk-part.parser.js';
import { claimIdOf } from '../claim-id.util.js';
import { assembleChunk, unassembled, withChunkIdentity, type CompleteChunk } from './chunk.assembler.js';

/** The parts the processor of parts works with. */
export interface PartProcessorDependencies {
  readonly store: Pick<PathwaysStore, 'chunks' | 'state'>;
  readonly clock: Clock;
  readonly ending: EventEnding;
  /** What decrypts the pathway's payloads, if they are encrypted. */
  cipherOf?(pathway: PathwayContract): PayloadCipher | undefined;
  /** Takes a whole event through the pipeline. */
  take(pathway: PathwayContract, event: FlowcoreEvent, delivery: EventDelivery): Promise<EventOutcome>;
  /** Keeps as a dead letter what can never reach a handler, unless another delivery has ended it. */
  refuse(
    pathway: PathwayContract,
    event: FlowcoreEvent,
    delivery: EventDelivery,
    error: unknown,
  ): Promise<EventOutcome>;
}

const PROCESSED: EventOutcome = { status: 'processed' };

/**
 * Takes a part of a large event: store it → when all are there, put the event together → the whole pipeline, under the id
 * of part 1 → finish the chunk → mark the part.
 *
 * Only parts that are stored are marked, and part 1 never is: its mark is that of the event. A crash anywhere leaves the
 * part that completed the event unmarked, and so it is delivered again; the claim on the id of part 1 makes it one effect.
 */
export class PartProcessor {
  constructor(private readonly deps: PartProcessorDependencies) {}

  async process(
    pathway: PathwayContract,
    event: FlowcoreEvent,
    delivery: EventDelivery,
  ): Promise<EventOutcome> {
    try {
      const { chunks } = this.deps.store;
      const { header, data } = parseChunkPart(event, delivery.purpose === 'replay');
      // The dead letter of an event that could not be put together holds all of its parts.
      if (typeof data !== 'string') {
        const chunk = { header, slices: data, firstEventId: event.eventId, event };
        return await this.assemble(pathway, chunk, delivery);
      }
      if (!chunks) throw new ChunkStoreMissingError(event.eventId, pathway.key);
      return await this.collect(pathway, event, delivery, { header, data, chunks });
    } catch (error) {
      if (!isOfThePart(error)) throw error;
      return this.deps.refuse(pathway, event, delivery, error);
    }
  }

  private async collect(
    pathway: PathwayContract,
    event: FlowcoreEvent,
    delivery: EventDelivery,
    { header, data, chunks }: { header: ChunkHeader; data: string; chunks: ChunkStore },
  ): Promise<EventOutcome> {
    const { eventId } = event;
    const { id: chunkId, part, totalParts, digest } = header;
    const progress = await this.tried(delivery, () =>
      chunks.storePart({ chunkId, part, totalParts, digest, data, eventId }),
    );
    if (progress.status === 'conflict') throw new ChunkPartConflictError(eventId, chunkId, part, 'data');
    if (progress.status === 'inconsistent')
      throw new ChunkPartConflictError(eventId, chunkId, part, 'header');
    if (progress.status !== 'complete') {
      // Its letter must not be taken for handled: the part is only kept for a time.
      if (delivery.purpose === 'replay') {
        return {
          status: 'dead-lettered',
          error: new ChunkPartsMissingError(eventId, chunkId, part, totalParts),
        };
      }
      if (part !== 1) await this.mark(eventId, delivery, 'processed');
      return PROCESSED;
    }
    const { firstEventId } = progress;
    const outcome = await this.handle(pathway, event, delivery, header, firstEventId, chunks);
    const { status } = outcome;
    if (status === 'aborted' || status === 'halted') return outcome;
    await this.tried(delivery, () => chunks.finish(chunkId));
    // Also a second copy of part 1, which a lost answer of the platform leaves: its writer may wait for that one.
    if (eventId !== firstEventId) {
      const isCopy = part === 1 && status === 'dead-lettered';
      await this.mark(eventId, delivery, isCopy ? 'dead-lettered' : 'processed');
    }
    return outcome;
  }

  private async handle(
    pathway: PathwayContract,
    event: FlowcoreEvent,
    delivery: EventDelivery,
    header: ChunkHeader,
    firstEventId: string,
    chunks: ChunkStore,
  ): Promise<EventOutcome> {
    const metadata = withChunkIdentity(event.metadata, header.id);
    const earlier = await this.earlier(pathway, { ...event, eventId: firstEventId, metadata }, delivery);
    if (earlier) return earlier;
    const slices = await this.tried(delivery, () => chunks.load(header.id));
    // Its time was over in this very moment, so it had ended long ago.
    if (!slices) return PROCESSED;
    return this.assemble(pathway, { header, slices, firstEventId, event }, delivery);
  }

  private async assemble(
    pathway: PathwayContract,
    chunk: CompleteChunk,
    delivery: EventDelivery,
  ): Promise<EventOutcome> {
    let whole: FlowcoreEvent;
    try {
      whole = await assembleChunk(chunk, this.deps.cipherOf?.(pathway));
    } catch (error) {
      if (error instanceof EncryptionKeyUnavailableError) throw error;
      return this.deps.refuse(pathway, unassembled(chunk), delivery, error);
    }
    return this.deps.take(pathway, whole, delivery);
  }

  /**
   * A hundred late parts of an event that has ended must not put it together a hundred times.
   *
   * @param event one of the parts, under the identity of the whole event.
   */
  private async earlier(
    pathway: PathwayContract,
    event: FlowcoreEvent,
    delivery: EventDelivery,
  ): Promise<EventOutcome | undefined> {
    const { store, ending } = this.deps;
    const claimId = claimIdOf(event);
    if ((await store.state.statusOf(claimId)) === undefined) return undefined;
    const claim = await store.state.claim(claimId, delivery.generation, delivery.purpose);
    if (claim !== 'claimed') return ending.earlier(pathway, event, claim);
    await ending.release(claimId);
    return undefined;
  }

  private async mark(eventId: string, delivery: EventDelivery, status: EventStatus): Promise<void> {
    const { store, ending } = this.deps;
    if (status === 'processed') {
      await ending.mark(eventId, delivery);
      ending.processed(eventId);
      return;
    }
    await this.tried(delivery, () => store.state.complete(eventId, delivery.generation, status));
  }

  private async tried<T>({ signal }: EventDelivery, work: () => T | Promise<T>): Promise<T> {
    return withStoreRetry(this.deps.clock, signal, work);
  }
}

/** What is wrong with the part itself. Everything else is the store's. */
function isOfThePart(error: unknown): boolean {
  return (
    error instanceof ChunkPartMalformedError ||
    error instanceof ChunkSchemeUnknownError ||
    error instanceof ChunkPartConflictError ||
    error instanceof ChunkStoreMissingError
  );
}
