import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { LocalFlowcoreStartError } from '../errors/local-flowcore-start.error.js';
import type { ApiKeyGuard } from './api-key.guard.js';
import type { FaultRegistry } from './fault.registry.js';
import type { HttpExchange } from './http.exchange.js';
import { errorBody, HttpRefusal } from './http-refusal.js';
import type { NotificationHub } from './notification.hub.js';
import { requestTarget } from './request-target.util.js';

/** Longer than clients keep an idle connection, so that they never send into one that is being closed. */
const KEEP_ALIVE_MS = 75_000;

/** Room for metadata headers and long lists of event type ids. */
const MAX_HEADER_BYTES = 256_000;

/** The listening side: HTTP requests go to the exchange, upgrades of `/notifications` to the hub. */
export class LocalFlowcoreServer {
  private readonly server: Server;
  private readonly connections = new Set<Socket>();

  constructor(
    exchange: HttpExchange,
    private readonly hub: NotificationHub,
    private readonly guard: ApiKeyGuard,
    private readonly faults: FaultRegistry,
    private readonly count: (route: string) => void,
  ) {
    this.server = createServer(
      { keepAliveTimeout: KEEP_ALIVE_MS, maxHeaderSize: MAX_HEADER_BYTES },
      (request, response) => {
        // A client that goes away while it is answered must not end the process.
        response.on('error', () => undefined);
        exchange.handle(request, response).catch(() => response.destroy());
      },
    );
    this.server.on('connection', (socket: Socket) => {
      this.connections.add(socket);
      socket.on('close', () => this.connections.delete(socket));
    });
    this.server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) =>
      this.upgrade(request, socket, head),
    );
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  get openConnections(): number {
    return this.connections.size;
  }

  /** @throws LocalFlowcoreStartError */
  listen(port: number, host: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const fail = (cause: NodeJS.ErrnoException) => reject(startError(cause, port, host));
      this.server.once('error', fail);
      this.server.listen(port, host, () => {
        this.server.off('error', fail);
        resolve();
      });
    });
  }

  /** Ends also connections that wait for an answer that never comes. */
  close(): Promise<void> {
    return new Promise((resolve) => {
      this.server.close(() => resolve());
      for (const socket of this.connections) socket.destroy();
    });
  }

  private upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    socket.on('error', () => undefined);
    this.count('WS /notifications');
    try {
      const target = requestTarget(request.url ?? '/');
      if ('refusal' in target) throw new HttpRefusal(400, target.refusal);
      if (target.segments.join('/') !== 'notifications') throw new HttpRefusal(404, 'There is no such path.');
      this.guard.checkQuery(target.query);
      const refused = this.faults.takeSocketFault('socket-refused');
      if (refused) throw new HttpRefusal(refused.status ?? 503, 'Injected fault.');
      this.hub.accept(request, socket, head);
    } catch (error) {
      const [status, message] =
        error instanceof HttpRefusal ? [error.status, error.message] : [500, (error as Error).message];
      const body = errorBody(status, message);
      socket.end(
        `HTTP/1.1 ${status} Refused\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
      );
    }
  }
}

function startError(cause: NodeJS.ErrnoException, port: number, host: string): LocalFlowcoreStartError {
  const why: Record<string, string> = {
    EADDRINUSE: `another program listens there. Stop it, or choose another port (0 takes a free one).`,
    EACCES: `this user may not listen there. Choose a port above 1023.`,
    EADDRNOTAVAIL: `this machine has no such address. Use 127.0.0.1.`,
  };
  return new LocalFlowcoreStartError(
    `Local Flowcore cannot listen on ${host}:${port}: ${why[cause.code ?? ''] ?? `${cause.message}. Choose another port or address.`}`,
    { cause },
  );
}
