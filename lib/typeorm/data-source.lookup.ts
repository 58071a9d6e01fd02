import type { DataSource } from 'typeorm';
import { PathwaysConfigurationError } from '../errors/pathways-configuration.error.js';
import type { StoreContext } from '../state/pathways-store.interface.js';
import { loadTypeOrm } from './load-typeorm.js';

/**
 * The DataSource that is meant, given or looked up under the tokens of `@nestjs/typeorm`: the class itself, or
 * `<name>DataSource`.
 *
 * @throws PathwaysConfigurationError when there is none, it is not connected, or it is not Postgres.
 * @throws OptionalPackageMissingError
 */
export function findDataSource(
  given: DataSource | string | undefined,
  context: Pick<StoreContext, 'resolve'>,
): DataSource {
  const found = typeof given === 'object' ? given : context.resolve(tokenOf(given));
  const refuse = (message: string) =>
    new PathwaysConfigurationError([{ path: 'dataSource', message }], 'The options of typeOrmStore');
  if (typeof (found as Partial<DataSource> | undefined)?.createQueryRunner !== 'function') {
    const name = given === undefined ? 'the unnamed DataSource' : `the DataSource named "${String(given)}"`;
    throw refuse(
      `looks for ${name}, and the application has none: import TypeOrmModule.forRoot, or give the DataSource itself`,
    );
  }
  const dataSource = found as DataSource;
  if (dataSource.options.type !== 'postgres') {
    throw refuse(
      `is of type ${dataSource.options.type}, and only postgres keeps claims, marks and effects in one transaction that others wait for`,
    );
  }
  if (!dataSource.isInitialized) throw refuse('is not connected: await dataSource.initialize() first');
  return dataSource;
}

function tokenOf(name: string | undefined): unknown {
  return name === undefined || name === 'default'
    ? loadTypeOrm('typeOrmStore()').DataSource
    : `${name}DataSource`;
}
