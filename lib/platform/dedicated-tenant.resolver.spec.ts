import { AsyncLocalStorage } from 'node:async_hooks';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { PlatformUnavailableError } from '../errors/platform-unavailable.error.js';
import { Authorization } from './authorization.js';
import { DedicatedTenantResolver } from './dedicated-tenant.resolver.js';
import {
  json,
  LIMIT_MS,
  TestClock,
  type TestHandler,
  TestLogger,
  TestServer,
  testTransport,
} from './platform.spec-util.js';

describe('dedicated tenants', () => {
  const cleanups: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0)) await cleanup();
  });

  async function open(handler: TestHandler) {
    const server = await TestServer.start(handler);
    const clock = new TestClock();
    const logger = new TestLogger();
    const transport = testTransport({ clock: new TestClock((delayMs) => delayMs !== LIMIT_MS) });
    cleanups.push(
      () => transport.close(),
      () => server.stop(),
    );
    const resolver = new DedicatedTenantResolver({
      transport,
      authorization: new Authorization('fc_ab12_s3cr3t'),
      tenant: 'acme',
      tenantHost: server.url,
      clock,
      logger,
    });
    return { resolver, server, clock, logger };
  }

  const dedicated = (domain: string) => ({ isDedicated: true, instance: { status: 'ready', domain } });
  const shared = { isDedicated: false, instance: null };

  it('get the host of each service on their own domain, with one question', async () => {
    const { resolver, server } = await open((_request, response) =>
      json(response, 200, dedicated('acme.example.net')),
    );
    const hosts = await Promise.all([
      resolver.hostOf('webhook', 'https://shared'),
      resolver.hostOf('event-source', 'https://shared'),
    ]);
    expect(hosts).toEqual(['https://webhook.acme.example.net', 'https://event-source.acme.example.net']);
    expect(server.requests).toHaveLength(1);
    expect(server.requests[0]).toMatchObject({
      path: '/api/v1/tenants/by-name/acme/instance',
      headers: { authorization: 'ApiKey ab12:fc_ab12_s3cr3t' },
    });
  });

  it('that are none keep the shared host, remembered for a minute', async () => {
    const { resolver, server, clock } = await open((_request, response) => json(response, 200, shared));
    expect(await resolver.hostOf('webhook', 'https://shared')).toBe('https://shared');
    clock.advance(59_999);
    expect(resolver.hostOf('webhook', 'https://shared')).toBe('https://shared');
    expect(server.requests).toHaveLength(1);
  });

  it('are asked for anew after a minute, while writes go on with what is known', async () => {
    const { resolver, server, clock } = await open((_request, response) =>
      json(response, 200, dedicated(server.requests.length === 1 ? 'old.net' : 'new.net')),
    );
    await resolver.hostOf('webhook', '');
    clock.advance(60_000);
    expect(resolver.hostOf('webhook', '')).toBe('https://webhook.old.net');
    await vi.waitFor(() => expect(resolver.hostOf('webhook', '')).toBe('https://webhook.new.net'));
  });

  it('keep their known host while the tenant service is down', async () => {
    const { resolver, server, clock, logger } = await open((_request, response) =>
      server.requests.length === 1 ? json(response, 200, dedicated('acme.net')) : json(response, 503, {}),
    );
    await resolver.hostOf('webhook', '');
    clock.advance(60_000);
    void resolver.hostOf('webhook', '');
    await vi.waitFor(() => expect(logger.lines).toHaveLength(1));
    expect(resolver.hostOf('webhook', '')).toBe('https://webhook.acme.net');
  });

  it('fail the first write when nobody can say where it belongs', async () => {
    let isDown = true;
    const { resolver } = await open((_request, response) => json(response, isDown ? 503 : 200, shared));
    await expect(resolver.hostOf('webhook', 'https://shared')).rejects.toBeInstanceOf(
      PlatformUnavailableError,
    );
    isDown = false;
    expect(await resolver.hostOf('webhook', 'https://shared')).toBe('https://shared');
  });

  it.each([401, 403, 404])('use the shared host, with one warning, when the answer is %i', async (status) => {
    const { resolver, server, logger } = await open((_request, response) => json(response, status, {}));
    expect(await resolver.hostOf('webhook', 'https://shared')).toBe('https://shared');
    expect(await resolver.hostOf('webhook', 'https://shared')).toBe('https://shared');
    expect(server.requests).toHaveLength(1);
    expect(logger.lines.map(({ level }) => level)).toEqual(['warn']);
  });

  it.each([
    [{ isDedicated: true, instance: null }, '$.instance is null'],
    [{ isDedicated: 'yes' }, '$.isDedicated is a string'],
    [dedicated('evil.net/path?x='), '$.instance.domain'],
    [dedicated('user@evil.net'), '$.instance.domain'],
  ])('never send the key where the answer %j points', async (body, problem) => {
    const { resolver } = await open((_request, response) => json(response, 200, body));
    await expect(resolver.hostOf('webhook', 'https://shared')).rejects.toThrow(problem);
  });

  it('are looked up outside the request that needed them first', async () => {
    const storage = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    const { resolver, logger } = await open((_request, response) => json(response, 403, {}));
    logger.warn = () => void seen.push(storage.getStore());
    await storage.run('request 1', () => resolver.hostOf('webhook', 'https://shared'));
    expect(seen).toEqual([undefined]);
  });
});
