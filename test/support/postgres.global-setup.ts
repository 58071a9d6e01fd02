/**
 * One Postgres for a whole test run, started when the first spec asks for it: most runs need none, and a start takes
 * over a second. Spec files run in processes of their own, so they ask over HTTP.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestProject } from 'vitest/node';
import { type LocalPostgres, startLocalPostgres } from '../../lib/local/index.js';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Answers with the URL of the run's Postgres. */
    postgresBroker: string;
  }
}

/** Vitest calls this before the first spec file, and what it returns after the last. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  let started: Promise<LocalPostgres> | undefined;
  // Two workers, each with pools of several connections, and specs that try how many a pool can take.
  const start = () => (started ??= startLocalPostgres({ settings: { max_connections: '300' } }));
  const broker = createServer((_request, response) => {
    start().then(
      ({ url }) => response.end(url),
      (error: Error) => response.writeHead(500).end(error.message),
    );
  }).listen(0, '127.0.0.1');
  await once(broker, 'listening');
  project.provide('postgresBroker', `http://127.0.0.1:${(broker.address() as AddressInfo).port}`);
  return async () => {
    broker.close();
    broker.closeAllConnections();
    await started?.then(
      (postgres) => postgres.stop(),
      () => undefined,
    );
  };
}
