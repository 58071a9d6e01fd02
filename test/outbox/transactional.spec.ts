import { Inject, Injectable } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { getDataSourceToken, TypeOrmModule } from '@nestjs/typeorm';
import { ClsPluginTransactional, Transactional, TransactionHost } from '@nestjs-cls/transactional';
import { TransactionalAdapterTypeOrm } from '@nestjs-cls/transactional-adapter-typeorm';
import { ClsModule } from 'nestjs-cls';
import { PathwaysModule, PathwayWriter, silentLogger } from 'nestjs-pathways';
import { startLocalFlowcore, type LocalFlowcore } from 'nestjs-pathways/local';
import { typeOrmStore } from 'nestjs-pathways/typeorm';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { OrderPlaced } from '../nest/support/contracts.js';
import { usePostgres } from '../support/postgres.js';
import { until } from '../support/until.js';

const postgres = usePostgres();

/** A service that knows of no transaction but its own decorator. */
@Injectable()
class Orders {
  constructor(
    @Inject(PathwayWriter) private readonly pathways: PathwayWriter,
    @Inject(TransactionHost) private readonly host: TransactionHost<TransactionalAdapterTypeOrm>,
  ) {}

  @Transactional()
  async place(orderId: string, options: { outbox?: boolean; idempotencyKey?: string }, fails: boolean) {
    await this.host.tx.query('INSERT INTO orders VALUES ($1)', [orderId]);
    const reference = await this.pathways.write(OrderPlaced, { data: { orderId, total: 1 }, options });
    // Seen by this transaction alone, which is the proof that the row is part of it.
    const inside = await this.host.tx.query<{ id: string }[]>(
      `SELECT 'outbox:' || id AS id FROM pathway_outbox WHERE payload->>'orderId' = $1`,
      [orderId],
    );
    const outside = await postgres.query(`SELECT id FROM pathway_outbox WHERE payload->>'orderId' = $1`, [
      orderId,
    ]);
    expect([inside, outside]).toEqual([[{ id: reference }], []]);
    if (fails) throw new Error('no stock');
    return reference;
  }

  @Transactional()
  async placeAll(orderIds: readonly string[], last: string) {
    for (const orderId of orderIds) await this.place(orderId, { outbox: true }, false);
    await this.place(last, { outbox: true }, true);
  }
}

let local: LocalFlowcore;
let app: TestingModule | undefined;
beforeEach(async () => {
  await postgres.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public');
  await postgres.query('CREATE TABLE orders (id TEXT)');
  local = await startLocalFlowcore();
});
afterEach(async () => {
  await app?.close();
  app = undefined;
  await local.stop();
});

async function start(outbox?: true): Promise<Orders> {
  app = await Test.createTestingModule({
    imports: [
      TypeOrmModule.forRoot({ type: 'postgres', url: postgres.url }),
      ClsModule.forRoot({
        global: true,
        plugins: [
          new ClsPluginTransactional({
            adapter: new TransactionalAdapterTypeOrm({ dataSourceToken: getDataSourceToken() }),
          }),
        ],
      }),
      PathwaysModule.forRoot({
        baseUrl: local.url,
        local: false,
        pump: false,
        logger: silentLogger,
        store: typeOrmStore(),
        ...(outbox && { outbox }),
      }),
      PathwaysModule.forFeature([OrderPlaced]),
    ],
    providers: [Orders],
  }).compile();
  await app.init();
  return app.get(Orders);
}

const orders = async () => (await postgres.query('SELECT id FROM orders ORDER BY id')).map(({ id }) => id);
const rows = () => postgres.query('SELECT sent_at FROM pathway_outbox');
const isEmpty = async () => (await rows()).every((row) => row['sent_at'] !== null);

it.each([
  ['asked for by the write', undefined, { outbox: true }],
  ['asked for by the module', true, {}],
  ['with an idempotency key', undefined, { outbox: true, idempotencyKey: 'k' }],
] as const)(
  'an outbox write in a @Transactional() method is part of its transaction: %s',
  async (_, outbox, options) => {
    const service = await start(outbox);
    await expect(service.place('rolled back', options, true)).rejects.toThrow('no stock');
    expect([await orders(), await rows(), await postgres.query('SELECT FROM pathway_writes')]).toEqual([
      [],
      [],
      [],
    ]);
    expect(await service.place('kept', { ...options }, false)).toMatch(/^outbox:\d+$/);
    await until(isEmpty);
    expect([await orders(), local.stats.eventsStored]).toEqual([['kept'], 1]);
  },
);

it('writes of nested @Transactional() methods share the outer transaction, and its end', async () => {
  const service = await start();
  await expect(service.placeAll(['a', 'b'], 'c')).rejects.toThrow('no stock');
  expect([await orders(), await rows()]).toEqual([[], []]);
  expect(local.stats.eventsStored).toBe(0);
});
