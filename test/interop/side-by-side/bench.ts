import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { LocalFlowcore } from 'nestjs-pathways/local';
import { timeUuid } from '../../../lib/event/time-uuid.util.js';
import { until } from '../../support/until.js';
import { storedEvents } from '../stored-events.js';
import type { SeenEvent, Side, SideBuilder } from './sides.js';

export const KEY = 'order.0/placed.0';
export const order = z.object({ orderId: z.string() });
export const data = { orderId: 'o-1' };
export const FORGET = { fireAndForget: true };

/** One run of a case on one side: its builders, and a data core of its own on the shared Local Flowcore. */
export class Bench {
  readonly dataCore = `shop-${randomUUID()}`;
  private readonly ends: (() => unknown)[] = [];
  private events = 0;

  constructor(
    readonly side: Side,
    readonly local: LocalFlowcore,
    private readonly given: Record<string, unknown> = {},
  ) {}

  /** A builder on which nothing is registered. */
  builder(options: Record<string, unknown> = {}): SideBuilder {
    const { side, local, dataCore, given } = this;
    const common = { baseUrl: local.url, tenant: 'acme', dataCore, apiKey: 'fc_id_secret' };
    const builder = side.builder({ ...common, logger: side.noopLogger(), ...options, ...given });
    this.atEnd(() => builder.close?.());
    return builder;
  }

  /** A builder on which `order.0/placed.0` is registered; what fails is not tried again unless the case asks for it. */
  orders(pathway: Record<string, unknown> = {}, options: Record<string, unknown> = {}): SideBuilder {
    const contract = { flowType: 'order.0', eventType: 'placed.0', schema: order, maxRetries: 0, ...pathway };
    return this.builder(options).register(contract);
  }

  /** An event as the platform delivers it. */
  event(payload: Record<string, unknown> = data, fields: Partial<SeenEvent> = {}): SeenEvent {
    return {
      eventId: timeUuid(Date.UTC(2026, 4, 1, 10) + this.events++),
      timeBucket: '20260501100000',
      tenant: 'acme',
      dataCoreId: '0f0e0d0c-0b0a-4908-8706-050403020100',
      flowType: 'order.0',
      eventType: 'placed.0',
      metadata: {},
      payload,
      validTime: '2026-05-01T10:00:00.000Z',
      ...fields,
    };
  }

  /** What the platform has of a pathway, in order. */
  stored(key: string = KEY): Promise<SeenEvent[]> {
    return storedEvents(this.local, this.dataCore, key);
  }

  /** The first event of `order.0/placed.0`, once a write has stored it. */
  async firstStored(): Promise<SeenEvent> {
    let found: SeenEvent | undefined;
    await until(async () => (found = (await this.stored())[0]) !== undefined);
    return found as SeenEvent;
  }

  /** Done when the case is over, last first. */
  atEnd(end: () => unknown): void {
    this.ends.unshift(end);
  }

  async clear(): Promise<void> {
    for (const end of this.ends) await end();
  }
}
