import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { beforeAll } from 'vitest';
import { natsServerBinary } from './nats-binary.js';

/** Fetching the program may take as long as a slow network needs. */
const FETCH_TIMEOUT_MS = 180_000;

/** A NATS server of one test, to be mistreated. The port stays the same over every restart. */
export interface OwnNatsServer {
  readonly url: string;
  readonly port: number;
  /** A connection of the test's own, as the platform would have one. Call it again after a restart. */
  publisher(): Promise<NatsConnection>;
  /** Kills the server (`kill -9`) and waits until it is gone. Does nothing when it does not run. */
  crash(): Promise<void>;
  /** Starts it. Does nothing when it runs. */
  start(): Promise<void>;
  /** Ends everything. Call it in `afterEach`. */
  remove(): Promise<void>;
}

export interface OwnNatsServerOptions {
  /** Arguments for the program besides its address. */
  readonly args?: readonly string[];
  /** `false` only takes a port: what dials it is refused until `start()`. @default true */
  readonly start?: boolean;
}

/** Makes the spec file that calls it wait for the program, not its first test. */
export function useNatsServer(): void {
  beforeAll(async () => void (await natsServerBinary()), FETCH_TIMEOUT_MS);
}

/** A server that only the caller uses, on loopback. */
export async function ownNatsServer({
  args = [],
  start = true,
}: OwnNatsServerOptions = {}): Promise<OwnNatsServer> {
  const program = await natsServerBinary();
  const port = await freePort();
  const publishers: NatsConnection[] = [];
  let running: ChildProcess | undefined;
  const own: OwnNatsServer = {
    url: `nats://127.0.0.1:${port}`,
    port,
    async publisher() {
      const connection = await connect({ servers: own.url, reconnect: false });
      publishers.push(connection);
      return connection;
    },
    async crash() {
      if (!running) return;
      const exited = once(running, 'exit');
      running.kill('SIGKILL');
      running = undefined;
      await exited;
    },
    async start() {
      if (running) return;
      running = spawn(program, ['-a', '127.0.0.1', '-p', String(port), ...args], {
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      await untilReady(running);
    },
    async remove() {
      await Promise.all(publishers.map((connection) => connection.close()));
      await own.crash();
    },
  };
  if (start) await own.start();
  return own;
}

/** The server logs to stderr. */
async function untilReady({ stderr }: ChildProcess): Promise<void> {
  let log = '';
  const ready = new Promise<void>((resolve, reject) => {
    stderr?.on('data', (bytes: Buffer) => {
      log += bytes.toString();
      if (log.includes('Server is ready')) resolve();
    });
    stderr?.on('end', () => reject(new Error(`nats-server ended before it was ready:\n${log}`)));
  });
  await ready;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
