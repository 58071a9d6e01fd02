export { typeOrmStore } from './typeorm.store.js';
export { type TypeOrmStoreOptions } from './typeorm-store.options.js';
export { PathwayTransaction } from './transactions/pathway-transaction.js';
export { EventTransaction } from '../decorators/param.decorators.js';
export { pathwaysEntities, type PathwaysEntities } from './schema/entities.js';
export {
  type PathwayChunkRow,
  type PathwayDeadLetterRow,
  type PathwayDeliveryStateRow,
  type PathwayDeploymentRow,
  type PathwayInstanceRow,
  type PathwayLeaseRow,
  type PathwayMigrationRow,
  type PathwayOutboxRow,
  type PathwayPumpStateRow,
  type PathwayStateRow,
  type PathwayWriteRow,
  type PathwaysRows,
} from './schema/rows.interface.js';
export { type TableNamesOptions } from './schema/table-names.js';
