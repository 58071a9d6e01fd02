import { createPostgresPathwayState, PathwayRouter, PathwaysBuilder } from 'nestjs-pathways/builder';
import { paid, placed } from '../order.schemas.js';
import { MARKS_KEPT_MS, type OrderService, type Surroundings } from '../surroundings.js';
import { startWebhook } from '../webhook.server.js';

/** The same service: the import is another one, and pumps pull what nobody posts. What is posted is still taken. */
export async function startService({
  flowcoreUrl,
  database,
  webhook,
  book,
}: Surroundings): Promise<OrderService> {
  const state = createPostgresPathwayState({ ...database, ttlMs: MARKS_KEPT_MS });
  const pathways = new PathwaysBuilder({
    baseUrl: flowcoreUrl,
    tenant: 'acme',
    dataCore: 'shop',
    apiKey: 'fc_order_service',
    // In production it would otherwise be `managed`, as in the reference: no pump runs there.
    pathwayMode: 'virtual',
  })
    .withPathwayState(state)
    .register({ flowType: 'order.0', eventType: 'order.placed.0', schema: placed })
    .register({ flowType: 'order.0', eventType: 'order.paid.0', schema: paid })
    .handle('order.0/order.placed.0', async (event) => book.add('placed', event))
    .handle('order.0/order.paid.0', async (event) => book.add('paid', event));
  const router = new PathwayRouter(pathways, webhook.secret);
  const server = await startWebhook(webhook.port, (event, secret) => router.processEvent(event, secret));
  // No position was ever stored. All marks of the old service are still there, and skip what it handled.
  await pathways.startPump({ startFrom: 'beginning' });

  return {
    place: async (data) => (await pathways.write('order.0/order.placed.0', { data })) as string,
    pay: async (data) => (await pathways.write('order.0/order.paid.0', { data })) as string,
    drain: async () => pathways.pump?.drain(),
    async stop() {
      await server.stop();
      await pathways.close();
    },
  };
}
