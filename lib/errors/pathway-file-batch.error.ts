import { PathwaysError } from './pathways.error.js';

/** Several files in one write. */
export class PathwayFileBatchError extends PathwaysError {
  static override readonly code = 'PATHWAYS_FILE_BATCH';
  static override readonly httpStatus = 400;

  constructor(readonly key: string) {
    super(
      `Pathway ${key} takes files, and the platform takes one file per request: batch: true is not possible, and nothing was sent. Write the files one after the other.`,
    );
  }
}
