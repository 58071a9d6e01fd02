import { randomUUID } from 'node:crypto';
import type { PathwayContract } from '../contract/pathway-contract.interface.js';
import { IdempotencyKeyReusedError } from '../errors/idempotency-key-reused.error.js';
import { OutboxMissingError } from '../errors/outbox-missing.error.js';
import { PathwaysConfigurationError } from '../errors/pathways-configuration.error.js';
import { sleep, withJitter, type Clock } from '../event/clock.interface.js';
import type { FlowcoreEvent } from '../event/flowcore-event.interface.js';
import { storableOrderKey } from '../event/order-key.util.js';
import { errorFields, type PathwaysLogger } from '../event/logger.interface.js';
import { IDEMPOTENCY_ID_KEY } from '../event/metadata.constants.js';
import type { IngestionClient } from '../platform/ingestion.client.js';
import { isRefusedForGood } from '../platform/refusal.util.js';
import type { OutboxEntry, OutboxStore } from '../state/outbox-store.interface.js';
import type { WriteIdentity, WriteLedger, WriteRequest } from '../state/write-ledger.interface.js';
import type { OutboxReference } from '../state/outbox-reference.js';
import { perItem, planWrite, storableHeaders, type WireWrite } from './write.plan.js';

/** The parts the durable writer works with. */
export interface DurableWriterDependencies {
  readonly ingestion: IngestionClient;
  readonly ledger: WriteLedger;
  /** `undefined`: the store has none. */
  readonly outbox: OutboxStore | undefined;
  readonly clock: Clock;
  readonly logger: PathwaysLogger;
  readonly maxBatchSize: number;
  /** Something is in the outbox, or will be with the commit. */
  onEnqueued(): void;
}

/** A stored write: the ids of its events, and what they are claimed under. */
export interface StoredWrite {
  readonly ids: readonly string[];
  readonly claimIds: readonly string[];
}

/** A write this call has to send. */
interface BegunWrite {
  readonly pathway: string;
  readonly key: string;
  readonly holder: string;
  readonly requests: readonly WriteRequest[];
  /** Ids of the events that are stored already. */
  readonly answered: readonly string[];
}

/** After this, a call that has not answered is taken for gone. A copy that it sends all the same is dropped when handled. */
const HOLD_MS = 10_000;
const FIRST_LOOK_MS = 20;
const LONGEST_LOOK_MS = 500;

/** Writes that survive a lost answer: through the outbox, or with the caller's key. */
export class DurableWriter {
  /** Calls of this process by their keys: a second one waits for the first without asking the store. */
  private readonly running = new Map<string, Promise<unknown>>();

  constructor(private readonly deps: DurableWriterDependencies) {}

  /**
   * Puts the events into the outbox, as part of the caller's transaction.
   *
   * @returns one reference per item.
   */
  async enqueue(
    pathway: PathwayContract,
    write: WireWrite,
    { key, transaction }: { readonly key: string | undefined; readonly transaction: unknown },
  ): Promise<OutboxReference[]> {
    const { outbox } = this.deps;
    if (!outbox) throw new OutboxMissingError(pathway.key);
    const plan = key === undefined ? undefined : planWrite(write, keyOf(key), this.deps.maxBatchSize);
    const orderKeys = write.data.map((data) => this.orderKeyOf(pathway, data, write));
    const ids = plan?.requests.flatMap(({ idempotencyId, payloads }) => payloads.map(() => idempotencyId));
    const headers = storableHeaders(write.headers);
    const entries = write.payloads.map((payload, at): OutboxEntry => {
      const { flowType, eventType } = pathway;
      const orderKey = orderKeys[write.owners?.[at] ?? at] ?? flowType;
      return { flowType, eventType, payload, headers, orderKey, idempotencyId: ids?.[at] };
    });
    const references = await outbox.add(entries, { transaction, once: plan?.identity });
    this.deps.onEnqueued();
    return perItem(write, references);
  }

  /**
   * Sends the events of a write once, however often it is called with the same key: a repetition gets the first ids, and
   * when the first answer was lost it sends the same requests again, with the same ids in their metadata.
   */
  async sendOnce(write: WireWrite, givenKey: string, signal: AbortSignal | undefined): Promise<StoredWrite> {
    const key = keyOf(givenKey);
    while (this.running.has(key)) {
      signal?.throwIfAborted();
      // Whether it fails is said to its own caller; this one then tries for itself.
      await this.running.get(key)?.catch(() => {});
    }
    const { identity, requests } = planWrite(write, key, this.deps.maxBatchSize);
    const sending = this.send(write, identity, requests, signal);
    this.running.set(key, sending);
    try {
      const { ids, claimIds } = await sending;
      return { ids: perItem(write, ids), claimIds: perItem(write, claimIds) };
    } finally {
      this.running.delete(key);
    }
  }

  private async send(
    { pathway }: WireWrite,
    identity: WriteIdentity,
    planned: readonly WriteRequest[],
    signal: AbortSignal | undefined,
  ): Promise<StoredWrite> {
    const { ledger, clock } = this.deps;
    const { key } = identity;
    const holder = randomUUID();
    for (let looks = 0; ; looks++) {
      const record = await ledger.begin(identity, planned, holder, HOLD_MS);
      if (record.status === 'other') throw new IdempotencyKeyReusedError(key, pathway, record.pathway);
      if (record.status === 'answered') return record;
      if (record.status === 'begun') {
        try {
          const { requests, claimIds } = record;
          const begun = { pathway, key, holder, requests, answered: record.ids };
          return { ids: await this.sendRequests(begun, signal), claimIds };
        } catch (error) {
          await this.release(key, holder);
          throw error;
        }
      }
      const delayMs = Math.min(FIRST_LOOK_MS * 2 ** looks, LONGEST_LOOK_MS);
      await sleep(clock, withJitter(delayMs, 0.2), signal);
      signal?.throwIfAborted();
    }
  }

  private async sendRequests(
    { pathway, key, holder, requests, answered }: BegunWrite,
    signal: AbortSignal | undefined,
  ): Promise<readonly string[]> {
    let ids = answered;
    let position = 0;
    for (const request of requests) {
      const from = position;
      position += request.payloads.length;
      if (position <= ids.length) continue;
      let sent: readonly string[];
      try {
        sent = await this.sendRequest(pathway, request, signal);
      } catch (error) {
        // Kept, they would be sent in place of the corrected ones, and fail again until the key's time is over.
        if (ids.length === 0 && !signal?.aborted && isRefusedForGood(error)) await this.forget(key, holder);
        throw error;
      }
      ids = await this.deps.ledger.answer(key, sent, from);
    }
    return ids;
  }

  private async sendRequest(
    pathway: string,
    { idempotencyId, payloads, isBatch, headers }: WriteRequest,
    signal: AbortSignal | undefined,
  ): Promise<readonly string[]> {
    const { ingestion } = this.deps;
    const [flowType = '', eventType = ''] = pathway.split('/');
    const target = { flowType, eventType };
    const withId = { ...headers, metadata: { ...headers.metadata, [IDEMPOTENCY_ID_KEY]: idempotencyId } };
    if (isBatch || payloads.length > 1) return ingestion.writeBatch(target, payloads, withId, signal);
    return [await ingestion.writeEvent(target, payloads[0], withId, signal)];
  }

  private async release(key: string, holder: string): Promise<void> {
    try {
      await this.deps.ledger.release(key, holder);
    } catch (error) {
      // It runs out by itself; the caller must see why the write failed.
      this.deps.logger.warn(
        `The write with idempotencyKey "${key}" could not be given up`,
        errorFields(error),
      );
    }
  }

  private async forget(key: string, holder: string): Promise<void> {
    try {
      await this.deps.ledger.forget(key, holder);
    } catch (error) {
      // As above; the next call is refused like this one, and tries this again.
      this.deps.logger.warn(`The idempotencyKey "${key}" of a refused write stays taken`, errorFields(error));
    }
  }

  /**
   * The key its events will be handled in. Without `orderBy` that is the whole pump, so events of different pathways of a
   * flow type keep their order too.
   */
  private orderKeyOf(pathway: PathwayContract, payload: unknown, { headers }: WireWrite): string {
    const { flowType, eventType, orderBy } = pathway;
    if (!orderBy) return flowType;
    const event: FlowcoreEvent = {
      eventId: '',
      timeBucket: '',
      tenant: '',
      dataCoreId: '',
      flowType,
      eventType,
      metadata: headers.metadata ?? {},
      payload,
      validTime: '',
    };
    try {
      const key: unknown = orderBy(event);
      return key === undefined || key === null ? flowType : storableOrderKey(`${flowType}/${String(key)}`);
    } catch (error) {
      this.deps.logger.warn(
        `orderBy of ${pathway.key} threw; the event is sent in strict order`,
        errorFields(error),
      );
      return flowType;
    }
  }
}

function keyOf(key: unknown): string {
  if (typeof key === 'string' && key.trim() !== '' && key.length <= 200 && !/^pathways\/|\0/.test(key))
    return key;
  const message = 'must be a string of 1 to 200 characters that does not begin with "pathways/"';
  throw new PathwaysConfigurationError([{ path: 'idempotencyKey', message }], 'Write options');
}
