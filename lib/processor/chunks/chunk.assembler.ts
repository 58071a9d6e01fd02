import { createHash } from 'node:crypto';
import { ChunkAssemblyFailedError } from '../../errors/chunk-assembly-failed.error.js';
import { EncryptionKeyUnavailableError } from '../../errors/encryption-key-unavailable.error.js';
import { CHUNK_FIELD, CHUNKED_KEY, type ChunkHeader } from '../../event/chunk.constants.js';
import { encryptionMetadata, isMarkedEncrypted } from '../../event/encryption-marker.util.js';
import {
  ENCRYPTED_METADATA,
  ENCRYPTION_KEY_ID_METADATA,
  ENCRYPTION_SCHEME_METADATA,
  IDEMPOTENCY_ID_KEY,
} from '../../event/metadata.constants.js';
import type { FlowcoreEvent } from '../../event/flowcore-event.interface.js';
import { idempotencyIdOfChunk } from '../claim-id.util.js';
import type { PayloadCipher } from '../../security/payload-cipher.interface.js';

/** All parts of one event. */
export interface CompleteChunk {
  /** Of any part. */
  readonly header: ChunkHeader;
  /** Data of the parts, in order. */
  readonly slices: readonly string[];
  /** Id of part 1. */
  readonly firstEventId: string;
  /** The event of the part that completed it: what is not the payload's is taken from there. */
  readonly event: FlowcoreEvent;
}

/**
 * Puts a large event together. An encrypted one is encrypted again as a whole: from there on it is an event like any other
 * encrypted one, and neither its dead letter nor anything else holds its plaintext.
 *
 * @param cipher given when the pathway is encrypted.
 * @throws ChunkAssemblyFailedError; EncryptionKeyUnavailableError, after which another try may succeed.
 */
export async function assembleChunk(
  chunk: CompleteChunk,
  cipher: PayloadCipher | undefined,
): Promise<FlowcoreEvent> {
  const { event, firstEventId, header, slices } = chunk;
  const failed = (problem: string, cause?: unknown) =>
    new ChunkAssemblyFailedError(firstEventId, header.id, problem, cause);
  const isEncrypted = isMarkedEncrypted(event.metadata);
  const opener = isEncrypted ? cipher : undefined;

  let text: string;
  try {
    text = opener ? await openAll(slices, event, opener) : slices.join('');
  } catch (error) {
    if (error instanceof EncryptionKeyUnavailableError) throw error;
    throw failed('a part cannot be decrypted', error);
  }
  if (createHash('sha256').update(text).digest('hex') !== header.digest) {
    const hint = isEncrypted && !cipher ? ': they are encrypted, and this pathway is not declared so' : '';
    throw failed(`the digest of their text is another than the one they name${hint}`);
  }
  let payload: unknown;
  try {
    payload = JSON.parse(text);
  } catch {
    // Without its cause: the message of JSON.parse quotes the text.
    throw failed('their text is no JSON');
  }
  const metadata = withoutMarkers(event.metadata, header.id);
  const whole = (content: unknown, marks: FlowcoreEvent['metadata']): FlowcoreEvent => ({
    ...event,
    eventId: firstEventId,
    payload: content,
    metadata: { ...metadata, ...marks },
  });
  if (!opener) return whole(payload, {});
  const sealed = await opener.seal(text);
  return whole({ encryptedPayload: sealed.text }, encryptionMetadata(sealed.keyId));
}

/** The event to keep when it cannot be put together: all parts as they were on the wire, in place of one of them. */
export function unassembled({ event, firstEventId, header, slices }: CompleteChunk): FlowcoreEvent {
  return {
    ...event,
    eventId: firstEventId,
    metadata: withChunkIdentity(event.metadata, header.id),
    payload: { [CHUNK_FIELD]: { ...header, part: 1 }, data: slices },
  };
}

async function openAll(
  slices: readonly string[],
  { metadata }: FlowcoreEvent,
  cipher: PayloadCipher,
): Promise<string> {
  const keyId = metadata[ENCRYPTION_KEY_ID_METADATA];
  const texts: string[] = [];
  for (const slice of slices)
    texts.push(await cipher.open(slice, typeof keyId === 'string' ? keyId : undefined));
  return texts.join('');
}

function withoutMarkers(metadata: FlowcoreEvent['metadata'], chunkId: string): FlowcoreEvent['metadata'] {
  const {
    [CHUNKED_KEY]: _chunked,
    [ENCRYPTED_METADATA]: _encrypted,
    [ENCRYPTION_SCHEME_METADATA]: _scheme,
    [ENCRYPTION_KEY_ID_METADATA]: _keyId,
    ...others
  } = metadata;
  return withChunkIdentity(others, chunkId);
}

/** The requests that carried the parts may have had ids of their own: the event is known by that of its chunk. */
export function withChunkIdentity(
  metadata: FlowcoreEvent['metadata'],
  chunkId: string,
): FlowcoreEvent['metadata'] {
  return metadata[IDEMPOTENCY_ID_KEY] === undefined
    ? metadata
    : { ...metadata, [IDEMPOTENCY_ID_KEY]: idempotencyIdOfChunk(chunkId) };
}
