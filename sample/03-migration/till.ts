import { PathwaysBuilder } from '@flowcore/pathways';
import { paid, placed } from './order.schemas.js';

/** Another service on the reference client, which nobody moves: it writes on whoever is being replaced. */
export class Till {
  private readonly pathways;

  constructor(baseUrl: string) {
    this.pathways = new PathwaysBuilder({
      baseUrl,
      tenant: 'acme',
      dataCore: 'shop',
      apiKey: 'fc_till',
    })
      .register({ flowType: 'order.0', eventType: 'order.placed.0', schema: placed })
      .register({ flowType: 'order.0', eventType: 'order.paid.0', schema: paid });
  }

  /** An order and its payment. Waits for nobody to handle them. */
  async sell(orderId: string): Promise<string[]> {
    const options = { fireAndForget: true };
    const order = { orderId, customer: 'Ada', total: 42 };
    return [
      await this.pathways.write('order.0/order.placed.0', { data: order, options }),
      await this.pathways.write('order.0/order.paid.0', { data: { orderId, amount: 42 }, options }),
    ].map(String);
  }
}
