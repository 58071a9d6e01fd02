import { Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { PathwaysModule, PathwayWriter, PumpManager } from 'nestjs-pathways';
import { OrderBook } from '../order.book.js';
import type { Paid } from '../order.schemas.js';
import type { OrderService, Surroundings } from '../surroundings.js';
import { orderBuilder } from './order.builder.js';
import { OrdersProjector } from './orders.projector.js';

/** The builder is hosted by a Nest application, which starts and closes it. The platform no longer posts. */
export async function startService(surroundings: Surroundings): Promise<OrderService> {
  const builder = orderBuilder(surroundings);

  @Module({
    imports: [PathwaysModule.forRoot({ builder })],
    providers: [OrdersProjector, { provide: OrderBook, useValue: surroundings.book }],
  })
  class AppModule {}

  const app = await NestFactory.createApplicationContext(AppModule, { logger: ['warn', 'error'] });
  return {
    // Both ways lead to the same writer.
    place: (data) => builder.write('order.0/order.placed.0', { data }),
    pay: (data) => app.get(PathwayWriter).write<Paid>('order.0/order.paid.0', { data }),
    drain: () => app.get(PumpManager).drain(),
    stop: () => app.close(),
  };
}
