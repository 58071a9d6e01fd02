import { createPostgresPathwayState, PathwayRouter, PathwaysBuilder } from '@flowcore/pathways';
import { paid, placed } from '../order.schemas.js';
import { MARKS_KEPT_MS, type OrderService, type Surroundings } from '../surroundings.js';
import { startWebhook } from '../webhook.server.js';

/** The service as it is: the platform posts its events to it, and handled ones are marked in Postgres. */
export async function startService({
  flowcoreUrl,
  database,
  webhook,
  book,
}: Surroundings): Promise<OrderService> {
  const state = createPostgresPathwayState({ ...database, ttlMs: MARKS_KEPT_MS });
  // Its first use makes the table. Two first uses at once (a write that waits, an event that is posted) meet in Postgres: one
  // fails, and its event is handled again.
  await state.isProcessed('nothing');
  const pathways = new PathwaysBuilder({
    baseUrl: flowcoreUrl,
    tenant: 'acme',
    dataCore: 'shop',
    apiKey: 'fc_order_service',
  })
    .withPathwayState(state)
    .register({ flowType: 'order.0', eventType: 'order.placed.0', schema: placed })
    .register({ flowType: 'order.0', eventType: 'order.paid.0', schema: paid })
    .handle('order.0/order.placed.0', async (event) => book.add('placed', event))
    .handle('order.0/order.paid.0', async (event) => book.add('paid', event));
  const router = new PathwayRouter(pathways, webhook.secret);
  const server = await startWebhook(webhook.port, (event, secret) => router.processEvent(event, secret));

  return {
    place: async (data) => (await pathways.write('order.0/order.placed.0', { data })) as string,
    pay: async (data) => (await pathways.write('order.0/order.paid.0', { data })) as string,
    drain: async () => {},
    async stop() {
      await server.stop();
      await state.close();
    },
  };
}
