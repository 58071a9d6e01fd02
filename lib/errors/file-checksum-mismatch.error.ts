import { PathwaysError } from './pathways.error.js';

/** Where the difference showed: in the answer to an upload, or when the parts of a file were put together. */
export type FileChecksumStage = 'upload' | 'assembly';

/** The bytes of a file are not those its checksum stands for. */
export class FileChecksumMismatchError extends PathwaysError {
  static override readonly code = 'PATHWAYS_FILE_CHECKSUM_MISMATCH';

  constructor(
    readonly key: string,
    readonly fileId: string,
    readonly stage: FileChecksumStage,
    /** What the platform says. */
    readonly expected: string,
    /** What the bytes give. */
    readonly actual: string,
    /** The events that hold the file. They are stored. */
    readonly eventIds: readonly string[],
  ) {
    super(
      stage === 'upload'
        ? `The platform stored file "${fileId}" of ${key} with checksum ${expected}, but the bytes sent have ${actual}: something between here and the platform changed them. The ${eventIds.length} event(s) are stored and hold the changed file. Look for a proxy that rewrites bodies, then write the file again.`
        : `The parts of file "${fileId}" of ${key} give checksum ${actual}, but they carry ${expected}: a part is damaged, or belongs to another upload of this file. The handler did not see it. Write the file again.`,
    );
  }
}
