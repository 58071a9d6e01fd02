import { describe, expect, it, vi } from 'vitest';
import { PlatformRequestError } from '../errors/platform-request.error.js';
import { PlatformUnavailableError } from '../errors/platform-unavailable.error.js';
import type { PlatformRequest } from './platform-request.interface.js';
import { json, LIMIT_MS, TestClock, type TestHandler } from './platform.spec-util.js';
import { failureOf, get, transportUnderTest } from './http-transport.spec-util.js';

describe('HTTP transport', () => {
  const { serve, open } = transportUnderTest();

  describe('time limit', () => {
    async function timeOut(handler: TestHandler): Promise<PlatformRequestError> {
      const clock = new TestClock();
      const server = await serve(handler);
      const outcome = failureOf(open({ clock, maxAttempts: 1 }).request(get(server.url)));
      await vi.waitFor(() => expect(server.requests).toHaveLength(1));
      clock.advance(LIMIT_MS);
      return outcome;
    }

    it('N8: ends a request that is never answered', async () => {
      const error = await timeOut(() => undefined);
      expect(error).toBeInstanceOf(PlatformUnavailableError);
      expect(error.message).toContain(`within ${LIMIT_MS} ms`);
    });

    it('N8: ends an answer that stalls in the middle of its body', async () => {
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
});
