import type { Surroundings } from './surroundings.js';

/** What an operator does on the platform: has it post the service's events, and later no more. */
export class ManagedDelivery {
  private constructor(
    private readonly url: string,
    private readonly pathwayId: string,
  ) {}

  static async start({ flowcoreUrl, webhook: { port, secret } }: Surroundings): Promise<ManagedDelivery> {
    const url = `${flowcoreUrl}/api/v1/pathways`;
    const endpoint = { url: `http://127.0.0.1:${port}/`, authHeaders: { 'x-webhook-secret': secret } };
    const source = {
      flowType: 'order.0',
      eventTypes: ['order.placed.0', 'order.paid.0'],
      endpoints: [endpoint],
    };
    const { pathwayId } = await ask(`${url}/by-name/orders`, 'PUT', {
      tenant: 'acme',
      dataCore: 'shop',
      type: 'managed',
      enabled: true,
      config: { sources: [source] },
    });
    return new ManagedDelivery(url, String(pathwayId));
  }

  async end(): Promise<void> {
    await ask(`${this.url}/${this.pathwayId}/disable`, 'POST', {});
  }
}

async function ask(url: string, method: string, body: object): Promise<Record<string, unknown>> {
  const response = await fetch(url, {
    method,
    headers: { 'content-type': 'application/json', authorization: 'apikey fc_operator' },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`The platform refused ${method} ${url}: ${await response.text()}`);
  return (await response.json()) as Record<string, unknown>;
}
