import { ChunkPartMalformedError } from '../../errors/chunk-part-malformed.error.js';
import { ChunkSchemeUnknownError } from '../../errors/chunk-scheme-unknown.error.js';
import { CHUNK_FIELD, CHUNK_SCHEME, CHUNKED_KEY, type ChunkHeader } from '../../event/chunk.constants.js';
import { isRecord, kindOf } from '../../event/event-shape.util.js';
import type { FlowcoreEvent } from '../../event/flowcore-event.interface.js';

/** A part of a large event, or all of its parts in the dead letter of one that could not be put together. */
export interface ParsedPart {
  readonly header: ChunkHeader;
  readonly data: string | readonly string[];
}

const LONGEST_ID = 200;
const MOST_PARTS = 999_999;

/** Whether an event says that it is a part. Without the metadata's word no payload is ever taken for one. */
export function isChunkPart({ metadata, payload }: FlowcoreEvent): boolean {
  const marker = metadata[CHUNKED_KEY];
  return (marker === 'true' || marker === true) && isRecord(payload) && Object.hasOwn(payload, CHUNK_FIELD);
}

/**
 * Reads what {@link isChunkPart} found.
 *
 * @param mayBeAll for the dead letter of an event that could not be put together.
 * @throws ChunkPartMalformedError, ChunkSchemeUnknownError. What no store could keep is refused as well: the pump would try
 * to store it for ever.
 */
export function parseChunkPart({ eventId, payload }: FlowcoreEvent, mayBeAll: boolean): ParsedPart {
  const { [CHUNK_FIELD]: header, data } = payload as Record<string, unknown>;
  const malformed = (problem: string) => new ChunkPartMalformedError(eventId, problem);
  if (!isRecord(header)) throw malformed(`${CHUNK_FIELD} is ${kindOf(header)}, not an object`);
  const { id, part, totalParts, digest, scheme } = header;
  for (const [name, value] of Object.entries({ id, digest, scheme })) {
    if (!isStorable(value))
      throw malformed(`${CHUNK_FIELD}.${name} is no text of 1 to ${LONGEST_ID} characters`);
  }
  if (scheme !== CHUNK_SCHEME) throw new ChunkSchemeUnknownError(eventId, scheme as string);
  if (!isCount(totalParts)) throw malformed(`${CHUNK_FIELD}.totalParts is no number from 1 to ${MOST_PARTS}`);
  if (!isCount(part) || part > totalParts) {
    throw malformed(`${CHUNK_FIELD}.part is no number from 1 to ${totalParts}`);
  }
  const parsed = { id: id as string, part, totalParts, digest: digest as string, scheme };
  if (typeof data === 'string' && !data.includes('\0')) return { header: parsed, data };
  const isAll = Array.isArray(data) && data.every((slice) => typeof slice === 'string');
  if (mayBeAll && isAll) return { header: parsed, data };
  throw malformed('data is no text without U+0000');
}

function isStorable(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= LONGEST_ID && !value.includes('\0');
}

function isCount(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= MOST_PARTS;
}
