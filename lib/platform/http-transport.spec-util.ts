import { afterEach, expect } from 'vitest';
import { PlatformRequestError } from '../errors/platform-request.error.js';
import type { HttpTransport } from './http-transport.js';
import type { PlatformRequest } from './platform-request.interface.js';
import { type TestHandler, TestServer, testTransport } from './platform.spec-util.js';

/** What every spec of the transport opens, closed after each test. */
export function transportUnderTest() {
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

  return { serve, open };
}

export const get = (origin: string, path = '/things'): PlatformRequest => ({
  operation: 'things.get',
  method: 'GET',
  origin,
  path,
  headers: {},
});

export const failureOf = (work: Promise<unknown>): Promise<PlatformRequestError> =>
  work.then(
    () => expect.unreachable('it should have failed'),
    (error: unknown) => error as PlatformRequestError,
  );
