import type { EntityManager } from 'typeorm';
import { PathwaysConfigurationError } from '../../errors/pathways-configuration.error.js';
import type { StoreContext } from '../../state/pathways-store.interface.js';
import type { Database } from '../database.js';
import type { TransactionOpener } from './transaction-opener.interface.js';

/** What is used of `TransactionHost` (@nestjs-cls/transactional). */
interface Host {
  readonly tx: EntityManager;
  isTransactionActive(): boolean;
  withTransaction(propagation: unknown, work: () => Promise<void>): Promise<void>;
}

/**
 * Lets `@nestjs-cls/transactional` open the transaction, so that repositories and services that join through it need no
 * change. `undefined` when the application does not use it, or uses it for another DataSource only.
 *
 * @param connectionName of ClsPluginTransactional, when there are several.
 * @throws PathwaysConfigurationError for a connection name that is not there.
 */
export async function clsTransactionOpener(
  database: Database,
  context: Pick<StoreContext, 'resolve' | 'logger'>,
  connectionName: string | undefined,
): Promise<TransactionOpener | undefined> {
  const packages = await loadPackages();
  const host = packages && (context.resolve(packages.hostToken(connectionName)) as Host | undefined);
  if (!packages || !host) {
    if (connectionName === undefined) return undefined;
    const message = `names the connection "${connectionName}", and no ClsPluginTransactional with that connectionName is imported`;
    throw new PathwaysConfigurationError(
      [{ path: 'clsConnectionName', message }],
      'The options of typeOrmStore',
    );
  }
  const { cls, propagation } = packages;
  const isSame = await cls().run(async () => host.tx.dataSource === database.dataSource);
  if (!isSame) {
    context.logger.warn(
      'ClsPluginTransactional works on another DataSource than typeOrmStore, so handlers do not join through it. Give clsConnectionName, or the dataSource it uses, if they should.',
    );
    return undefined;
  }
  return {
    // New: what runs around the handler must not decide when its event is committed.
    current: () => (host.isTransactionActive() ? host.tx : undefined),
    open: (work) => {
      const acquired = database.waits.acquiring();
      const begun = () => {
        acquired?.();
        return work(host.tx);
      };
      return cls()
        .run(() => host.withTransaction(propagation, begun))
        .finally(acquired);
    },
  };
}

async function loadPackages() {
  try {
    const [transactional, base] = await Promise.all([
      import('@nestjs-cls/transactional'),
      import('nestjs-cls'),
    ]);
    return {
      hostToken: (name: string | undefined): unknown => transactional.getTransactionHostToken(name),
      propagation: transactional.Propagation.RequiresNew,
      cls: () => base.ClsServiceManager.getClsService(),
    };
  } catch {
    return undefined; // Not installed: nobody joins through it.
  }
}
