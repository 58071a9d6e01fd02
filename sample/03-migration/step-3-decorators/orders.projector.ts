import { Injectable } from '@nestjs/common';
import { CurrentEvent, EventTransaction, OnEvent, type PathwayEvent } from 'nestjs-pathways';
import type { EntityManager } from 'typeorm';
import { OrderBook } from '../order.book.js';
import { OrderPaid, OrderPlaced } from './order.events.js';

@Injectable()
export class OrdersProjector {
  constructor(private readonly book: OrderBook) {}

  @OnEvent(OrderPlaced)
  async keepOrder(
    @CurrentEvent() event: PathwayEvent<OrderPlaced>,
    @EventTransaction() manager: EntityManager,
  ): Promise<void> {
    await this.book.add('placed', event, manager);
  }

  @OnEvent(OrderPaid)
  async keepPayment(
    @CurrentEvent() event: PathwayEvent<OrderPaid>,
    @EventTransaction() manager: EntityManager,
  ): Promise<void> {
    await this.book.add('paid', event, manager);
  }
}
