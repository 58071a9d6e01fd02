import { PathwaysError } from './pathways.error.js';

/**
 * A cursor was not saved: whoever asked has lost the pump's lease to another instance. A cursor store throws it, and
 * the pump then ends its run instead of trying again.
 */
export class FencingTokenStaleError extends PathwaysError {
  static override readonly code = 'PATHWAYS_FENCING_TOKEN_STALE';
  static override readonly httpStatus = 409;

  constructor(
    readonly pump: string,
    readonly token: number,
    readonly newestToken: number,
  ) {
    super(
      `The cursor of pump ${pump} was not saved: the lease it was read under (token ${token}) has gone to another instance (token ${newestToken}). This run ends and waits for the lease; nothing needs to be done unless it happens again and again, which means that instances cannot renew their leases in time.`,
    );
  }
}
