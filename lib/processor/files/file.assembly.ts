import { createHash } from 'node:crypto';
import { type FilePart, ownFieldsOf } from '../../contract/file-payload.js';
import { FileChecksumMismatchError } from '../../errors/file-checksum-mismatch.error.js';
import { hashOf, isSameChecksum } from '../../event/file-checksum.util.js';
import type { FlowcoreEvent } from '../../event/flowcore-event.interface.js';
import { type FilePartFields, requireFilePart } from './file-part.shape.js';

/**
 * What a handler gets for the events of a file, in the order of their parts: its own fields and the whole content.
 *
 * @throws EventPayloadInvalidError, FileChecksumMismatchError
 */
export function assembleFile(key: string, events: readonly FlowcoreEvent[]): Record<string, unknown> {
  const parts = events.map((event) => ({ event, fields: requireFilePart(key, event) }));
  const chunks = parts.map(({ fields }) => Buffer.from(fields.data, 'base64'));
  const [first] = parts as [(typeof parts)[number]];
  const { fileId, fileName, fileType } = first.fields;
  assertChecksum(
    key,
    parts.map(({ fields }) => fields),
    chunks,
    events,
  );

  const fileContent = new Blob(chunks, { type: fileType });
  let at = 0;
  const fileParts = parts.map(({ event, fields }, index): FilePart => {
    const from = at;
    at += chunks[index]?.length ?? 0;
    const { eventId, timeBucket, metadata, validTime } = event;
    return {
      eventId,
      part: fields.part,
      content: fileContent.slice(from, at, fileType),
      event: { timeBucket, metadata, validTime },
    };
  });
  const payload = {
    ...ownFieldsOf(first.event.payload as Record<string, unknown>),
    fileId,
    fileName,
    fileType,
    fileContent,
  };
  return Object.defineProperty(payload, 'fileParts', { value: fileParts, enumerable: false });
}

/** Of the whole file, or of every part by itself: the protocol leaves open which (§9). */
function assertChecksum(
  key: string,
  parts: readonly FilePartFields[],
  chunks: readonly Buffer[],
  events: readonly FlowcoreEvent[],
): void {
  const [first] = parts;
  if (!first) return;
  const whole = hashOf(first.hashType, chunks);
  // An algorithm nobody here knows proves nothing.
  if (whole === undefined || isSameChecksum(first.checksum, whole)) return;
  const isSound = parts.every(({ checksum, hashType }, index) => {
    const own = hashOf(hashType, chunks.slice(index, index + 1));
    return own !== undefined && isSameChecksum(checksum, own);
  });
  if (isSound) return;
  const eventIds = events.map(({ eventId }) => eventId);
  throw new FileChecksumMismatchError(
    key,
    first.fileId,
    'assembly',
    first.checksum,
    whole.toString('hex'),
    eventIds,
  );
}

/** Names what was delivered, to tell two parts of one number apart. */
export function digestOf(data: string): string {
  return createHash('sha256').update(data).digest('hex');
}
