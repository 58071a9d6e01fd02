import type { PathwayEvent } from '../event/flowcore-event.interface.js';
import type { PathwayKey } from '../event/pathway-key.util.js';
import type { AuditUserResolver, UserResolver } from '../writer/user-resolver.interface.js';

/** Sees every event that is about to be handled. */
export type AuditHandler = (pathway: PathwayKey, event: PathwayEvent) => unknown;

/** Who writes, and who is told of what was written. */
export interface AuditOptions {
  /**
   * Says whose deed a write is, where neither its session nor its surroundings do. Asked for every such write; when it
   * throws, the write is refused. `undefined` writes without a user.
   *
   * @default no event carries a user
   */
  userResolver?: UserResolver | AuditUserResolver;

  /**
   * Called once for each event that is handled here: after its payload passed the schema, before observers and handler.
   * A failure of it is logged and counted, and breaks nothing. An event that is handled anew, after a crash or a reset, is
   * told anew. `@OnAudit()` is the same for a method of a provider.
   *
   * @default nobody is told
   */
  handler?: AuditHandler;
}
