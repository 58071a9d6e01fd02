import { createHash } from 'node:crypto';
import { ownFieldsOf } from '../../contract/file-payload.js';
import { EventPayloadInvalidError, type PayloadIssue } from '../../errors/event-payload-invalid.error.js';
import { canonicalJson } from '../../event/canonical-json.util.js';
import { hashOf, isSameChecksum } from '../../event/file-checksum.util.js';
import type { FlowcoreEvent } from '../../event/flowcore-event.interface.js';
import { isRecord, kindOf } from '../../event/event-shape.util.js';
import { UPLOAD_ID_KEY } from '../../event/metadata.constants.js';

/** What the platform says about a part of a file (protocol §9). */
export interface FilePartFields {
  readonly fileId: string;
  readonly fileName: string;
  readonly fileType: string;
  /** Base64. */
  readonly data: string;
  readonly part: number;
  readonly totalParts: number;
  readonly checksum: string;
  readonly hashType: string;
}

const KINDS: Readonly<Record<keyof FilePartFields, 'string' | 'number'>> = {
  fileId: 'string',
  fileName: 'string',
  fileType: 'string',
  data: 'string',
  part: 'number',
  totalParts: 'number',
  checksum: 'string',
  hashType: 'string',
};

/** The fields of a part, or what keeps the payload from being one. */
function filePartOf(payload: unknown): FilePartFields | readonly PayloadIssue[] {
  if (!isRecord(payload)) return [{ path: '', message: `must be an object, not ${kindOf(payload)}` }];
  const issues = Object.entries(KINDS)
    .filter(([path, kind]) => typeof payload[path] !== kind)
    .map(([path, kind]) => ({
      path,
      message: `must be a ${kind} in an event of a file, not ${kindOf(payload[path])}`,
    }));
  if (issues.length > 0) return issues;
  const fields = payload as unknown as FilePartFields;
  const { part, totalParts } = fields;
  const isCount = Number.isInteger(totalParts) && totalParts >= 1;
  if (!isCount || !Number.isInteger(part) || part < 0 || part > totalParts)
    return [{ path: 'part', message: `${part} of ${totalParts} is no part of a file` }];
  return fields;
}

/** The part as the processor needs it, when `totalParts` says that there are others. */
export function laterPartsOf(event: FlowcoreEvent): FilePartFields | undefined {
  const fields = filePartOf(event.payload);
  return 'data' in fields && fields.totalParts > 1 ? fields : undefined;
}

/** @throws EventPayloadInvalidError */
export function requireFilePart(key: string, event: FlowcoreEvent): FilePartFields {
  const fields = filePartOf(event.payload);
  if ('data' in fields) return fields;
  throw new EventPayloadInvalidError(key, fields);
}

/**
 * Names one upload of a file, the same for each of its parts. Another upload under the same `fileId` must not be mixed in.
 * Files written by this library say which upload they are of. Of others, what tells uploads apart is the checksum, if it is
 * that of the whole file; the protocol does not say (§9), so a part that has the checksum itself is taken for a sign that it
 * is not. Then the size, by the same sign, and the own fields have to do.
 */
export function fileGroupOf(key: string, event: FlowcoreEvent, fields: FilePartFields): string {
  const { fileId, fileName, totalParts, checksum, hashType } = fields;
  const bytes = Buffer.from(fields.data, 'base64');
  const own = hashOf(hashType, [bytes]);
  const isOfPart = own !== undefined && isSameChecksum(checksum, own);
  const names: unknown[] = [key, fileId, fileName, totalParts, isOfPart ? '' : checksum];
  const uploadId = event.metadata[UPLOAD_ID_KEY];
  if (typeof uploadId === 'string') names.push({ uploadId });
  else if (isOfPart) {
    const payload = event.payload as Record<string, unknown>;
    const { fileSize } = payload;
    names.push(fileSize === bytes.length ? '' : fileSize, canonicalJson(ownFieldsOf(payload)));
  }
  return createHash('sha256').update(JSON.stringify(names)).digest('hex');
}
