import type { InjectionToken, Type } from '@nestjs/common';
import type { AuditOptions } from '../builder/audit.options.js';
import type { AuditUserResolver } from '../writer/user-resolver.interface.js';

/** A user resolver that Nest makes or has made. */
export type UserResolverProvider =
  /** Made for this instance; it can inject what this module can see, so what global modules export. */
  | { useClass: Type<AuditUserResolver> }
  /** A singleton provider of any module. */
  | { useExisting: InjectionToken };

/** {@link AuditOptions}, in an application whose parts a container makes. */
export interface PathwaysAuditOptions extends Omit<AuditOptions, 'userResolver'> {
  /**
   * Says whose deed a write is, where neither its session nor its request does. A function, an object with
   * `resolveUser()`, or a provider with it. Asked for every such write; when it throws, the write is refused.
   *
   * @default no event carries a user
   */
  userResolver?: AuditOptions['userResolver'] | UserResolverProvider;
}

/** Names under which the application keeps what it knows of a request in `ClsService` (package `nestjs-cls`). */
export interface ClsSessionOptions {
  /**
   * Key of the session's id, a text.
   *
   * @default 'sessionId'
   */
  sessionIdKey?: string | symbol;

  /**
   * Key of the user, an `AuditUser`.
   *
   * @default 'auditUser'
   */
  userKey?: string | symbol;
}

/** Where a write finds its session without being told. */
export interface PathwaysSessionOptions {
  /**
   * Session and user of a write are those of its request, as `nestjs-cls` keeps them; `true` means the usual keys. What a write names
   * itself wins.
   */
  cls: true | ClsSessionOptions;
}
