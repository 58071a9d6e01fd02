// Type tests hold at compile time: `npm run typecheck` fails when one of them does not. Nothing here is ever run.
import { DataSource, type EntityManager, type EntitySchema, type Repository } from 'typeorm';
import { expectTypeOf } from 'vitest';
import { PathwaysModule, type PathwaysStoreFactory } from 'nestjs-pathways';
import {
  EventTransaction,
  PathwayTransaction,
  pathwaysEntities,
  typeOrmStore,
  type PathwayDeadLetterRow,
  type PathwayPumpStateRow,
  type PathwaysEntities,
  type PathwaysRows,
  type TypeOrmStoreOptions,
} from 'nestjs-pathways/typeorm';

declare const dataSource: DataSource;

// The store.
expectTypeOf(typeOrmStore()).toEqualTypeOf<PathwaysStoreFactory>();
const options: TypeOrmStoreOptions = {
  dataSource,
  statePrefix: 'orders',
  schema: 'shop',
  migrations: 'manual',
  ttlMs: 300_000,
  cleanupIntervalMs: 0,
  clsConnectionName: 'events',
  joinRepositories: false,
};
void PathwaysModule.forRoot({ store: typeOrmStore(options) });
void PathwaysModule.forRootAsync({ store: typeOrmStore({ dataSource: 'events' }), useFactory: () => ({}) });
// @ts-expect-error unknown keys are refused
typeOrmStore({ prefix: 'orders' });
// @ts-expect-error migrations are 'auto' or 'manual'
typeOrmStore({ migrations: true });
// @ts-expect-error a time is a number of milliseconds
typeOrmStore({ ttlMs: '5m' });

// The transaction of a handler.
declare const transaction: PathwayTransaction;
expectTypeOf(transaction.manager).toEqualTypeOf<EntityManager>();
expectTypeOf(transaction.isActive).toEqualTypeOf<boolean>();
class Handlers {
  project(@EventTransaction() manager: EntityManager): EntityManager {
    return manager;
  }
}
expectTypeOf(Handlers.prototype.project).returns.toEqualTypeOf<EntityManager>();

// The tables as entities.
const entities = pathwaysEntities({ statePrefix: 'orders', schema: 'shop' });
expectTypeOf(entities).toEqualTypeOf<PathwaysEntities>();
expectTypeOf(entities.deadLetter).toEqualTypeOf<EntitySchema<PathwayDeadLetterRow>>();
expectTypeOf(dataSource.getRepository(entities.pumpState)).toEqualTypeOf<Repository<PathwayPumpStateRow>>();
expectTypeOf<keyof PathwaysRows>().toEqualTypeOf<keyof PathwaysEntities>();
// @ts-expect-error there is no such table
void entities.letters;
