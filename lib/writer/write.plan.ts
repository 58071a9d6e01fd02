import { createHash } from 'node:crypto';
import { canonicalJson } from '../event/canonical-json.util.js';
import { metadataTexts, type IngestionHeaders } from '../platform/ingestion-headers.util.js';
import { CHUNK_FIELD, CHUNKED_KEY } from '../event/chunk.constants.js';
import { isRecord } from '../event/event-shape.util.js';
import { claimIdFor, idempotencyIdOfChunk } from '../processor/claim-id.util.js';
import type { OutboxHeaders } from '../state/outbox-headers.interface.js';
import type { JsonText } from '../platform/json-text.js';
import { WriteOptionsInvalidError } from '../errors/write-options-invalid.error.js';
import type { WriteIdentity, WriteRequest } from '../state/write-ledger.interface.js';
import { isWireItems, wireRequests, type WireItem } from './chunks/wire.requests.js';
import type { WriteMetadata } from './write.options.js';

/** A write as it goes over the wire. */
export interface WireWrite {
  /** `flowType/eventType`. */
  readonly pathway: string;
  /** What the caller gave: decides whether a repeated key means the same write. Encryption makes each wire payload another. */
  readonly data: readonly unknown[];
  /** What is sent: as many or more. */
  readonly payloads: readonly unknown[];
  /** For every payload the item of `data` it belongs to, ascending; `undefined`: one payload per item. */
  readonly owners?: readonly number[] | undefined;
  readonly isBatch: boolean;
  readonly headers: IngestionHeaders;
}

/** What is sent for the items of a write, and what the requests say about it. */
export type WirePayloads = Pick<WireWrite, 'payloads' | 'owners'> & { readonly metadata?: WriteMetadata };

/**
 * The encoded payloads of a write, as they are kept until they are sent: with one set of metadata for all of its requests.
 *
 * @throws WriteOptionsInvalidError for items that cannot share one.
 */
export function wirePayloads(
  key: string,
  data: readonly unknown[],
  bodies: readonly (JsonText | WireItem)[],
): WirePayloads {
  if (!isWireItems(bodies)) return { payloads: data };
  const [request, ...others] = wireRequests(bodies, Number.POSITIVE_INFINITY);
  if (others.length > 0) {
    const problem =
      'outbox and idempotencyKey take items of one kind only, and this batch has a large one beside one that looks like a part of such, or the encryption key has changed meanwhile: write its items one by one';
    throw new WriteOptionsInvalidError(key, [problem]);
  }
  return {
    payloads: bodies.map(({ body }) => body.toJSON()),
    owners: bodies.map(({ owner }) => owner),
    metadata: request?.metadata ?? {},
  };
}

/**
 * The requests of a write with an idempotency key. Each has an id of its own, made from the key: events of one request are
 * told apart by their payload, so one that is there already begins the next request.
 */
export function planWrite(
  write: WireWrite,
  key: string,
  maxBatchSize: number,
): { readonly identity: WriteIdentity; readonly requests: readonly WriteRequest[] } {
  const { pathway, payloads, isBatch } = write;
  const headers = storableHeaders(write.headers);
  const requests: (WriteRequest & { readonly payloads: unknown[] })[] = [];
  const claimIds: string[] = [];
  let taken = new Set<string>();
  for (const payload of payloads) {
    let request = requests.at(-1);
    let claimId = request && claimIdFor(request.idempotencyId, pathway, payload);
    if (!request || !claimId || taken.has(claimId) || request.payloads.length >= maxBatchSize) {
      request = { idempotencyId: `${key}#${requests.length}`, payloads: [], isBatch, headers };
      requests.push(request);
      taken = new Set();
      claimId = claimIdFor(request.idempotencyId, pathway, payload);
    }
    request.payloads.push(payload);
    taken.add(claimId);
    claimIds.push(claimOfWhole(payload, headers) ?? claimId);
  }
  return { identity: { key, pathway, fingerprint: fingerprintOf(write, key), claimIds }, requests };
}

/** What a part is handled under: all of its event's parts together. */
function claimOfWhole(payload: unknown, { metadata }: OutboxHeaders): string | undefined {
  if (metadata[CHUNKED_KEY] === undefined || !isRecord(payload)) return undefined;
  const header = payload[CHUNK_FIELD];
  if (!isRecord(header) || typeof header['id'] !== 'string') return undefined;
  return claimIdFor(idempotencyIdOfChunk(header['id']), '', undefined);
}

/** With the key in it: the digest of a payload that is stored encrypted must not be one that can be looked up. */
function fingerprintOf({ pathway, data, isBatch }: WireWrite, key: string): string {
  const text = canonicalJson([key, pathway, isBatch, data]);
  return createHash('sha256').update(text).digest('hex');
}

/** Of what there is for every payload, what there is for every item of `data`: its first. */
export function perItem<T>({ owners }: WireWrite, values: readonly T[]): T[] {
  return values.filter((_value, at) => !owners || owners[at] !== owners[at - 1]);
}

/** Headers as JSON keeps them; metadata as it will travel, so that a value is stored whichever way its write goes. */
export function storableHeaders({ metadata = {}, ...others }: IngestionHeaders): OutboxHeaders {
  const texts = metadataTexts(metadata);
  return JSON.parse(JSON.stringify({ metadata: texts, ...others })) as OutboxHeaders;
}
