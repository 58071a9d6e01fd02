import { AuditUserUnresolvedError } from '../errors/audit-user-unresolved.error.js';
import { WriteMetadataReservedError } from '../errors/write-metadata-reserved.error.js';
import { WriteOptionsInvalidError } from '../errors/write-options-invalid.error.js';
import { AUDIT_KEYS, isUserType, type AuditMode, type AuditUser } from '../event/audit.js';
import { errorFields, type PathwaysLogger } from '../event/logger.interface.js';
import { isPromiseLike, type MaybePromise } from '../event/maybe-promise.type.js';
import type { PathwayKey } from '../event/pathway-key.util.js';
import type { Telemetry } from '../event/telemetry.interface.js';
import type { SessionUserResolverStore } from './session-user-resolver.store.js';
import type { UserResolver } from './user-resolver.interface.js';
import type { WriteContext } from './write-context.interface.js';
import type { WriteMetadata, WriteOptions } from './write.options.js';

/** What the builder works with. */
export interface WriteMetadataBuilderDependencies {
  /** Asked when neither the session nor the surroundings of a write say whose deed it is. */
  readonly userResolver?: UserResolver | undefined;
  readonly sessionUserResolvers: SessionUserResolverStore;
  readonly sessionUserResolverTtlMs: number;
  readonly logger: PathwaysLogger;
  readonly telemetry: Telemetry;
}

const NO_METADATA: WriteMetadata = Object.freeze({});
const GLOBAL_RESOLVER = 'audit.userResolver';

/** Joins what the caller says about an event with what the library knows: whose deed it is, and in which session. */
export class WriteMetadataBuilder {
  private userResolver: UserResolver | undefined;
  private context: WriteContext | undefined;

  constructor(private readonly deps: WriteMetadataBuilderDependencies) {
    this.userResolver = deps.userResolver;
  }

  /** Replaces the global resolver: in a container it is made after this. */
  useUserResolver(resolver: UserResolver): void {
    this.userResolver = resolver;
  }

  /** Lets the surroundings of a write, such as its request, name session and user. */
  useContext(context: WriteContext): void {
    this.context = context;
  }

  /**
   * Metadata of one write; answers at once when nobody has to be waited for.
   *
   * @throws WriteMetadataReservedError, AuditUserUnresolvedError, WriteOptionsInvalidError
   */
  build(
    key: PathwayKey,
    given: WriteMetadata | undefined,
    { sessionId: namedSession, auditMode }: WriteOptions,
  ): MaybePromise<WriteMetadata> {
    if (given !== undefined) refuseReserved(key, given);
    const { context } = this;
    const sessionId = namedSession ?? (context && sessionOf(key, context));
    if (sessionId === undefined && context === undefined && this.userResolver === undefined)
      return given ?? NO_METADATA;

    const user = this.userOf(key, sessionId);
    return isPromiseLike(user)
      ? user.then((resolved) => joined(given, resolved, auditMode, sessionId))
      : joined(given, user, auditMode, sessionId);
  }

  private userOf(key: PathwayKey, sessionId: string | undefined): MaybePromise<AuditUser | undefined> {
    if (sessionId === undefined) return this.unsessionedUser(key);
    const { sessionUserResolvers, sessionUserResolverTtlMs } = this.deps;
    const resolver = sessionUserResolvers.get(sessionId, sessionUserResolverTtlMs);
    if (resolver === undefined) return this.unsessionedUser(key);
    return this.sessionUser(key, resolver);
  }

  private async sessionUser(
    key: PathwayKey,
    resolver: MaybePromise<UserResolver | undefined>,
  ): Promise<AuditUser | undefined> {
    const ask = await this.kept(key, resolver);
    if (ask === undefined) return this.unsessionedUser(key);
    try {
      return userFrom(key, 'the user resolver of the session', await ask());
    } catch (error) {
      this.deps.telemetry.callbackFailed?.(key, 'session user resolver', error);
      if (!this.context && !this.userResolver)
        throw unresolved(key, 'the user resolver of the session', error);
      // As the protocol says (§10.1). The session's user is lost, so somebody has to hear of it.
      this.deps.logger.warn(
        `The user resolver of a session failed; the write to ${key} has the user that applies without one`,
        errorFields(error),
      );
      return this.unsessionedUser(key);
    }
  }

  /** A store that cannot answer knows a user perhaps: writing without one would lose who it was. */
  private async kept(
    key: PathwayKey,
    resolver: MaybePromise<UserResolver | undefined>,
  ): Promise<UserResolver | undefined> {
    try {
      return await resolver;
    } catch (error) {
      throw unresolved(key, 'the store of session user resolvers', error);
    }
  }

  private unsessionedUser(key: PathwayKey): MaybePromise<AuditUser | undefined> {
    const user = this.context?.user();
    if (user !== undefined) return userFrom(key, 'the user in the context of the write', user);
    const { userResolver } = this;
    if (!userResolver) return undefined;
    try {
      const resolved = userResolver();
      if (!isPromiseLike(resolved)) return userFrom(key, GLOBAL_RESOLVER, resolved);
      return resolved.then(
        (late) => userFrom(key, GLOBAL_RESOLVER, late),
        (error: unknown) => {
          throw unresolved(key, GLOBAL_RESOLVER, error);
        },
      );
    } catch (error) {
      throw unresolved(key, GLOBAL_RESOLVER, error);
    }
  }
}

/** The reference overwrites them without a word; the caller would believe that its own are stored. */
function refuseReserved(key: PathwayKey, given: WriteMetadata): void {
  const reserved = Object.keys(given).filter(
    (name) => name.startsWith('audit/') || name.startsWith('pathways/'),
  );
  if (reserved.length > 0) throw new WriteMetadataReservedError(key, reserved);
}

/** "[object Object]" as a session in an audit trail would be found long after the events were written. */
function sessionOf(key: PathwayKey, context: WriteContext): string | undefined {
  const sessionId: unknown = context.sessionId();
  if (sessionId === undefined || typeof sessionId === 'string') return sessionId;
  throw new WriteOptionsInvalidError(key, [
    `the session id in the context of the write is of type ${typeof sessionId}, not text`,
  ]);
}

function joined(
  given: WriteMetadata | undefined,
  user: AuditUser | undefined,
  auditMode: AuditMode = 'user',
  sessionId: string | undefined,
): WriteMetadata {
  if (user === undefined && sessionId === undefined) return given ?? NO_METADATA;
  return {
    ...given,
    ...(user && auditKeys(user, auditMode)),
    ...(sessionId === undefined ? undefined : { [AUDIT_KEYS.sessionId]: sessionId }),
  };
}

function auditKeys({ entityType, entityId }: AuditUser, mode: AuditMode): WriteMetadata {
  if (mode === 'user') {
    return {
      [AUDIT_KEYS.mode]: mode,
      [AUDIT_KEYS.entityType]: entityType,
      [AUDIT_KEYS.entityId]: entityId,
    };
  }
  return {
    [AUDIT_KEYS.mode]: mode,
    [AUDIT_KEYS.entityType]: 'system',
    [AUDIT_KEYS.entityId]: 'system',
    [AUDIT_KEYS.onBehalfOfType]: entityType,
    [AUDIT_KEYS.onBehalfOfId]: entityId,
  };
}

/** An id like "undefined" in an audit trail is worse than a refused write. */
function userFrom(key: PathwayKey, resolver: string, answer: unknown): AuditUser | undefined {
  if (answer === undefined || answer === null) return undefined;
  const { entityType, entityId } = answer as Partial<Record<keyof AuditUser, unknown>>;
  if (!isUserType(entityType)) throw unusable(key, resolver, 'entityType', entityType);
  if (typeof entityId !== 'string' || entityId === '') throw unusable(key, resolver, 'entityId', entityId);
  return { entityType, entityId };
}

function unusable(
  key: PathwayKey,
  resolver: string,
  field: string,
  value: unknown,
): AuditUserUnresolvedError {
  const shown = typeof value === 'string' ? JSON.stringify(value) : typeof value;
  return new AuditUserUnresolvedError(key, resolver, `gave an answer whose ${field} is ${shown}`);
}

function unresolved(key: PathwayKey, resolver: string, error: unknown): AuditUserUnresolvedError {
  if (error instanceof AuditUserUnresolvedError) return error;
  const reason = error instanceof Error ? error.message : String(error);
  return new AuditUserUnresolvedError(key, resolver, `failed: ${reason}`, error);
}
