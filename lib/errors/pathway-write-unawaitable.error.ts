import { PathwaysError } from './pathways.error.js';

/** A waiting write was asked for an event that nothing in this application will report as processed unless somebody acts. */
export class PathwayWriteUnawaitableError extends PathwaysError {
  static override readonly code = 'PATHWAYS_WRITE_UNAWAITABLE';

  /** Whether the platform has the event already: then do not write it again. */
  readonly stored: boolean;

  /**
   * @param eventId of the event that is stored, when the wait turned out to be in vain after it had begun. A batch names the
   * first one that is not processed.
   */
  constructor(
    readonly key: string,
    why: string,
    readonly eventId?: string,
  ) {
    super(
      eventId === undefined
        ? `Cannot wait for ${key} to be processed: ${why}. Nothing was sent. Write with options: { fireAndForget: true }.`
        : `Event ${eventId} of ${key} is stored, but waiting for it is in vain by now: ${why}. Do not write it again. It will be handled when its pump reaches it.`,
    );
    this.stored = eventId !== undefined;
  }
}
