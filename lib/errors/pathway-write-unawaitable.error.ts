import { PathwaysError } from './pathways.error.js';

/** A waiting write was asked for an event that nothing in this application will ever report as processed. */
export class PathwayWriteUnawaitableError extends PathwaysError {
  static override readonly code = 'PATHWAYS_WRITE_UNAWAITABLE';

  constructor(
    readonly key: string,
    why: string,
  ) {
    super(
      `Cannot wait for ${key} to be processed: ${why}. Nothing was sent. Write with options: { fireAndForget: true }.`,
    );
  }
}
