import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Clock, ClockTimer } from '../event/clock.interface.js';
import type { LogFields, PathwaysLogger } from '../event/logger.interface.js';
import { noTelemetry } from '../event/telemetry.interface.js';
import { HttpTransport, type HttpTransportOptions } from './http-transport.js';

/** What the server saw of one request. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

export type TestHandler = (request: SeenRequest, response: ServerResponse) => void;

/** A real HTTP server on loopback that remembers what it was asked. */
export class TestServer {
  readonly requests: SeenRequest[] = [];
  readonly sockets = new Set<Socket>();

  private constructor(
    readonly server: Server,
    readonly url: string,
  ) {
    server.on('connection', (socket) => {
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket));
    });
  }

  static async start(handler: TestHandler, port = 0): Promise<TestServer> {
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const { pathname, searchParams } = new URL(request.url ?? '/', 'http://test');
        const seen: SeenRequest = {
          method: request.method ?? '',
          path: pathname,
          query: searchParams,
          headers: request.headers,
          body: Buffer.concat(chunks).toString('utf8'),
        };
        test.requests.push(seen);
        handler(seen, response);
      });
    });
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    const test = new TestServer(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    return test;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.server.close(resolve));
    for (const socket of this.sockets) socket.destroy();
    await closed;
  }
}

export function json(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
}

interface TestTimer {
  readonly at: number;
  readonly delayMs: number;
  readonly callback: () => void;
}

/** Time passes only when told to, except for timers of chosen lengths, which fire at the next turn. */
export class TestClock implements Clock {
  /** Length of every timer ever started. */
  readonly delays: number[] = [];
  readonly pending = new Set<TestTimer>();
  private time = Date.parse('2026-05-01T10:00:00Z');

  constructor(private readonly firesByItself: (delayMs: number) => boolean = () => false) {}

  now(): number {
    return this.time;
  }

  startTimer(delayMs: number, callback: () => void): ClockTimer {
    const timer = { at: this.time + delayMs, delayMs, callback };
    this.delays.push(delayMs);
    this.pending.add(timer);
    if (this.firesByItself(delayMs)) setImmediate(() => this.fire(timer));
    return { cancel: () => this.pending.delete(timer) };
  }

  advance(ms: number): void {
    const until = this.time + ms;
    for (;;) {
      const [next] = [...this.pending].filter(({ at }) => at <= until).sort((a, b) => a.at - b.at);
      if (!next) break;
      this.fire(next);
    }
    this.time = until;
  }

  has(delayMs: number): boolean {
    return [...this.pending].some((timer) => timer.delayMs === delayMs);
  }

  private fire(timer: TestTimer): void {
    if (!this.pending.delete(timer)) return;
    this.time = Math.max(this.time, timer.at);
    timer.callback();
  }
}

/** Keeps what was logged. */
export class TestLogger implements PathwaysLogger {
  readonly lines: { level: string; message: string; fields: LogFields | undefined }[] = [];
  debug = (message: string, fields?: LogFields) => void this.lines.push({ level: 'debug', message, fields });
  info = (message: string, fields?: LogFields) => void this.lines.push({ level: 'info', message, fields });
  warn = (message: string, fields?: LogFields) => void this.lines.push({ level: 'warn', message, fields });
  error = (message: string, fields?: LogFields) => void this.lines.push({ level: 'error', message, fields });
}

/** Limit of one attempt in these tests; never a retry delay. */
export const LIMIT_MS = 77_777;

/** Retries at once, without jitter; the time limit only passes when told to. */
export function testTransport(options: Partial<HttpTransportOptions> = {}): HttpTransport {
  return new HttpTransport({
    clock: new TestClock((delayMs) => delayMs !== LIMIT_MS),
    logger: new TestLogger(),
    telemetry: noTelemetry,
    timeoutMs: LIMIT_MS,
    random: () => 0.5,
    ...options,
  });
}
