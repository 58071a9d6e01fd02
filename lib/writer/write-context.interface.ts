import type { AuditUser } from '../event/audit.js';

/** What the surroundings of a write, such as the request it is made in, say about it. Asked for every write. */
export interface WriteContext {
  /** Session of a write that names none. */
  sessionId(): string | undefined;
  /** Whose deed it is; `undefined` asks the global resolver. */
  user(): AuditUser | undefined;
}
