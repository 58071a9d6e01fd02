import { PathwaysError } from './pathways.error.js';

/** A dead letter of a file was replayed after the other parts of the file were forgotten. */
export class FilePartsMissingError extends PathwaysError {
  static override readonly code = 'PATHWAYS_FILE_PARTS_MISSING';

  constructor(
    readonly key: string,
    readonly fileId: string,
    readonly totalParts: number,
  ) {
    super(
      `File "${fileId}" of ${key} has ${totalParts} parts, and not all of them are kept here any more: parts wait a limited time, and those in memory end with the process. Deliver its events again (reset the pump to before them), or write the file again.`,
    );
  }
}
