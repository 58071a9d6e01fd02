import { TransactionHost } from '@nestjs-cls/transactional';
import type { TransactionalAdapterTypeOrm } from '@nestjs-cls/transactional-adapter-typeorm';
import { Injectable, Logger } from '@nestjs/common';
import {
  auditOf,
  OnAudit,
  OnEvent,
  OnPathwayError,
  OnPathwayObserved,
  type PathwayEvent,
} from 'nestjs-pathways';
import { ContactGiven } from './contact-given.event.js';
import { Order } from './order.entity.js';
import { OrderPlaced } from './order-placed.event.js';

@Injectable()
export class OrdersProjector {
  private readonly logger = new Logger(OrdersProjector.name);
  private readonly listeners = new Set<(event: PathwayEvent<OrderPlaced>) => void>();

  constructor(private readonly txHost: TransactionHost<TransactionalAdapterTypeOrm>) {}

  @OnEvent(OrderPlaced)
  async project(event: PathwayEvent<OrderPlaced>): Promise<void> {
    const { eventId, payload } = event;
    const { orderId, customer, total, lines } = payload;
    const items = lines.reduce((sum, { quantity }) => sum + quantity, 0);
    const orders = this.txHost.tx.getRepository(Order);
    const { entityId: placedBy, sessionId } = auditOf(event);
    await orders.upsert({ orderId, customer, total, items, eventId, placedBy, sessionId }, ['orderId']);
    // Not hidden by the key: a second run for the same event leaves a 2.
    await orders.increment({ orderId }, 'timesHandled', 1);
  }

  @OnEvent(ContactGiven)
  async keepContact({ payload: { orderId, email } }: PathwayEvent<ContactGiven>): Promise<void> {
    await this.txHost.tx.getRepository(Order).update({ orderId }, { email });
  }

  /** Every event of every pathway, once, before it is handled. */
  @OnAudit()
  trace(event: PathwayEvent): void {
    const { entityId, sessionId } = auditOf(event);
    if (entityId) this.logger.log(`${event.eventId} by ${entityId} (session ${sessionId ?? 'unknown'})`);
  }

  @OnPathwayError(OrderPlaced)
  report(error: Error, event: PathwayEvent<OrderPlaced>): void {
    this.logger.warn(`Order event ${event.eventId} failed: ${error.message}`);
  }

  /** After the commit, unlike the end of the handler. */
  @OnPathwayObserved(OrderPlaced, 'after')
  tellListeners(event: PathwayEvent<OrderPlaced>): void {
    for (const listener of this.listeners) listener(event);
  }

  /** Tells a measurement when an order was projected. */
  onProjected(listener: (event: PathwayEvent<OrderPlaced>) => void): void {
    this.listeners.add(listener);
  }
}
