import { inspect } from 'node:util';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { noTelemetry } from '../event/telemetry.interface.js';
import { FlowcoreClient } from './flowcore-client.js';
import { resolvePlatformHosts } from './platform-hosts.js';
import { json, LIMIT_MS, TestClock, type TestHandler, TestLogger, TestServer } from './platform.spec-util.js';

describe('Flowcore client', () => {
  const cleanups: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0)) await cleanup();
  });

  async function open(handler: TestHandler) {
    const server = await TestServer.start(handler);
    const client = new FlowcoreClient({
      tenant: 'acme',
      dataCore: 'shop',
      apiKey: 'fc_ab12_s3cr3t',
      hosts: resolvePlatformHosts(server.url),
      dedicatedLookup: true,
      requestTimeoutMs: LIMIT_MS,
      clock: new TestClock(),
      logger: new TestLogger(),
      telemetry: noTelemetry,
    });
    cleanups.push(
      () => client.close(),
      () => server.stop(),
    );
    return { client, server };
  }

  it('writes to a configured host without asking for a dedicated one', async () => {
    const { client, server } = await open((_request, response) => json(response, 200, { eventId: 'e-1' }));
    await client.ingestion.writeEvent({ flowType: 'f', eventType: 'e' }, {}, { metadata: {} });
    expect(server.requests.map(({ path }) => path)).toEqual(['/event/acme/shop/f/e']);
  });

  it('ends hanging requests, lookups and subscriptions when it is closed', async () => {
    const { client, server } = await open(() => undefined);
    const onDisconnected = vi.fn();
    const write = client.ingestion.writeEvent({ flowType: 'f', eventType: 'e' }, {}, { metadata: {} });
    const fetch = client.events.resolveEventTypeIds('f', ['e']);
    const subscription = client.notifications.subscribe('f', {
      onStored() {},
      onSomethingStored() {},
      onConnected() {},
      onDisconnected,
    });
    const ends = Promise.allSettled([write, fetch]);
    await vi.waitFor(() => expect(server.requests).toHaveLength(3));
    await client.close();
    expect((await ends).map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(onDisconnected).not.toHaveBeenCalled();
    await subscription.close();
    await client.close();
    await vi.waitFor(() => expect(server.sockets.size).toBe(0));
  });

  it('does not show its API key when it is logged', async () => {
    const { client } = await open(() => undefined);
    expect(inspect(client, { depth: 20 })).not.toContain('s3cr3t');
  });

  it('starts no request and no subscription after it was closed', async () => {
    const { client, server } = await open((_request, response) => json(response, 200, {}));
    await client.close();
    client.notifications.subscribe('f', {
      onStored() {},
      onSomethingStored() {},
      onConnected() {},
      onDisconnected() {},
    });
    await expect(client.events.resolveEventTypeIds('f', ['e'])).rejects.toThrow('the client is closed');
    expect(server.requests).toHaveLength(0);
  });
});
