import { createPostgresPathwayState, PathwaysBuilder } from 'nestjs-pathways/builder';
import { paid, placed } from '../order.schemas.js';
import { MARKS_KEPT_MS, type Surroundings } from '../surroundings.js';

/** The builder of step 1, with one handler less: that of `order.placed.0` is a method of `OrdersProjector` now. */
export function orderBuilder({ flowcoreUrl, database, book }: Surroundings) {
  return new PathwaysBuilder({
    baseUrl: flowcoreUrl,
    tenant: 'acme',
    dataCore: 'shop',
    apiKey: 'fc_order_service',
    pathwayMode: 'virtual',
  })
    .withPathwayState(createPostgresPathwayState({ ...database, ttlMs: MARKS_KEPT_MS }))
    .register({ flowType: 'order.0', eventType: 'order.placed.0', schema: placed })
    .register({ flowType: 'order.0', eventType: 'order.paid.0', schema: paid })
    .handle('order.0/order.paid.0', async (event) => book.add('paid', event));
}
