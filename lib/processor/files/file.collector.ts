import type { PathwayContract } from '../../contract/pathway-contract.interface.js';
import { FilePartsMissingError } from '../../errors/file-parts-missing.error.js';
import type { FlowcoreEvent } from '../../event/flowcore-event.interface.js';
import { errorFields, type PathwaysLogger } from '../../event/logger.interface.js';
import type { PathwaysStore } from '../../state/pathways-store.interface.js';
import type { EventDelivery, EventOutcome } from '../event-delivery.interface.js';
import type { EventEnding } from '../event.ending.js';
import { assembleFile, digestOf } from './file.assembly.js';
import type { FilePartStore, StoredFilePart } from '../../state/file-part-store.interface.js';
import { type FilePartFields, fileGroupOf, laterPartsOf, requireFilePart } from './file-part.shape.js';

/** The parts the collector works with. */
export interface FileCollectorDependencies {
  readonly store: PathwaysStore;
  readonly parts: FilePartStore;
  readonly ending: EventEnding;
  readonly logger: PathwaysLogger;
}

/** An event of a file, and what runs the file once it is whole. */
export interface FileDelivery {
  readonly pathway: PathwayContract;
  readonly event: FlowcoreEvent;
  readonly delivery: EventDelivery;
  /** Takes the event of the first part through the rest of the pipeline, claim included. */
  run(first: FlowcoreEvent): Promise<EventOutcome>;
}

/** The parts of a whole file, as they are kept. */
interface FileGroup {
  readonly groupId: string;
  readonly parts: readonly StoredFilePart[];
}

/** The groups tried for an upload whose name another, identical one has taken. */
const MAX_IDENTICAL_UPLOADS = 1_000;

const PROCESSED: EventOutcome = { status: 'processed' };

/**
 * Collects the events of a file and runs them as one, the event of the first part. States of a part's event:
 *
 * *claimed* → *stored*, others missing: the event is finished, marked unless it may be the first part's, whose mark is
 * that of the file → *complete*: the file runs; its mark comes first, then that of the part that completed it, then the
 * parts are forgotten. A crash in between leaves an unmarked part, whose redelivery finds the group complete and runs the
 * file again, through its claim. A dead letter holds the first part's event; the parts stay for its replay.
 */
export class FileCollector {
  /** The events of whole files, by that of their first part. */
  private readonly whole = new WeakMap<FlowcoreEvent, readonly FlowcoreEvent[]>();

  constructor(private readonly deps: FileCollectorDependencies) {}

  async take(file: FileDelivery): Promise<EventOutcome> {
    const { pathway, event, delivery } = file;
    const fields = laterPartsOf(event);
    // A file of one part is whole; what is no part at all is refused where every invalid payload is.
    if (!fields) return file.run(event);
    const { generation, purpose } = delivery;
    const claim = await this.deps.store.state.claim(event.eventId, generation, purpose);
    if (claim !== 'claimed') return this.deps.ending.earlier(pathway, event, claim);
    const { eventId } = event;
    const group = await this.keepingClaim(eventId, () => this.store(pathway, event, fields));
    if (!group) return this.wait(file, fields);
    const events = group.parts.map((kept) =>
      kept.eventId === eventId ? event : (JSON.parse(kept.data) as FlowcoreEvent),
    );
    const [first = event] = events;
    this.whole.set(first, events);
    // The claim of the first part is that of the file, and is made anew with it.
    if (first === event) await this.deps.ending.release(eventId);
    return first === event
      ? this.runWhole(file, first, group)
      : this.keepingClaim(eventId, () => this.runWhole(file, first, group));
  }

  /**
   * The payload of the whole file.
   *
   * @throws EventPayloadInvalidError, FileChecksumMismatchError, FilePartsMissingError
   */
  payloadOf(pathway: PathwayContract, event: FlowcoreEvent): Record<string, unknown> {
    const events = this.whole.get(event);
    if (events) return assembleFile(pathway.key, events);
    const { fileId, totalParts } = requireFilePart(pathway.key, event);
    if (totalParts > 1) throw new FilePartsMissingError(pathway.key, fileId, totalParts);
    return assembleFile(pathway.key, [event]);
  }

  /** Others are missing. */
  private async wait({ event, delivery, run }: FileDelivery, fields: FilePartFields): Promise<EventOutcome> {
    const { ending } = this.deps;
    // Numbers may begin at 0 or at 1: the first part must not have a mark before the file has one.
    const mayBeFirst = fields.part <= 1;
    if (!mayBeFirst && delivery.purpose !== 'replay')
      return this.keepingClaim(event.eventId, () => this.end(event.eventId, delivery));
    await ending.release(event.eventId);
    // A dead letter must not be taken for handled because its other parts are gone.
    return delivery.purpose === 'replay' ? run(event) : PROCESSED;
  }

  private async runWhole(
    { event: { eventId }, delivery, run }: FileDelivery,
    first: FlowcoreEvent,
    { groupId, parts }: FileGroup,
  ): Promise<EventOutcome> {
    const isFirst = first.eventId === eventId;
    const outcome = await run(first);
    if (outcome.status === 'aborted' || outcome.status === 'halted') {
      if (!isFirst) await this.deps.ending.release(eventId);
      return outcome;
    }
    if (!isFirst) await this.end(eventId, delivery);
    await this.endUndecided(parts, eventId, delivery);
    if (outcome.status !== 'dead-lettered') await this.discard(groupId);
    return outcome;
  }

  /** Without the release every later delivery of the part would wait for this claim for ever. */
  private async keepingClaim<T>(eventId: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      await this.deps.ending.release(eventId);
      throw error;
    }
  }

  /** The group, if the part completed it or it was complete already. */
  private async store(
    pathway: PathwayContract,
    event: FlowcoreEvent,
    fields: FilePartFields,
  ): Promise<FileGroup | undefined> {
    const name = fileGroupOf(pathway.key, event, fields);
    const data = JSON.stringify(event);
    const digest = digestOf(data);
    const { eventId } = event;
    const { part, totalParts } = fields;
    for (let copy = 1; copy <= MAX_IDENTICAL_UPLOADS; copy++) {
      const groupId = copy === 1 ? name : `${name}~${copy}`;
      const outcome = await this.deps.parts.storePart({ groupId, part, totalParts, digest, eventId, data });
      if (outcome.status !== 'complete') return undefined;
      // Another upload of the same bytes under the same name, kept as a dead letter or still running: a file of its own.
      if (outcome.parts.some((kept) => kept.eventId === eventId)) return { groupId, parts: outcome.parts };
    }
    throw new Error(
      `More than ${MAX_IDENTICAL_UPLOADS} identical uploads of file "${fields.fileId}" are unfinished.`,
    );
  }

  /** The part numbered 1 of a file that begins at 0 was left without a mark, and somebody may wait for it. */
  private async endUndecided(
    parts: readonly StoredFilePart[],
    done: string,
    delivery: EventDelivery,
  ): Promise<void> {
    const [first, second] = parts;
    if (first?.part !== 0 || !second || second.eventId === done) return;
    const claim = await this.deps.store.state.claim(second.eventId, delivery.generation);
    if (claim === 'claimed') await this.end(second.eventId, delivery);
  }

  private async end(eventId: string, delivery: EventDelivery): Promise<EventOutcome> {
    await this.deps.ending.mark(eventId, delivery);
    return this.deps.ending.processed(eventId);
  }

  private async discard(groupId: string): Promise<void> {
    try {
      await this.deps.parts.discard(groupId);
    } catch (error) {
      // The file is handled and marked; its parts are forgotten with the time.
      this.deps.logger.warn('The parts of a handled file could not be removed', {
        groupId,
        ...errorFields(error),
      });
    }
  }
}
