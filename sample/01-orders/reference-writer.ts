import { PathwaysBuilder } from '@flowcore/pathways';
import { z } from 'zod';

const order = z.object({
  orderId: z.string(),
  customer: z.string(),
  total: z.number(),
  lines: z.array(z.object({ sku: z.string(), quantity: z.number() })),
});

/** Another service that writes the same events with the reference client: ours handles them like its own. */
export function referenceWriter(baseUrl: string): (data: z.infer<typeof order>) => Promise<string> {
  const pathways = new PathwaysBuilder({
    baseUrl,
    tenant: 'acme',
    dataCore: 'shop',
    apiKey: 'fc_reference_client',
  }).register({
    flowType: 'order.0',
    eventType: 'order.placed.0',
    schema: order,
  });
  return async (data) => {
    const eventId = await pathways.write('order.0/order.placed.0', {
      data,
      options: { fireAndForget: true },
    });
    return eventId as string;
  };
}
