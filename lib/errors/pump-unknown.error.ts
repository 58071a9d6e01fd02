import { PathwaysError } from './pathways.error.js';

/** A pump was named that does not exist here. */
export class PumpUnknownError extends PathwaysError {
  static override readonly code = 'PATHWAYS_PUMP_UNKNOWN';

  constructor(
    readonly wanted: string,
    readonly known: readonly string[],
  ) {
    super(
      `There is no pump ${wanted}. Known pumps: ${known.join(', ') || 'none (no handler is registered)'}.`,
    );
  }
}
