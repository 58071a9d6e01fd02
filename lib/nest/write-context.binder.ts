import type { Type } from '@nestjs/common';
import type { AuditOptions } from '../builder/audit.options.js';
import { PathwaysConfigurationError } from '../errors/pathways-configuration.error.js';
import { userResolverOf, type AuditUserResolver } from '../writer/user-resolver.interface.js';
import type { WriteMetadataBuilder } from '../writer/write.metadata.js';
import { clsWriteContext } from './cls-write.context.js';
import type {
  PathwaysAuditOptions,
  PathwaysSessionOptions,
  UserResolverProvider,
} from './write-context.options.js';

/** What is bound to what. */
export interface WriteContextBinding {
  readonly metadata: WriteMetadataBuilder;
  readonly audit: PathwaysAuditOptions | undefined;
  readonly session: PathwaysSessionOptions | undefined;
  /** Looks a provider of any module up; `undefined` when there is none. */
  resolve(token: unknown): unknown;
  /** Makes an object, with its dependencies. */
  create<T>(type: Type<T>): Promise<T>;
}

/** The part of the audit options that needs no container. */
export function engineAuditOptions(audit: PathwaysAuditOptions | undefined): AuditOptions | undefined {
  if (audit === undefined) return undefined;
  const { userResolver, handler } = audit;
  return { handler, userResolver: isProvider(userResolver) ? undefined : userResolver };
}

/**
 * Connects the writer with the providers that know user and session.
 *
 * @throws PathwaysConfigurationError, OptionalPackageMissingError
 */
export async function bindWriteContext(binding: WriteContextBinding): Promise<void> {
  const { metadata, audit, session } = binding;
  if (isProvider(audit?.userResolver)) {
    metadata.useUserResolver(userResolverOf(await resolverFrom(audit.userResolver, binding)));
  }
  if (session) metadata.useContext(await clsWriteContext(session, (token) => binding.resolve(token)));
}

async function resolverFrom(
  provider: UserResolverProvider,
  { resolve, create }: WriteContextBinding,
): Promise<AuditUserResolver> {
  const found = 'useClass' in provider ? await create(provider.useClass) : resolve(provider.useExisting);
  if (typeof (found as Partial<AuditUserResolver> | undefined)?.resolveUser === 'function')
    return found as AuditUserResolver;
  const token = 'useClass' in provider ? provider.useClass : provider.useExisting;
  const name = typeof token === 'function' ? token.name : String(token);
  const message = found
    ? `names ${name}, which has no method resolveUser()`
    : `names ${name}, which no module provides as a singleton. What a request knows reaches a singleton through nestjs-cls: session: { cls: true }`;
  throw new PathwaysConfigurationError([{ path: 'audit.userResolver', message }]);
}

function isProvider(resolver: PathwaysAuditOptions['userResolver']): resolver is UserResolverProvider {
  return typeof resolver === 'object' && ('useClass' in resolver || 'useExisting' in resolver);
}
