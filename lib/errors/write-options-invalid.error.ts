import { PathwaysError } from './pathways.error.js';

/** One write was called with options that cannot be used. */
export class WriteOptionsInvalidError extends PathwaysError {
  static override readonly code = 'PATHWAYS_WRITE_OPTIONS_INVALID';

  constructor(
    readonly key: string,
    /** What is wrong, one text per option. */
    readonly problems: readonly string[],
  ) {
    super(
      `The options of a write to ${key} cannot be used: ${problems.join('; ')}. Nothing was sent; correct them and write again.`,
    );
  }
}
