import { Injectable } from '@nestjs/common';

/** What the HTTP side answers with. */
export interface OrderView {
  readonly orderId: string;
  readonly customer: string;
  readonly total: number;
  readonly items: number;
  readonly eventId: string;
}

/** The orders as a query sees them. In memory: it is rebuilt from the events at every start. */
@Injectable()
export class OrdersReadModel {
  private readonly orders = new Map<string, OrderView>();
  private readonly handledTimes = new Map<string, number>();

  add(order: OrderView): void {
    this.orders.set(order.orderId, order);
    this.handledTimes.set(order.eventId, this.timesHandled(order.eventId) + 1);
  }

  get(orderId: string): OrderView | undefined {
    return this.orders.get(orderId);
  }

  list(limit: number): OrderView[] {
    return [...this.orders.values()].slice(-limit).reverse();
  }

  get size(): number {
    return this.orders.size;
  }

  /** How often the event reached the projector: more than once would be a broken promise. */
  timesHandled(eventId: string): number {
    return this.handledTimes.get(eventId) ?? 0;
  }
}
