import { PathwaysError } from './pathways.error.js';

/** Nobody could say whose deed a write is. */
export class AuditUserUnresolvedError extends PathwaysError {
  static override readonly code = 'PATHWAYS_AUDIT_USER_UNRESOLVED';

  constructor(
    readonly key: string,
    /** Who was asked, for example `audit.userResolver`. */
    readonly resolver: string,
    reason: string,
    cause?: unknown,
  ) {
    super(
      `The write to ${key} was refused, because ${resolver} ${reason}; nothing was sent. It must give { entityType: 'user' or 'key', entityId }, or undefined for a write that is nobody's deed.`,
      cause === undefined ? undefined : { cause },
    );
  }
}
