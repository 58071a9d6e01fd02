import { Injectable, Logger } from '@nestjs/common';
import { OnEvent, OnPathwayError, type PathwayEvent } from 'nestjs-pathways';
import { OrderPlaced } from './order-placed.event.js';
import { OrdersReadModel } from './orders.read-model.js';

@Injectable()
export class OrdersProjector {
  private readonly logger = new Logger(OrdersProjector.name);
  private readonly listeners = new Set<(event: PathwayEvent<OrderPlaced>) => void>();

  constructor(private readonly orders: OrdersReadModel) {}

  @OnEvent(OrderPlaced)
  project(event: PathwayEvent<OrderPlaced>): void {
    const { orderId, customer, total, lines } = event.payload;
    const items = lines.reduce((sum, { quantity }) => sum + quantity, 0);
    this.orders.add({ orderId, customer, total, items, eventId: event.eventId });
    for (const listener of this.listeners) listener(event);
  }

  @OnPathwayError(OrderPlaced)
  report(error: Error, event: PathwayEvent<OrderPlaced>): void {
    this.logger.warn(`Order event ${event.eventId} failed: ${error.message}`);
  }

  /** Tells a measurement when an order was projected. */
  onProjected(listener: (event: PathwayEvent<OrderPlaced>) => void): void {
    this.listeners.add(listener);
  }
}
