import { MAX_EVENT_BYTES } from './event.ingestor.js';
import type { FileUpload } from './file-upload.reader.js';
import { HttpRefusal } from './http-refusal.js';

/** Bytes of a file in one event: 60,000 characters as Base64, which leaves 4,000 for everything beside them. */
export const FILE_PART_BYTES = 45_000;

/** Below this a file would need so many events that its fields are surely a mistake. */
const MIN_PART_BYTES = 3_000;

/**
 * The payloads of a file's events (protocol §9). The protocol leaves open how `data` is encoded, where `part` begins and
 * what `checksum` and `fileSize` are about; here it is Base64, 1, and the whole file. An empty file has one part.
 *
 * @throws HttpRefusal 400 when the other fields leave no room
 */
export function filePartPayloads(upload: FileUpload): Record<string, unknown>[] {
  const { content, additionalProperties, fileId, fileName, fileType, checksum } = upload;
  const payloadOf = (part: number, totalParts: number, data: string) => ({
    ...additionalProperties,
    fileId,
    fileName,
    fileType,
    fileSize: content.length,
    data,
    part,
    totalParts,
    checksum,
    hashType: 'sha256',
  });
  const overhead = Buffer.byteLength(JSON.stringify(payloadOf(content.length, content.length, '')));
  const room = Math.floor((MAX_EVENT_BYTES - overhead) / 4) * 3;
  if (room < MIN_PART_BYTES)
    throw new HttpRefusal(
      400,
      `The fields beside the file exceed the limit of one event, ${MAX_EVENT_BYTES} bytes.`,
    );
  const size = Math.min(FILE_PART_BYTES, room);
  const totalParts = Math.max(1, Math.ceil(content.length / size));
  return Array.from({ length: totalParts }, (_, index) =>
    payloadOf(index + 1, totalParts, content.subarray(index * size, (index + 1) * size).toString('base64')),
  );
}
