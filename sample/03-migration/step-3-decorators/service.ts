import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { TypeOrmModule } from '@nestjs/typeorm';
import { PathwaysModule, PathwayWriter, PumpManager } from 'nestjs-pathways';
import { typeOrmStore } from 'nestjs-pathways/typeorm';
import { OrderBook } from '../order.book.js';
import { MARKS_KEPT_MS, type OrderService, type Surroundings } from '../surroundings.js';
import { OrderPaid, OrderPlaced } from './order.events.js';
import { OrdersProjector } from './orders.projector.js';

/** No builder is left. The store is the application's own database connection; the tables are the same. */
export async function startService({ flowcoreUrl, database, book }: Surroundings): Promise<OrderService> {
  const { user: username, ...address } = database;

  @Module({
    imports: [
      TypeOrmModule.forRoot({ type: 'postgres', ...address, username }),
      PathwaysModule.forRoot({
        baseUrl: flowcoreUrl,
        tenant: 'acme',
        dataCore: 'shop',
        apiKey: 'fc_order_service',
        pathwayMode: 'virtual',
        store: typeOrmStore({ ttlMs: MARKS_KEPT_MS }),
      }),
    ],
    providers: [OrdersProjector, { provide: OrderBook, useValue: book }],
  })
  class AppModule {}

  const app = await NestFactory.createApplicationContext(AppModule, { logger: ['warn', 'error'] });
  const writer = app.get(PathwayWriter);
  return {
    place: (data) => writer.write(OrderPlaced, { data }),
    pay: (data) => writer.write(OrderPaid, { data }),
    drain: () => app.get(PumpManager).drain(),
    stop: () => app.close(),
  };
}
