import { OptionalPackageMissingError } from '../errors/optional-package-missing.error.js';
import { PathwaysConfigurationError } from '../errors/pathways-configuration.error.js';
import type { AuditUser } from '../event/audit.js';
import type { WriteContext } from '../writer/write-context.interface.js';
import type { PathwaysSessionOptions } from './write-context.options.js';

/** What is used of `ClsService`. */
interface Cls {
  isActive(): boolean;
  get(key: string | symbol): unknown;
}

/**
 * Session and user of the current request, as `nestjs-cls` keeps them.
 *
 * @throws OptionalPackageMissingError, PathwaysConfigurationError when ClsModule is not imported.
 */
export async function clsWriteContext(
  { cls: option }: PathwaysSessionOptions,
  resolve: (token: unknown) => unknown,
): Promise<WriteContext> {
  const { sessionIdKey = 'sessionId', userKey = 'auditUser' } = option === true ? {} : option;
  const cls = resolve(await loadClsService()) as Cls | undefined;
  if (!cls) {
    const message =
      'needs ClsService, which no module provides: import ClsModule.forRoot({ … }) of nestjs-cls';
    throw new PathwaysConfigurationError([{ path: 'session.cls', message }]);
  }
  // Outside of a request, as in a scheduled job, there is no context, and so neither session nor user.
  const read = (key: string | symbol): unknown => (cls.isActive() ? cls.get(key) : undefined);
  return {
    // Whoever uses them checks their form. An empty session id is what a missing header often becomes.
    sessionId: () => (read(sessionIdKey) || undefined) as string | undefined,
    user: () => (read(userKey) ?? undefined) as AuditUser | undefined,
  };
}

async function loadClsService(): Promise<unknown> {
  try {
    return (await import('nestjs-cls')).ClsService;
  } catch (cause) {
    throw new OptionalPackageMissingError('nestjs-cls', 'session: { cls }', cause);
  }
}
