import type { DataSource, EntityManager, EntityTarget, ObjectLiteral, Repository } from 'typeorm';
import { currentTransaction } from './current-transaction.js';

const joined = new WeakSet<DataSource>();

/**
 * Makes the repositories of a DataSource, those that are injected everywhere, work in the transaction of the handler that
 * is running. Without it they would write beside it, and a crash at the wrong moment would apply that twice, or keep it
 * when the handler has failed; nothing would show it before.
 *
 * Outside of handlers they are what they were, and so are the DataSource and its manager: who asks those for a transaction
 * of his own gets one.
 */
export function joinRepositories(dataSource: DataSource): void {
  if (joined.has(dataSource)) return;
  joined.add(dataSource);
  const { manager } = dataSource;
  const getRepository = manager.getRepository.bind(manager);
  manager.getRepository = <T extends ObjectLiteral>(target: EntityTarget<T>) =>
    join(getRepository(target), dataSource);
  // TypeORM keeps the repositories it has given out: here are those that were injected before.
  const { repositories } = manager as unknown as { readonly repositories?: unknown };
  if (!(repositories instanceof Map)) return;
  for (const target of repositories.keys()) manager.getRepository(target as EntityTarget<ObjectLiteral>);
}

const seen = new WeakSet<object>();

function join<T extends ObjectLiteral>(repository: Repository<T>, dataSource: DataSource): Repository<T> {
  if (seen.has(repository)) return repository;
  seen.add(repository);
  const own: EntityManager = repository.manager;
  Object.defineProperty(repository, 'manager', {
    configurable: true,
    enumerable: true,
    get: () => {
      const current = currentTransaction.getStore();
      return current?.dataSource === dataSource ? current : own;
    },
  });
  return repository;
}
