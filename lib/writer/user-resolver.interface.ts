import type { AuditUser } from '../event/audit.js';
import type { MaybePromise } from '../event/maybe-promise.type.js';

/** Says whose deed the current write is; `undefined` when it is nobody's. */
export type UserResolver = () => MaybePromise<AuditUser | undefined>;

/** A {@link UserResolver} as an object, for example as a provider. */
export interface AuditUserResolver {
  resolveUser(): MaybePromise<AuditUser | undefined>;
}

export function userResolverOf(resolver: UserResolver | AuditUserResolver): UserResolver {
  return typeof resolver === 'function' ? resolver : () => resolver.resolveUser();
}
