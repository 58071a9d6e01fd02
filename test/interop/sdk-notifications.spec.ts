import { NotificationClient, type NotificationEvent } from '@flowcore/sdk';
import { createPathwayContract, PathwaysEngine, silentLogger } from 'nestjs-pathways';
import { type LocalFlowcore, startLocalFlowcore } from 'nestjs-pathways/local';
import { Subject } from 'rxjs';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { rawWrite } from './raw-write.js';

let local: LocalFlowcore;

beforeEach(async () => {
  local = await startLocalFlowcore();
  // The client looks names up on the public hosts whatever URL its socket is given (protocol §2.2).
  const realFetch = globalThis.fetch;
  vi.stubGlobal('fetch', (input: string | URL | Request, init?: RequestInit) => {
    const address = input instanceof Request ? input.url : String(input);
    return realFetch(address.replace(/^https:\/\/[a-z0-9-]+\.api\.flowcore\.io/, local.url), init);
  });
});

afterEach(async () => {
  vi.unstubAllGlobals();
  await local.stop();
});

it('the notification client of the published SDK hears of a stored event', async () => {
  await rawWrite(local, 'acme/shop/order.0/order.placed.0', { n: 0 });
  await rawWrite(local, 'acme/shop/other.0/other.0', { n: 0 });
  const { received, client } = await listen();

  // The client tells when its socket is open, but not when its subscription has arrived: write until one is heard.
  const written: string[] = [];
  await vi.waitFor(
    async () => {
      await rawWrite(local, 'acme/shop/other.0/other.0', { n: 1 });
      written.push(...(await rawWrite(local, 'acme/shop/order.0/order.placed.0', { n: 1 })));
      expect(received.length).toBeGreaterThan(0);
    },
    { timeout: 10_000, interval: 50 },
  );
  client.disconnect();

  const dataCoreId = (await dataCore()).id;
  expect(received.every(({ data }) => written.includes(data.eventId))).toBe(true);
  expect(received[0]).toMatchObject({
    data: { dataCoreId, flowType: 'order.0', eventType: 'order.placed.0' },
  });
});

it('it hears of every event that our writer wrote, of a batch too', async () => {
  const engine = new PathwaysEngine({
    baseUrl: local.url,
    tenant: 'acme',
    dataCore: 'shop',
    apiKey: 'fc_id_secret',
    logger: silentLogger,
  });
  const pathway = { flowType: 'order.0', eventType: 'order.placed.0' };
  engine.addContract(createPathwayContract(pathway, { declaredBy: 'test' }));
  const options = { fireAndForget: true };
  const write = (n: number) => engine.writer.write('order.0/order.placed.0', { data: { n }, options });
  try {
    await write(0);
    const { received, client } = await listen();
    // As above: from the first one on that is heard, none may be missing.
    const written: string[] = [];
    await vi.waitFor(
      async () => {
        written.push(await write(1));
        expect(received.length).toBeGreaterThan(0);
      },
      { timeout: 10_000, interval: 50 },
    );
    const data = Array.from({ length: 30 }, (_, n) => ({ n }));
    const batch = { batch: true, data, options } as const;
    written.push(...(await engine.writer.write('order.0/order.placed.0', batch)));
    const heard = () => received.map((event) => event.data.eventId);
    await vi.waitFor(() => expect(heard()).toContain(written.at(-1)), { timeout: 10_000 });
    client.disconnect();
    expect(heard()).toEqual(written.slice(written.indexOf(heard()[0] ?? '')));
  } finally {
    await engine.stop();
  }
});

/** Connects a client that keeps what it hears of `order.0`. */
async function listen(): Promise<{ received: NotificationEvent[]; client: NotificationClient }> {
  const received: NotificationEvent[] = [];
  const subject = new Subject<NotificationEvent>();
  subject.subscribe({ next: (event) => received.push(event), error: () => undefined });
  const client = new NotificationClient(
    subject,
    { apiKey: 'fc_id_secret' },
    { tenant: 'acme', dataCore: 'shop', flowType: 'order.0' },
    { reconnectInterval: 1_000 },
  );
  client.overrideBaseUrl(local.notificationsUrl);
  await client.connect();
  return { received, client };
}

async function dataCore(): Promise<{ id: string }> {
  const response = await fetch(`${local.url}/api/v1/data-cores?tenant=acme&name=shop`, {
    headers: { authorization: 'ApiKey id:fc_id_secret' },
  });
  return ((await response.json()) as [{ id: string }])[0];
}
