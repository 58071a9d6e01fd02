import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { afterEach } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { Authorization } from './authorization.js';
import type { StoredEventNotification } from '../event/stored-event-notification.interface.js';
import type { NotificationListener } from './notification-source.interface.js';
import { NotificationsClient, type NotificationsClientOptions } from './notifications.client.js';
import { TestClock, TestLogger } from './platform.spec-util.js';

export const RECONNECT_DELAYS = [1_000, 2_000, 4_000, 8_000, 16_000, 30_000];

/** A real notification service on loopback. */
export class TestNotifier {
  readonly connections: { socket: WebSocket; request: IncomingMessage; frames: string[] }[] = [];
  readonly openSockets = new Set<Socket>();

  private constructor(
    private readonly http: Server,
    private readonly webSockets: WebSocketServer,
  ) {}

  static async start(
    onConnection: (socket: WebSocket, notifier: TestNotifier) => void = () => undefined,
    { port = 0, autoPong = true } = {},
  ): Promise<TestNotifier> {
    const http = createServer();
    const webSockets = new WebSocketServer({ server: http, autoPong });
    const notifier = new TestNotifier(http, webSockets);
    http.on('connection', (socket) => {
      notifier.openSockets.add(socket);
      socket.on('close', () => notifier.openSockets.delete(socket));
    });
    webSockets.on('connection', (socket, request) => {
      const frames: string[] = [];
      socket.on('message', (data) => {
        frames.push(String(data));
        if (frames.length === 1) onConnection(socket, notifier);
      });
      notifier.connections.push({ socket, request, frames });
    });
    await new Promise<void>((resolve) => http.listen(port, '127.0.0.1', resolve));
    return notifier;
  }

  get port(): number {
    return (this.http.address() as AddressInfo).port;
  }

  get url(): string {
    return `ws://127.0.0.1:${this.port}/notifications`;
  }

  async stop(): Promise<void> {
    const closed = new Promise((resolve) => this.http.close(resolve));
    this.webSockets.close();
    for (const socket of this.openSockets) socket.destroy();
    await closed;
  }
}

class TestListener implements NotificationListener {
  readonly stored: StoredEventNotification[] = [];
  readonly errors: unknown[] = [];
  connected = 0;
  onStored = (notification: StoredEventNotification): void => void this.stored.push(notification);
  onSomethingStored = (): void => undefined;
  onConnected = (): void => void this.connected++;
  onDisconnected = (error: unknown): void => void this.errors.push(error);
}

export function frameOf(eventId: string, flowType = 'order.0', eventType = 'placed'): string {
  const data = {
    tenantId: 't',
    eventId,
    dataCore: 'dc-1',
    aggregator: flowType,
    eventType,
    validTime: '',
  };
  return JSON.stringify({ message: JSON.stringify({ pattern: 'stored.event.notify.0', data }) });
}

/** What every spec of notifications opens, closed after each test. */
export function notificationsUnderTest() {
  const cleanups: (() => Promise<unknown> | void)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0)) await cleanup();
  });

  async function serve(...given: Parameters<typeof TestNotifier.start>): Promise<TestNotifier> {
    const notifier = await TestNotifier.start(...given);
    cleanups.push(() => notifier.stop());
    return notifier;
  }

  function subscribe(url: string, options: Partial<NotificationsClientOptions> = {}) {
    const clock = (options.clock as TestClock | undefined) ?? new TestClock();
    const logger = new TestLogger();
    const client = new NotificationsClient({
      authorization: new Authorization('fc_ab12_s3cr3t'),
      tenant: 'acme',
      url,
      ids: { freshOfFlowType: () => Promise.resolve({ dataCoreId: 'dc-1', flowTypeId: 'ft-1' }) },
      clock,
      logger,
      random: () => 0.5,
      ...options,
    });
    const listener = new TestListener();
    const subscription = client.subscribe('order.0', listener);
    cleanups.unshift(() => client.close());
    return { client, listener, subscription, clock, logger };
  }

  const autoReconnecting = () => new TestClock((delayMs) => RECONNECT_DELAYS.includes(delayMs));

  return { cleanups, serve, subscribe, autoReconnecting };
}
