import type { FlowcoreEvent } from '../event/flowcore-event.interface.js';

/** One piece of a file as the platform stored it: an event of its own. */
export interface FilePart {
  readonly eventId: string;
  /** Number of the part as the platform gave it, from 0 or 1. */
  readonly part: number;
  /** The bytes of this part: a view of the file, not a copy. */
  readonly content: Blob;
  readonly event: Pick<FlowcoreEvent, 'timeBucket' | 'metadata' | 'validTime'>;
}

/**
 * Base of the event classes of file pathways (`isFilePathway: true`). Handlers find the file in these fields beside the
 * class's own; a writer gives `fileId`, `fileName` and `fileContent`. That a class extends it is how the compiler knows that
 * its pathway takes files: one at a time, from any source of bytes.
 */
export abstract class FilePayload {
  /** The writer's name for the file. */
  fileId!: string;

  /** Name as uploaded. It is text of somebody else: never use it as a path. */
  fileName!: string;

  /** MIME type, found by the writer in the first bytes; `application/octet-stream` when they tell nothing. */
  fileType!: string;

  /** All bytes, in the order of the parts. */
  fileContent!: Blob;

  /** The parts as they were stored. Not enumerable: a copied or logged payload does not carry them. */
  readonly fileParts!: readonly FilePart[];
}

/** Names that belong to the file in what a writer gives and a handler gets. */
export const FILE_FIELDS: readonly string[] = ['fileId', 'fileName', 'fileType', 'fileContent'];

/** Names that the platform adds to the payload of every part (protocol §9). */
const PART_FIELDS: readonly string[] = ['fileSize', 'data', 'part', 'totalParts', 'checksum', 'hashType'];

/** Fields that a payload cannot have of its own in a file pathway. */
export const RESERVED_FILE_FIELDS: readonly string[] = [...PART_FIELDS, 'fileParts'];

/** What is left of a payload without the fields of the file: what the pathway's own schema is about. */
export function ownFieldsOf(payload: Readonly<Record<string, unknown>>): Record<string, unknown> {
  // Not by assignment: a key `__proto__` would change the object instead of becoming a field.
  return Object.fromEntries(
    Object.entries(payload).filter(
      ([name]) => !FILE_FIELDS.includes(name) && !RESERVED_FILE_FIELDS.includes(name),
    ),
  );
}
