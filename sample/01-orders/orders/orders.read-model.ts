import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { In, type Repository } from 'typeorm';
import { Order } from './order.entity.js';

/** What the HTTP side answers with. */
export type OrderView = Pick<
  Order,
  'orderId' | 'customer' | 'total' | 'items' | 'eventId' | 'placedBy' | 'sessionId' | 'email'
>;

/** The orders as a query sees them. */
@Injectable()
export class OrdersReadModel {
  constructor(@InjectRepository(Order) private readonly orders: Repository<Order>) {}

  async get(orderId: string): Promise<OrderView | undefined> {
    const order = await this.orders.findOneBy({ orderId });
    return order ? viewOf(order) : undefined;
  }

  async list(limit: number): Promise<OrderView[]> {
    const orders = await this.orders.find({ order: { createdAt: 'DESC' }, take: limit });
    return orders.map(viewOf);
  }

  count(): Promise<number> {
    return this.orders.count();
  }

  /** How often each event was applied, for those whose order was placed once. An event that was lost is missing. */
  async timesHandled(eventIds: readonly string[]): Promise<Map<string, number>> {
    const orders = await this.orders.findBy({ eventId: In(eventIds) });
    return new Map(orders.map(({ eventId, timesHandled }) => [eventId, timesHandled]));
  }
}

function viewOf({ orderId, customer, total, items, eventId, placedBy, sessionId, email }: Order): OrderView {
  return { orderId, customer, total, items, eventId, placedBy, sessionId, email };
}
