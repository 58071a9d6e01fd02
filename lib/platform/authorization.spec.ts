import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { PlatformApiKeyUnavailableError } from '../errors/platform-api-key-unavailable.error.js';
import { PlatformUnavailableError } from '../errors/platform-unavailable.error.js';
import type { ApiKeyProvider } from './api-key-provider.type.js';
import { Authorization, MissingApiKey } from './authorization.js';
import { notificationsUnderTest, RECONNECT_DELAYS } from './notifications.client.spec-util.js';
import { json, LIMIT_MS, TestClock, TestServer, testTransport } from './platform.spec-util.js';

const OLD = 'fc_ab12_old-s3cr3t';
const NEW = 'fc_cd34_new-s3cr3t';
const never = () => new Promise<string>(() => undefined);
const throwing = (error: Error) => () => {
  throw error;
};
const anything = (value: unknown) => (() => value) as ApiKeyProvider;

describe('a key that is a function', () => {
  it.each<[string, (key: string) => ReturnType<ApiKeyProvider>]>([
    ['at once', (key) => key],
    ['later', async (key) => key],
  ])('is asked every time, and may answer %s', async (_when, answer) => {
    let key = OLD;
    const authorization = new Authorization(() => answer(key));
    expect(await authorization.rest()).toBe(`ApiKey ab12:${OLD}`);
    key = NEW;
    expect(await authorization.rest()).toBe(`ApiKey cd34:${NEW}`);
    expect(await authorization.ingestion()).toBe(NEW);
    expect((await authorization.credential()).query).toBe(`api_key=${NEW}&api_key_id=cd34`);
  });

  it.each<[string, ApiKeyProvider, RegExp]>([
    ['throws', throwing(new Error('vault sealed')), /^failed: vault sealed$/],
    ['rejects', () => Promise.reject(new Error(`${OLD} expired`)), /^failed: \*\*\* expired$/],
    ['returns nothing', anything(undefined), /^returned nothing, not a string$/],
    ['returns an object', anything({ key: OLD }), /^returned an object, not a string$/],
    ['keeps the line break of its file', () => `${OLD}\n`, /^returned a key that is empty or contains/],
  ])('has no key when it %s, and says why without showing one', async (_how, provide, why) => {
    let ask: ApiKeyProvider = () => OLD;
    const authorization = new Authorization(() => ask());
    await authorization.rest();
    ask = provide;
    const error = await Promise.resolve(authorization.rest()).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(MissingApiKey);
    expect((error as Error).message).toMatch(why);
    ask = () => NEW;
    expect(await authorization.ingestion()).toBe(NEW);
  });

  it('is waited for no longer than a request', async () => {
    const clock = new TestClock();
    const authorization = new Authorization(never, { clock, timeoutMs: LIMIT_MS });
    const header = Promise.resolve(authorization.rest());
    clock.advance(LIMIT_MS);
    await expect(header).rejects.toThrow(`did not answer within ${LIMIT_MS} ms`);
  });

  it('takes every key of late out of what a server quotes, and shows none when it is logged', async () => {
    let key = OLD;
    const authorization = new Authorization(() => key);
    await authorization.rest();
    key = NEW;
    await authorization.rest();
    expect(authorization.redact(`${OLD} is not ${NEW}`)).toBe('*** is not ***');
    expect(inspect({ authorization }, { depth: 9, showHidden: true })).not.toContain('s3cr3t');
    expect(JSON.stringify({ authorization })).not.toContain('s3cr3t');
  });
});

describe('a request whose key is a function', () => {
  const request = (authorization: Authorization, origin: string) => ({
    operation: 'test',
    method: 'GET' as const,
    origin,
    path: '/',
    headers: {},
    authorization: authorization.rest,
  });

  it('asks before every attempt: one that is tried again carries the key that was rotated meanwhile', async () => {
    const keys = [OLD, NEW];
    const server = await TestServer.start((_seen, response) =>
      json(response, server.requests.length === 1 ? 503 : 200, {}),
    );
    const transport = testTransport();
    try {
      const authorization = new Authorization(() => keys.shift() ?? '');
      await transport.request(request(authorization, server.url));
      const sent = server.requests.map(({ headers }) => headers.authorization);
      expect(sent).toEqual([`ApiKey ab12:${OLD}`, `ApiKey cd34:${NEW}`]);
    } finally {
      await transport.close();
      await server.stop();
    }
  });

  it('is tried again while the function fails, and then says what to do; nothing is sent', async () => {
    const server = await TestServer.start((_seen, response) => json(response, 200, {}));
    const transport = testTransport();
    const cause = new Error('vault sealed.');
    let asked = 0;
    try {
      const authorization = new Authorization(() => {
        asked++;
        throw cause;
      });
      const error: unknown = await transport
        .request(request(authorization, server.url))
        .catch((thrown) => thrown);
      expect(error).toBeInstanceOf(PlatformApiKeyUnavailableError);
      expect(error).toBeInstanceOf(PlatformUnavailableError);
      expect(error).toMatchObject({ code: 'PATHWAYS_PLATFORM_API_KEY_UNAVAILABLE', status: 0, cause });
      expect((error as Error).message).toBe(
        `GET ${server.url}/ (5 attempts) cannot be made: the function given as "apiKey" failed: vault sealed. See that it returns a key in time; it is asked again for the next request.`,
      );
      expect([asked, server.requests.length]).toEqual([5, 0]);
    } finally {
      await transport.close();
      await server.stop();
    }
  });

  it.each(['the caller', 'the end of the client'])('does not wait for it beyond %s', async (who) => {
    const transport = testTransport();
    const stop = new AbortController();
    let isAsked = false;
    const authorization = new Authorization(
      () => {
        isAsked = true;
        return never();
      },
      { clock: new TestClock(), timeoutMs: LIMIT_MS },
    );
    const ended = transport.request(request(authorization, 'http://127.0.0.1:9'), stop.signal);
    const outcome = expect(ended).rejects.toThrow(who === 'the caller' ? 'enough' : 'the client is closed');
    await expect.poll(() => isAsked).toBe(true);
    if (who === 'the caller') stop.abort(new Error('enough'));
    else await transport.close();
    await outcome;
    await transport.close();
  });
});

describe('a notification connection whose key is a function', () => {
  const { serve, subscribe, autoReconnecting } = notificationsUnderTest();

  it('asks at every connect, and dials again after it failed', async () => {
    const answers = [() => OLD, throwing(new Error('vault sealed')), () => NEW];
    const server = await serve((socket, { connections }) => {
      if (connections.length === 1) socket.close(1011, 'reauthenticate');
    });
    const authorization = new Authorization(() => (answers.shift() ?? (() => NEW))());
    const { listener } = subscribe(server.url, { clock: autoReconnecting(), authorization });
    await expect.poll(() => listener.connected).toBe(2);
    const queries = server.connections.map(({ request }) => request.url?.split('?')[1]);
    expect(queries).toEqual([`api_key=${OLD}&api_key_id=ab12`, `api_key=${NEW}&api_key_id=cd34`]);
    expect(listener.errors[1]).toBeInstanceOf(PlatformApiKeyUnavailableError);
    expect((listener.errors[1] as Error).message).toMatch(
      /^The notification connection ws:.*"apiKey" failed: vault sealed\./,
    );
  });

  it('is not held up by a function that hangs: it dials again, and closes at once', async () => {
    const clock = new TestClock((delayMs) => delayMs === LIMIT_MS || RECONNECT_DELAYS.includes(delayMs));
    let asked = 0;
    const provide = () => (asked++ === 0 ? never() : NEW);
    const server = await serve();
    const authorization = new Authorization(provide, { clock, timeoutMs: LIMIT_MS });
    const { listener } = subscribe(server.url, { clock, authorization });
    await expect.poll(() => listener.connected).toBe(1);

    const hanging = new Authorization(never, { clock: new TestClock(), timeoutMs: LIMIT_MS });
    const { client } = subscribe(server.url, { authorization: hanging });
    await client.close();
  });
});
