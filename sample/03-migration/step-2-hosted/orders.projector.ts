import { Injectable } from '@nestjs/common';
import { CurrentEvent, EventTransaction, OnEvent, type PathwayEvent } from 'nestjs-pathways';
import type { EntityManager } from 'typeorm';
import { OrderBook } from '../order.book.js';
import type { Placed } from '../order.schemas.js';

@Injectable()
export class OrdersProjector {
  constructor(private readonly book: OrderBook) {}

  /** Decorated handlers run in the store's transaction: the row and the event's mark are committed together. */
  @OnEvent('order.0/order.placed.0')
  async keepOrder(
    @CurrentEvent() event: PathwayEvent<Placed>,
    @EventTransaction() manager: EntityManager,
  ): Promise<void> {
    await this.book.add('placed', event, manager);
  }
}
