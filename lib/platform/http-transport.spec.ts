import { describe, expect, it, vi } from 'vitest';
import { PlatformConflictError } from '../errors/platform-conflict.error.js';
import { PlatformNotFoundError } from '../errors/platform-not-found.error.js';
import { PlatformPayloadTooLargeError } from '../errors/platform-payload-too-large.error.js';
import { PlatformRequestError } from '../errors/platform-request.error.js';
import { PlatformResponseInvalidError } from '../errors/platform-response-invalid.error.js';
import { PlatformUnauthorizedError } from '../errors/platform-unauthorized.error.js';
import { PlatformUnavailableError } from '../errors/platform-unavailable.error.js';
import { redactorOf } from './redaction.util.js';
import { json } from './platform.spec-util.js';
import { failureOf, get, transportUnderTest } from './http-transport.spec-util.js';

describe('HTTP transport', () => {
  const { serve, open } = transportUnderTest();

  it.each([200, 201, 202, 299])('takes %i as success', async (status) => {
    const server = await serve((_request, response) => json(response, status, { ok: '✓' }));
    const answer = await open().request(get(server.url));
    expect(answer).toMatchObject({ status, body: { ok: '✓' }, bytes: 12 });
  });

  it.each([
    [401, PlatformUnauthorizedError, 'apiKey'],
    [403, PlatformUnauthorizedError, 'may not do this'],
    [404, PlatformNotFoundError, 'names'],
    [400, PlatformRequestError, 'refused'],
    [409, PlatformConflictError, 'read the current state'],
    [413, PlatformPayloadTooLargeError, 'send smaller payloads'],
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

  it('does not repeat what cannot be sent', async () => {
    const error = await failureOf(
      open().request({ ...get('http://127.0.0.1:9'), headers: { 'x-note': 'two\nlines' } }),
    );
    expect(error.request.attempts).toBe(1);
    expect(error.message).toContain('could not be sent');
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
