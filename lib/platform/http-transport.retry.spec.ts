import { describe, expect, it } from 'vitest';
import { PlatformUnavailableError } from '../errors/platform-unavailable.error.js';
import { json, LIMIT_MS, TestClock } from './platform.spec-util.js';
import { failureOf, get, transportUnderTest } from './http-transport.spec-util.js';

describe('HTTP transport', () => {
  const { serve, open } = transportUnderTest();

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

  it('N9: spreads retries by 20 percent and never waits longer than 5 s', async () => {
    const clock = new TestClock((delayMs) => delayMs !== LIMIT_MS);
    const server = await serve((_request, response) => json(response, 500, {}));
    await failureOf(open({ clock, random: () => 1, maxAttempts: 8 }).request(get(server.url)));
    expect(clock.delays.filter((delayMs) => delayMs !== LIMIT_MS)).toEqual([
      300, 600, 1_200, 2_400, 4_800, 6_000, 6_000,
    ]);
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
});
