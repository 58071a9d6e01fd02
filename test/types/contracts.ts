import { Pathway, type PathwayEvent } from 'nestjs-pathways';
import * as v from 'valibot';
import { z } from 'zod4';

/** Contracts of the type tests. Nothing here is ever run. */
@Pathway({ flowType: 'order.0', eventType: 'order.placed.0', description: 'An order was placed' })
export class OrderPlaced {
  orderId!: string;
  total!: number;
  note?: string;
}

export const orderExported = z.object({ orderId: z.string(), at: z.coerce.date() });
export const orderPaid = v.object({ orderId: v.string(), cents: v.number() });

/** Checked by its schema, typed by its fields. */
@Pathway({ flowType: 'order.0', eventType: 'order.exported.0', schema: orderExported })
export class OrderExported implements z.infer<typeof orderExported> {
  orderId!: string;
  at!: Date;
}

export type Placed = PathwayEvent<OrderPlaced>;
