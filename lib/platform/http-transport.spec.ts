import { afterEach, describe, expect, it, vi } from 'vitest';
import { PlatformNotFoundError } from '../errors/platform-not-found.error.js';
import { PlatformRequestError } from '../errors/platform-request.error.js';
import { PlatformResponseInvalidError } from '../errors/platform-response-invalid.error.js';
import { PlatformUnauthorizedError } from '../errors/platform-unauthorized.error.js';
import { PlatformUnavailableError } from '../errors/platform-unavailable.error.js';
import type { HttpTransport } from './http-transport.js';
import type { PlatformRequest } from './platform-request.interface.js';
import { redactorOf } from './redaction.util.js';
import {
  json,
  LIMIT_MS,
  TestClock,
  type TestHandler,
  TestServer,
  testTransport,
} from './platform.spec-util.js';

describe('HTTP transport', () => {
  const cleanups: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0)) await cleanup();
  });

  async function serve(handler: TestHandler): Promise<TestServer> {
    const server = await TestServer.start(handler);
    cleanups.push(() => server.stop());
    return server;
  }

  function open(options: Parameters<typeof testTransport>[0] = {}): HttpTransport {
    const transport = testTransport(options);
    cleanups.unshift(() => transport.close());
    return transport;
  }

  const get = (origin: string, path = '/things'): PlatformRequest => ({
    operation: 'things.get',
    method: 'GET',
    origin,
    path,
    headers: {},
  });

  const failureOf = (work: Promise<unknown>): Promise<PlatformRequestError> =>
    work.then(
      () => expect.unreachable('it should have failed'),
      (error: unknown) => error as PlatformRequestError,
    );

  it.each([200, 201, 202, 299])('takes %i as success', async (status) => {
    const server = await serve((_request, response) => json(response, status, { ok: '✓' }));
    const answer = await open().request(get(server.url));
    expect(answer).toMatchObject({ status, body: { ok: '✓' }, bytes: 12 });
  });

  it.each([408, 429, 500, 502, 503, 504])('repeats %i until it is answered', async (status) => {
    const server = await serve((_request, response) =>
      server.requests.length < 3 ? json(response, status, {}) : json(response, 200, { at: 3 }),
    );
    expect((await open().request(get(server.url))).attempts).toBe(3);
  });

  it('gives up after five attempts with growing delays and tells the platform’s words', async () => {
    const clock = new TestClock((delayMs) => delayMs !== LIMIT_MS);
    const server = await serve((_request, response) => json(response, 503, { message: 'disk on fire' }));
    const error = await failureOf(open({ clock }).request(get(server.url)));

    expect(error).toBeInstanceOf(PlatformUnavailableError);
    expect(error).toMatchObject({ status: 503, body: { message: 'disk on fire' }, request: { attempts: 5 } });
    expect(error.message).toContain('"disk on fire"');
    expect(error.message).toContain('5 attempts');
    expect(server.requests).toHaveLength(5);
    expect(clock.delays.filter((delayMs) => delayMs !== LIMIT_MS)).toEqual([250, 500, 1_000, 2_000]);
  });

  it('spreads retries by 20 percent and never waits longer than 5 s', async () => {
    const clock = new TestClock((delayMs) => delayMs !== LIMIT_MS);
    const server = await serve((_request, response) => json(response, 500, {}));
    await failureOf(open({ clock, random: () => 1, maxAttempts: 8 }).request(get(server.url)));
    expect(clock.delays.filter((delayMs) => delayMs !== LIMIT_MS)).toEqual([
      300, 600, 1_200, 2_400, 4_800, 6_000, 6_000,
    ]);
  });

  it.each([
    [401, PlatformUnauthorizedError, 'apiKey'],
    [403, PlatformUnauthorizedError, 'may not do this'],
    [404, PlatformNotFoundError, 'names'],
    [400, PlatformRequestError, 'refused'],
    [409, PlatformRequestError, 'refused'],
    [422, PlatformRequestError, 'refused'],
    [302, PlatformRequestError, 'Redirects'],
  ])('answers %i with %o at once', async (status, errorClass, advice) => {
    const server = await serve((_request, response) =>
      json(response, status, { message: 'because of you' }, { location: 'http://else.where/' }),
    );
    const error = await failureOf(open().request(get(server.url)));
    expect(error.constructor).toBe(errorClass);
    expect(error).toMatchObject({ status, body: { message: 'because of you' } });
    expect(error.message).toContain('because of you');
    expect(error.message).toContain(advice);
    expect(server.requests).toHaveLength(1);
  });

  it('calls a success without JSON an invalid answer', async () => {
    const server = await serve((_request, response) => response.end('<html>Welcome to the proxy</html>'));
    const error = await failureOf(open().request(get(server.url)));
    expect(error).toBeInstanceOf(PlatformResponseInvalidError);
    expect(error.message).toContain('$ is other text where JSON belongs');
  });

  it('accepts an empty 204 and leaves the judgement to the caller', async () => {
    const server = await serve((_request, response) => response.writeHead(204).end());
    const answer = await open().request(get(server.url));
    expect(answer.body).toBeUndefined();
    expect(() => answer.object()).toThrow('$ is missing where an object belongs');
  });

  describe('Retry-After', () => {
    const once = async (header: string, random = () => 0.5) => {
      const clock = new TestClock((delayMs) => delayMs !== LIMIT_MS);
      const server = await serve((_request, response) =>
        server.requests.length === 1
          ? json(response, 429, { message: 'slow down' }, { 'retry-after': header })
          : json(response, 200, {}),
      );
      const outcome = open({ clock, random }).request(get(server.url));
      return { clock, outcome, server };
    };
    const pauses = (clock: TestClock) => clock.delays.filter((delayMs) => delayMs !== LIMIT_MS);

    it('is waited for in seconds, never shortened by jitter', async () => {
      const { clock, outcome } = await once('7', () => 0);
      await outcome;
      expect(pauses(clock)).toEqual([7_000]);
    });

    it('is waited for as a date', async () => {
      const { clock, outcome } = await once('Fri, 01 May 2026 10:00:09 GMT', () => 0);
      await outcome;
      expect(pauses(clock)).toEqual([9_000]);
    });

    it('beyond a minute ends the request instead of hanging', async () => {
      const { clock, outcome, server } = await once('3600');
      const error = await failureOf(outcome);
      expect(error).toBeInstanceOf(PlatformUnavailableError);
      expect(error.message).toContain('3600 s');
      expect(pauses(clock)).toEqual([]);
      expect(server.requests).toHaveLength(1);
    });

    it('that cannot be read is ignored', async () => {
      const { clock, outcome } = await once('soon');
      await outcome;
      expect(pauses(clock)).toEqual([250]);
    });
  });

  describe('time limit', () => {
    async function timeOut(handler: TestHandler): Promise<PlatformRequestError> {
      const clock = new TestClock();
      const server = await serve(handler);
      const outcome = failureOf(open({ clock, maxAttempts: 1 }).request(get(server.url)));
      await vi.waitFor(() => expect(server.requests).toHaveLength(1));
      clock.advance(LIMIT_MS);
      return outcome;
    }

    it('ends a request that is never answered', async () => {
      const error = await timeOut(() => undefined);
      expect(error).toBeInstanceOf(PlatformUnavailableError);
      expect(error.message).toContain(`within ${LIMIT_MS} ms`);
    });

    it('ends an answer that stalls in the middle of its body', async () => {
      const error = await timeOut((_request, response) => {
        response.writeHead(200, { 'content-length': '1000' });
        response.write('{"half":');
      });
      expect(error.message).toContain(`within ${LIMIT_MS} ms`);
    });

    it('repeats a request that hung', async () => {
      const clock = new TestClock((delayMs) => delayMs !== LIMIT_MS);
      const server = await serve((_request, response) => {
        if (server.requests.length > 1) json(response, 200, {});
      });
      const outcome = open({ clock }).request(get(server.url));
      await vi.waitFor(() => expect(server.requests).toHaveLength(1));
      clock.advance(LIMIT_MS);
      expect((await outcome).attempts).toBe(2);
    });

    it('leaves no timer behind', async () => {
      const clock = new TestClock();
      const server = await serve((_request, response) => json(response, 200, {}));
      await open({ clock }).request(get(server.url));
      expect(clock.pending.size).toBe(0);
    });
  });

  it('repeats when the connection drops before and in the middle of an answer', async () => {
    const server = await serve((_request, response) => {
      if (server.requests.length === 1) response.destroy();
      else if (server.requests.length === 2) {
        response.writeHead(200, { 'content-length': '100' });
        response.write('{"half":', () => response.destroy());
      } else json(response, 200, {});
    });
    expect((await open().request(get(server.url))).attempts).toBe(3);
  });

  it('says what to check when nobody listens', async () => {
    const server = await serve(() => undefined);
    await server.stop();
    const error = await failureOf(open().request({ ...get(server.url), method: 'POST', body: '{}' }));
    expect(error).toBeInstanceOf(PlatformUnavailableError);
    expect(error).toMatchObject({ status: 0, request: { attempts: 5 } });
    expect(error.message).toContain('ECONNREFUSED');
    expect(error.message).toContain('Check the base URL');
    expect(error.message).toContain('may have been carried out');
  });

  it('does not repeat what cannot be sent', async () => {
    const error = await failureOf(
      open().request({ ...get('http://127.0.0.1:9'), headers: { 'x-note': 'two\nlines' } }),
    );
    expect(error.request.attempts).toBe(1);
    expect(error.message).toContain('could not be sent');
  });

  describe('abort', () => {
    const reason = new Error('the caller left');

    it('before the start sends nothing', async () => {
      const server = await serve((_request, response) => json(response, 200, {}));
      await expect(open().request(get(server.url), AbortSignal.abort(reason))).rejects.toBe(reason);
      expect(server.requests).toHaveLength(0);
    });

    it('while waiting for the answer rejects with the reason and closes the connection', async () => {
      const server = await serve(() => undefined);
      const controller = new AbortController();
      const outcome = open().request(get(server.url), controller.signal);
      outcome.catch(() => undefined);
      await vi.waitFor(() => expect(server.requests).toHaveLength(1));
      controller.abort(reason);
      await expect(outcome).rejects.toBe(reason);
      await vi.waitFor(() => expect(server.sockets.size).toBe(0));
      expect(server.requests).toHaveLength(1);
    });

    it('while waiting for the next attempt ends the wait', async () => {
      const clock = new TestClock();
      const server = await serve((_request, response) => json(response, 503, {}));
      const controller = new AbortController();
      const outcome = open({ clock }).request(get(server.url), controller.signal);
      outcome.catch(() => undefined);
      await vi.waitFor(() => expect(clock.has(250)).toBe(true));
      controller.abort(reason);
      await expect(outcome).rejects.toBe(reason);
      expect(clock.pending.size).toBe(0);
    });

    it('while every connection is taken never sends the request', async () => {
      const held: (() => void)[] = [];
      const server = await serve(({ path }, response) => {
        if (path === '/held') held.push(() => json(response, 200, {}));
        else json(response, 200, {});
      });
      const transport = open();
      const blockers = Array.from({ length: 128 }, () => transport.request(get(server.url, '/held')));
      await vi.waitFor(() => expect(held).toHaveLength(128));
      const controller = new AbortController();
      const late: PlatformRequest = { ...get(server.url, '/late'), method: 'POST', body: '{}' };
      const outcome = transport.request(late, controller.signal);
      controller.abort(reason);
      await expect(outcome).rejects.toBe(reason);

      for (const release of held) release();
      await Promise.all(blockers);
      await transport.request(get(server.url, '/after'));
      expect(server.requests.map(({ path }) => path)).toContain('/after');
      expect(server.requests.map(({ path }) => path)).not.toContain('/late');
    });
  });

  it('keeps no listener on a signal that lives for many requests', async () => {
    const server = await serve((_request, response) => json(response, 200, {}));
    const { signal } = new AbortController();
    const added = vi.spyOn(signal, 'addEventListener');
    const removed = vi.spyOn(signal, 'removeEventListener');
    const transport = open();
    for (let at = 0; at < 50; at++) await transport.request(get(server.url), signal);
    expect(added.mock.calls.length).toBeGreaterThanOrEqual(50);
    expect(removed.mock.calls.length).toBe(added.mock.calls.length);
  });

  it('reuses its connection and closes it at the end', async () => {
    const server = await serve((_request, response) => json(response, 200, {}));
    const transport = open();
    for (let at = 0; at < 20; at++) await transport.request(get(server.url));
    expect(server.sockets.size).toBeLessThanOrEqual(2);
    await transport.close();
    await vi.waitFor(() => expect(server.sockets.size).toBe(0));
    expect((await failureOf(transport.request(get(server.url)))).message).toContain('the client is closed');
  });

  it('ends running requests and waits when it is closed', async () => {
    const clock = new TestClock();
    const server = await serve(({ path }, response) => {
      if (path === '/busy') json(response, 503, {});
    });
    const transport = open({ clock });
    const hanging = failureOf(transport.request(get(server.url, '/hangs')));
    const pausing = failureOf(transport.request(get(server.url, '/busy')));
    await vi.waitFor(() => expect(clock.has(250) && server.requests.length === 2).toBe(true));
    await transport.close();
    expect((await hanging).message).toContain('the client is closed');
    expect((await pausing).message).toContain('the client is closed');
    expect(clock.pending.size).toBe(0);
  });

  it('never shows credentials, whoever repeats them', async () => {
    const secret = 'fc_ab12_s3cr3t';
    const server = await serve((_request, response) =>
      json(response, 400, { message: `the key ${secret} is odd`, echo: { secret } }),
    );
    const transport = open({ redact: redactorOf(secret) });
    const error = await failureOf(
      transport.request(get(server.url, `/x?api_key=${secret}&token=t0k3n&name=a`)),
    );
    const shown = JSON.stringify([error.message, error.request, error.body, String(error.cause)]);
    expect(shown).not.toContain('s3cr3t');
    expect(shown).not.toContain('t0k3n');
    expect(error.request.url).toBe(`${server.url}/x?api_key=***&token=***&name=a`);
  });

  it('never shows credentials in an answer of the wrong shape', async () => {
    const secret = 'fc_ab12_s3cr3t';
    const server = await serve((_request, response) => json(response, 200, { echo: secret }));
    const answer = await open({ redact: redactorOf(secret) }).request(get(server.url));
    expect(answer.invalid('$.id', 'a string', 'missing').body).toEqual({ echo: '***' });
  });

  it('reports every attempt to telemetry, 0 for no answer', async () => {
    const seen: [string, number][] = [];
    const server = await serve((_request, response) => {
      if (server.requests.length === 1) response.destroy();
      else json(response, server.requests.length === 2 ? 500 : 200, {});
    });
    await open({
      telemetry: { requestFinished: (operation, status) => seen.push([operation, status]) },
    }).request(get(server.url));
    expect(seen).toEqual([
      ['things.get', 0],
      ['things.get', 500],
      ['things.get', 200],
    ]);
  });

  it('survives a peer that is not an HTTP server', async () => {
    const server = await serve(() => undefined);
    server.server.on('connection', (socket) => socket.write('220 mail.example ESMTP\r\n'));
    const error = await failureOf(open().request(get(server.url)));
    expect(error).toBeInstanceOf(PlatformUnavailableError);
  });
});
