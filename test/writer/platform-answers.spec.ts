import { createServer, type IncomingHttpHeaders } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  createPathwayContract,
  PathwaysEngine,
  PlatformConflictError,
  PlatformNotFoundError,
  PlatformPayloadTooLargeError,
  PlatformRateLimitedError,
  PlatformRequestError,
  PlatformUnauthorizedError,
  PlatformUnavailableError,
  silentLogger,
  type PathwaysEngineOptions,
} from 'nestjs-pathways';
import { startLocalFlowcore, type LocalFlowcore } from 'nestjs-pathways/local';
import { ControllableClock } from 'nestjs-pathways/testing';
import { failureOf } from '../support/failure-of.js';
import { untilIn } from '../support/until.js';

const KEY = 'a.0/b.0';
const WRITE = { data: { n: 1 }, options: { fireAndForget: true } };
/** Longer than any retry of a test: the limit of a request never passes by itself. */
const NEVER_MS = 100_000_000;

type Kind = abstract new (...args: never[]) => PlatformRequestError;

interface Answer {
  readonly status: number;
  readonly kind: Kind;
  readonly attempts: number;
  readonly advice: RegExp;
  readonly headers?: Record<string, string>;
}

const ANSWERS: [string, Answer][] = [
  ['401', { status: 401, kind: PlatformUnauthorizedError, attempts: 1, advice: /check "apiKey"/ }],
  ['403', { status: 403, kind: PlatformUnauthorizedError, attempts: 1, advice: /grant it access/ }],
  ['404', { status: 404, kind: PlatformNotFoundError, attempts: 1, advice: /check the configured names/ }],
  ['409', { status: 409, kind: PlatformConflictError, attempts: 1, advice: /read the current state/ }],
  [
    '413',
    {
      status: 413,
      kind: PlatformPayloadTooLargeError,
      attempts: 1,
      advice: /smaller batches \(maxBatchSize\)/,
    },
  ],
  ['422', { status: 422, kind: PlatformRequestError, attempts: 1, advice: /correct what it names/ }],
  ['429', { status: 429, kind: PlatformRateLimitedError, attempts: 5, advice: /send less, or later\.$/ }],
  [
    '429 with Retry-After of two minutes',
    {
      status: 429,
      kind: PlatformRateLimitedError,
      attempts: 1,
      advice: /asks to wait 120 s/,
      headers: { 'retry-after': '120' },
    },
  ],
  ...[500, 502, 503, 504].map((status): [string, Answer] => [
    String(status),
    {
      status,
      kind: PlatformUnavailableError,
      attempts: 5,
      advice: /try again later\. It may have been carried out all the same/,
    },
  ]),
];

describe('401, 403, 404, 409, 413, 429 with Retry-After, 5xx, hang, DNS failure: the right typed error, retried as documented, with what to do', () => {
  let local: LocalFlowcore;
  let clock: ControllableClock;
  const engines: PathwaysEngine[] = [];

  beforeEach(async () => {
    local = await startLocalFlowcore();
    clock = new ControllableClock(Date.UTC(2026, 4, 1, 10));
  });
  afterEach(async () => {
    for (const engine of engines.splice(0)) await engine.stop();
    await local.stop();
  });

  function engineWith(options: PathwaysEngineOptions = {}): PathwaysEngine {
    const engine = new PathwaysEngine({
      baseUrl: local.url,
      apiKey: 'fc_id_s3cr3t-of-the-key',
      requestTimeoutMs: NEVER_MS,
      clock,
      logger: silentLogger,
      ...options,
    });
    const contract = { flowType: 'a.0', eventType: 'b.0' };
    engine.addContract(createPathwayContract(contract, { declaredBy: 'test' }));
    engines.push(engine);
    return engine;
  }

  /** The failure of a write whose retries need not be waited for. */
  async function failed<T extends PlatformRequestError>(
    engine: PathwaysEngine,
    kind: abstract new (...args: never[]) => T,
  ): Promise<T> {
    let isOver = false;
    const writing = engine.writer.write(KEY, WRITE).finally(() => (isOver = true));
    const failure = failureOf(writing, kind);
    failure.catch(() => undefined);
    await untilIn(clock, () => isOver);
    return failure;
  }

  it.each(ANSWERS)('%s', async (_, { status, kind, attempts, advice, headers = {} }) => {
    const fault = local.faults.add({ kind: 'status', status, headers, body: { message: 'because of you' } });
    const error = await failed(engineWith(), kind);
    expect(error.constructor).toBe(kind);
    expect(error).toMatchObject({ status, request: { method: 'POST', attempts } });
    expect(fault.hits).toBe(attempts);
    expect(error.message).toContain(`(pathway "${KEY}")`);
    expect(error.message).toContain('because of you');
    expect(error.message).toMatch(advice);
    expect(error.message).not.toContain('s3cr3t');
    expect(local.eventCount()).toBe(0);
  });

  it('a rate limit says as a number how long to wait, and counts as unavailable', async () => {
    local.faults.add({ kind: 'status', status: 429, headers: { 'retry-after': '120' } });
    const error = await failed(engineWith(), PlatformRateLimitedError);
    expect(error.retryAfterMs).toBe(120_000);
    expect(error).toBeInstanceOf(PlatformUnavailableError);
    expect(error.httpStatus).toBe(503);
  });

  it('a rate limit that asks for two seconds is waited for, and the event is stored once', async () => {
    local.faults.add({ kind: 'status', status: 429, headers: { 'retry-after': '2' }, times: 1 });
    const startedAt = clock.now();
    let isOver = false;
    const writing = engineWith()
      .writer.write(KEY, WRITE)
      .finally(() => (isOver = true));
    await untilIn(clock, () => isOver);
    await writing;
    expect(clock.now() - startedAt).toBeGreaterThanOrEqual(2_000);
    expect(local.eventCount()).toBe(1);
  });

  it('a hang ends at the time limit, and the message says that the event may be stored', async () => {
    local.faults.add({ kind: 'hang', when: 'after' });
    const error = await failed(engineWith({ requestTimeoutMs: 1_000 }), PlatformUnavailableError);
    expect(error).toMatchObject({ status: 0, request: { attempts: 5 } });
    expect(error.message).toMatch(/not answered completely within 1000 ms.*may have been carried out/);
  });

  it('a name that does not resolve says which, and what to check', async () => {
    const hosts = { ingestion: 'http://no-such-host.invalid' };
    const error = await failed(engineWith({ hosts }), PlatformUnavailableError);
    expect(error.status).toBe(0);
    expect(error.message).toMatch(/no-such-host\.invalid.*got no answer: getaddrinfo .*Check the base URL/);
  });

  it('nobody listening says so too', async () => {
    const error = await failed(
      engineWith({ hosts: { ingestion: 'http://127.0.0.1:1' } }),
      PlatformUnavailableError,
    );
    expect(error.message).toMatch(/ECONNREFUSED.*Check the base URL/);
  });

  it('headers of a write reach whatever stands before the platform, beside those of the protocol', async () => {
    let seen: IncomingHttpHeaders = {};
    const gateway = createServer((request, response) => {
      seen = request.headers;
      response.end(JSON.stringify({ success: true, eventId: 'bde7ac07-4548-11f1-9234-0123456789ab' }));
    });
    gateway.listen(0, '127.0.0.1');
    await once(gateway, 'listening');
    const { port } = gateway.address() as AddressInfo;
    const engine = engineWith({ hosts: { ingestion: `http://127.0.0.1:${port}` } });
    const options = { fireAndForget: true, headers: { 'X-Trace': 'abc', traceparent: '00-1' } };
    await engine.writer.write(KEY, { data: { n: 1 }, options });
    expect(seen).toMatchObject({
      'x-trace': 'abc',
      traceparent: '00-1',
      'content-type': 'application/json',
      authorization: 'fc_id_s3cr3t-of-the-key',
    });
    gateway.closeAllConnections();
    gateway.close();
  });
});
