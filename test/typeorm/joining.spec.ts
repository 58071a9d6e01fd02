import { Inject, Injectable, type ModuleMetadata, type Type } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { getDataSourceToken, getRepositoryToken, InjectRepository, TypeOrmModule } from '@nestjs/typeorm';
import {
  ClsPluginTransactional,
  InjectTransactionHost,
  Transactional,
  TransactionHost,
} from '@nestjs-cls/transactional';
import { TransactionalAdapterTypeOrm } from '@nestjs-cls/transactional-adapter-typeorm';
import { ClsModule } from 'nestjs-cls';
import {
  CurrentEvent,
  OnEvent,
  PathwaysConfigurationError,
  PathwaysModule,
  getEngineToken,
  silentLogger,
  type EventOutcome,
  type PathwayEvent,
  type PathwaysEngine,
} from 'nestjs-pathways';
import { EventTransaction, PathwayTransaction, typeOrmStore } from 'nestjs-pathways/typeorm';
import { DataSource, EntitySchema, type EntityManager, type Repository } from 'typeorm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { storedEvent } from '../nest/support/app.js';
import { ORDER_PLACED, OrderPlaced } from '../nest/support/contracts.js';
import { usePostgres } from '../support/postgres.js';

const postgres = usePostgres();

interface Order {
  id: string;
  total: number;
}
const Order = new EntitySchema<Order>({
  name: 'Order',
  tableName: 'orders',
  columns: { id: { type: 'text', primary: true }, total: { type: 'integer' } },
});

let app: TestingModule | undefined;
beforeEach(() => postgres.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public'));
afterEach(async () => {
  await app?.close();
  app = undefined;
});

const orders = () => postgres.query('SELECT id, total FROM orders ORDER BY id');

/** Written for an application without pathways: it knows nothing of events. */
@Injectable()
class OrderRepository {
  constructor(@Inject(TransactionHost) private readonly host: TransactionHost<TransactionalAdapterTypeOrm>) {}

  async add(order: Order): Promise<void> {
    await this.host.tx.getRepository(Order).insert(order);
  }

  @Transactional()
  async addInItsOwnWords(order: Order): Promise<void> {
    await this.add(order);
  }
}

const orderOf = ({ payload }: PathwayEvent<OrderPlaced>): Order => ({
  id: payload.orderId,
  total: payload.total,
});

function failWhenAsked({ total }: Order): void {
  if (total < 0) throw new RangeError('No order has a negative total');
}

@Injectable()
class ThroughRepository {
  constructor(@Inject(OrderRepository) private readonly repository: OrderRepository) {}
  @OnEvent(OrderPlaced) async project(event: PathwayEvent<OrderPlaced>): Promise<void> {
    await this.repository.add(orderOf(event));
    failWhenAsked(orderOf(event));
  }
}

@Injectable()
class ThroughTransactionalMethod {
  constructor(@Inject(OrderRepository) private readonly repository: OrderRepository) {}
  @OnEvent(OrderPlaced) async project(event: PathwayEvent<OrderPlaced>): Promise<void> {
    await this.repository.addInItsOwnWords(orderOf(event));
    failWhenAsked(orderOf(event));
  }
}

@Injectable()
class ThroughParameter {
  @OnEvent(OrderPlaced) async project(
    @CurrentEvent() event: PathwayEvent<OrderPlaced>,
    @EventTransaction() manager: EntityManager,
  ): Promise<void> {
    await manager.getRepository(Order).insert(orderOf(event));
    failWhenAsked(orderOf(event));
  }
}

@Injectable()
class ThroughPathwayTransaction {
  constructor(@Inject(PathwayTransaction) private readonly transaction: PathwayTransaction) {}
  @OnEvent(OrderPlaced) async project(event: PathwayEvent<OrderPlaced>): Promise<void> {
    await this.transaction.manager.insert(Order, orderOf(event));
    failWhenAsked(orderOf(event));
  }
}

@Injectable()
class ThroughInjectedRepository {
  constructor(@InjectRepository(Order) private readonly repository: Repository<Order>) {}
  @OnEvent(OrderPlaced) async project(event: PathwayEvent<OrderPlaced>): Promise<void> {
    // Both ways a repository has to the database.
    await this.repository.save({ id: 'draft', total: 0 });
    await this.repository.createQueryBuilder().update().set(orderOf(event)).where({ id: 'draft' }).execute();
    failWhenAsked(orderOf(event));
  }
}

const seen: boolean[] = [];

@Injectable()
class OptedOut {
  constructor(
    @Inject(PathwayTransaction) private readonly transaction: PathwayTransaction,
    @Inject(getDataSourceToken()) private readonly dataSource: DataSource,
  ) {}
  @OnEvent(OrderPlaced, { transaction: false }) async project(
    event: PathwayEvent<OrderPlaced>,
  ): Promise<void> {
    seen.push(this.transaction.isActive);
    await this.dataSource.manager.insert(Order, orderOf(event));
    failWhenAsked(orderOf(event));
  }
}

const typeOrm = (name?: string) =>
  TypeOrmModule.forRoot({
    type: 'postgres',
    url: postgres.url,
    entities: [Order],
    synchronize: true,
    ...(name === undefined ? {} : { name }),
  });

const cls = (dataSourceName?: string, connectionName?: string) =>
  ClsModule.forRoot({
    global: true,
    plugins: [
      new ClsPluginTransactional({
        adapter: new TransactionalAdapterTypeOrm({ dataSourceToken: getDataSourceToken(dataSourceName) }),
        ...(connectionName === undefined ? {} : { connectionName }),
      }),
    ],
  });

const plain = { local: false, pump: false, logger: silentLogger } as const;
const pathways = (options: Parameters<typeof typeOrmStore>[0] = {}) =>
  PathwaysModule.forRoot({ ...plain, store: typeOrmStore(options) });

async function start(handler: Type, imports: NonNullable<ModuleMetadata['imports']>, more: Type[] = []) {
  app = await Test.createTestingModule({ imports, providers: [handler, ...more] }).compile();
  await app.init();
  const engine = app.get<PathwaysEngine>(getEngineToken('default'));
  return (event: ReturnType<typeof storedEvent>): Promise<EventOutcome> =>
    engine.processor.process(event, { source: 'webhook', generation: 0 });
}

const placed = (orderId: string, total: number) => storedEvent(ORDER_PLACED, { orderId, total });

/** A failing handler leaves nothing, a succeeding one leaves its effect and its mark, and a redelivery adds nothing. */
async function expectEffectsOnce(deliver: (event: ReturnType<typeof storedEvent>) => Promise<EventOutcome>) {
  expect(await deliver(placed('broken', -1))).toMatchObject({
    status: 'dead-lettered',
    error: { cause: { message: 'No order has a negative total' } },
  });
  expect(await orders()).toEqual([]);
  const event = placed('good', 3);
  expect(await deliver(event)).toEqual({ status: 'processed' });
  expect(await orders()).toEqual([{ id: 'good', total: 3 }]);
  expect(await deliver(event)).toEqual({ status: 'skipped' });
  const [mark] = await postgres.query('SELECT status FROM pathway_state WHERE event_id = $1', [
    event.eventId,
  ]);
  expect(mark).toEqual({ status: 'processed' });
}

describe('effects of a failing handler are rolled back, and of a succeeding one kept once', () => {
  it.each<[string, Type]>([
    ['through TransactionHost, in a repository that knows nothing of events', ThroughRepository],
    ['through a @Transactional() method, which joins', ThroughTransactionalMethod],
    ['through @EventTransaction()', ThroughParameter],
    ['through PathwayTransaction', ThroughPathwayTransaction],
  ])('%s', async (_way, handler) => {
    await expectEffectsOnce(await start(handler, [typeOrm(), cls(), pathways()], [OrderRepository]));
  });

  it.each<[string, Type]>([
    ['@EventTransaction()', ThroughParameter],
    ['PathwayTransaction', ThroughPathwayTransaction],
  ])('without ClsModule, through %s', async (_way, handler) => {
    await expectEffectsOnce(await start(handler, [typeOrm(), pathways()]));
  });

  it.each<[string, ModuleMetadata['imports']]>([
    ['without ClsModule', []],
    ['beside ClsModule', [cls()]],
  ])('%s, through a repository that is injected as anywhere', async (_where, more) => {
    const imports = [typeOrm(), TypeOrmModule.forFeature([Order]), pathways(), ...(more ?? [])];
    await expectEffectsOnce(await start(ThroughInjectedRepository, imports));
  });

  it('on a named DataSource', async () => {
    const imports = [typeOrm('reporting'), cls('reporting'), pathways({ dataSource: 'reporting' })];
    await expectEffectsOnce(await start(ThroughRepository, imports, [OrderRepository]));
  });

  it('with one of several connections of ClsPluginTransactional', async () => {
    @Injectable()
    class NamedRepository {
      constructor(
        @InjectTransactionHost('second')
        private readonly host: TransactionHost<TransactionalAdapterTypeOrm>,
      ) {}
      @OnEvent(OrderPlaced) async project(event: PathwayEvent<OrderPlaced>): Promise<void> {
        await this.host.tx.insert(Order, orderOf(event));
        failWhenAsked(orderOf(event));
      }
    }
    const imports = [typeOrm(), cls(undefined, 'second'), pathways({ clsConnectionName: 'second' })];
    await expectEffectsOnce(await start(NamedRepository, imports));
  });

  it('with forRootAsync, and the DataSource made by a factory', async () => {
    const imports = [
      TypeOrmModule.forRootAsync({
        useFactory: () => ({
          type: 'postgres' as const,
          url: postgres.url,
          entities: [Order],
          synchronize: true,
        }),
      }),
      cls(),
      PathwaysModule.forRootAsync({
        store: typeOrmStore(),
        useFactory: () => ({ local: false, pump: false, logger: silentLogger }),
      }),
    ];
    await expectEffectsOnce(await start(ThroughRepository, imports, [OrderRepository]));
  });
});

it('a handler with transaction: false runs in none, and what it did before it failed stays', async () => {
  seen.length = 0;
  const deliver = await start(OptedOut, [typeOrm(), cls(), pathways()]);
  expect(await deliver(placed('broken', -1))).toMatchObject({ status: 'dead-lettered' });
  expect(await orders()).toEqual([{ id: 'broken', total: -1 }]);
  const event = placed('good', 3);
  expect(await deliver(event)).toEqual({ status: 'processed' });
  expect(await deliver(event)).toEqual({ status: 'skipped' });
  expect(await orders()).toHaveLength(2);
  expect(seen).toEqual([false, false]);
});

describe('an injected repository', () => {
  const withFeature = (options: Parameters<typeof typeOrmStore>[0] = {}) => [
    typeOrm(),
    TypeOrmModule.forFeature([Order]),
    pathways(options),
  ];

  it('writes beside the transaction where joinRepositories is false', async () => {
    const deliver = await start(ThroughInjectedRepository, withFeature({ joinRepositories: false }));
    expect(await deliver(placed('broken', -1))).toMatchObject({ status: 'dead-lettered' });
    expect(await orders()).toEqual([{ id: 'broken', total: -1 }]);
  });

  it('is what it was outside of handlers, and in a handler without transaction', async () => {
    @Injectable()
    class OptedOutRepository {
      constructor(@InjectRepository(Order) private readonly repository: Repository<Order>) {}
      @OnEvent(OrderPlaced, { transaction: false }) async project(
        event: PathwayEvent<OrderPlaced>,
      ): Promise<void> {
        await this.repository.insert(orderOf(event));
        failWhenAsked(orderOf(event));
      }
    }
    const deliver = await start(OptedOutRepository, withFeature());
    expect(await deliver(placed('kept', -1))).toMatchObject({ status: 'dead-lettered' });
    await app?.get<Repository<Order>>(getRepositoryToken(Order)).insert({ id: 'by hand', total: 1 });
    expect(await orders()).toEqual([
      { id: 'by hand', total: 1 },
      { id: 'kept', total: -1 },
    ]);
  });

  it('leaves a transaction that is asked of the DataSource one of its own', async () => {
    @Injectable()
    class WithLog {
      constructor(
        @InjectRepository(Order) private readonly repository: Repository<Order>,
        @Inject(getDataSourceToken()) private readonly dataSource: DataSource,
      ) {}
      @OnEvent(OrderPlaced) async project(event: PathwayEvent<OrderPlaced>): Promise<void> {
        await this.repository.insert(orderOf(event));
        await this.dataSource.transaction((manager) => manager.insert(Order, { id: 'log', total: 0 }));
        failWhenAsked(orderOf(event));
      }
    }
    const deliver = await start(WithLog, withFeature());
    expect(await deliver(placed('broken', -1))).toMatchObject({ status: 'dead-lettered' });
    expect(await orders()).toEqual([{ id: 'log', total: 0 }]);
  });
});

it('PathwayTransaction and @EventTransaction refuse where there is no transaction', async () => {
  @Injectable()
  class Asking {
    @OnEvent(OrderPlaced, { transaction: false }) project(
      @EventTransaction() _manager: EntityManager,
    ): void {}
  }
  const deliver = await start(Asking, [typeOrm(), pathways()]);
  const outcome = await deliver(placed('o-1', 1));
  expect(outcome).toMatchObject({
    status: 'dead-lettered',
    error: { cause: { code: 'PATHWAYS_EVENT_TRANSACTION_MISSING' } },
  });
  expect(() => app?.get(PathwayTransaction).manager).toThrow(
    expect.objectContaining({ code: 'PATHWAYS_EVENT_TRANSACTION_MISSING' }),
  );
});

it('a connection name that ClsPluginTransactional does not have is refused at start', async () => {
  const starting = start(ThroughParameter, [typeOrm(), cls(), pathways({ clsConnectionName: 'nowhere' })]);
  await expect(starting).rejects.toThrow(PathwaysConfigurationError);
});

it('starting again with synchronize: true drops neither marks nor effects', async () => {
  const event = placed('good', 3);
  const first = await start(ThroughParameter, [typeOrm(), pathways()]);
  expect(await first(event)).toEqual({ status: 'processed' });
  await app?.close();
  const second = await start(ThroughParameter, [typeOrm(), pathways()]);
  expect(await second(event)).toEqual({ status: 'skipped' });
  expect(await orders()).toEqual([{ id: 'good', total: 3 }]);
});
