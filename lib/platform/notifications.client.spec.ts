import { AsyncLocalStorage } from 'node:async_hooks';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { PlatformNotFoundError } from '../errors/platform-not-found.error.js';
import { PlatformRequestError } from '../errors/platform-request.error.js';
import { PlatformUnauthorizedError } from '../errors/platform-unauthorized.error.js';
import { Authorization } from './authorization.js';
import type { StoredEventNotification } from '../event/stored-event-notification.interface.js';
import type { NotificationListener } from './notification-source.interface.js';
import { CONNECT_TIMEOUT_MS, PING_INTERVAL_MS } from './notification.socket.js';
import { NotificationsClient, type NotificationsClientOptions } from './notifications.client.js';
import { TestClock, TestLogger } from './platform.spec-util.js';

const RECONNECT_DELAYS = [1_000, 2_000, 4_000, 8_000, 16_000, 30_000];

/** A real notification service on loopback. */
class TestNotifier {
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
  onConnected = (): void => void this.connected++;
  onDisconnected = (error: unknown): void => void this.errors.push(error);
}

function frameOf(eventId: string, flowType = 'order.0'): string {
  const data = {
    tenantId: 't',
    eventId,
    dataCore: 'dc-1',
    aggregator: flowType,
    eventType: 'placed',
    validTime: '',
  };
  return JSON.stringify({ message: JSON.stringify({ pattern: 'stored.event.notify.0', data }) });
}

describe('notifications', () => {
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

  it('subscribe with names and ids, and announce what is stored', async () => {
    const notifier = await serve((socket) => socket.send(frameOf('e-1')));
    const { listener } = subscribe(notifier.url);
    await vi.waitFor(() =>
      expect(listener.stored).toEqual([{ eventId: 'e-1', flowType: 'order.0', eventType: 'placed' }]),
    );
    expect(listener.connected).toBe(1);
    const [connection] = notifier.connections;
    expect(connection!.request.url).toBe('/notifications?api_key=fc_ab12_s3cr3t&api_key_id=ab12');
    expect(connection!.frames.map((frame) => JSON.parse(frame) as unknown)).toEqual([
      { tenant: 'acme', dataCoreId: 'dc-1', flowTypeId: 'ft-1' },
    ]);
  });

  it('of other flow types, garbage and binary frames harm nothing', async () => {
    const notifier = await serve((socket) => {
      const garbage = [
        '',
        '{',
        'null',
        '[]',
        '7',
        '{}',
        '{"message":5}',
        '{"message":"{"}',
        '{"message":"{}"}',
      ];
      for (const frame of [...garbage, '{"message":"{\\"data\\":{\\"eventId\\":1}}"}']) socket.send(frame);
      socket.send(Buffer.from([0xff, 0xfe, 0x00]));
      socket.send(frameOf('foreign', 'invoice.0'));
      socket.send(Buffer.from(frameOf('binary')), { binary: true });
    });
    const { listener, logger } = subscribe(notifier.url);
    await vi.waitFor(() => expect(listener.stored.map(({ eventId }) => eventId)).toEqual(['binary']));
    expect(listener.errors).toEqual([]);
    expect(logger.lines.filter(({ level }) => level === 'debug')).toHaveLength(11);
    expect(logger.lines.filter(({ level }) => level === 'error')).toEqual([]);
  });

  it.each([1000, 1011, 4001])('go on after the server closed with code %i', async (code) => {
    const notifier = await serve((socket, { connections }) => {
      if (connections.length === 1) socket.close(code);
      else socket.send(frameOf('after'));
    });
    const { listener } = subscribe(notifier.url, { clock: autoReconnecting() });
    await vi.waitFor(() => expect(listener.stored).toHaveLength(1));
    expect(listener.connected).toBe(2);
    expect(String(listener.errors[0])).toContain(`code ${code}`);
  });

  it('go on after the server was restarted', async () => {
    const first = await serve();
    const { listener, clock } = subscribe(first.url);
    await vi.waitFor(() => expect(listener.connected).toBe(1));
    const { port } = first;
    await first.stop();
    await vi.waitFor(() => expect(clock.has(1_000)).toBe(true));
    clock.advance(1_000);
    await vi.waitFor(() => expect(clock.has(2_000)).toBe(true));
    await serve((socket) => socket.send(frameOf('after')), { port });
    clock.advance(2_000);
    await vi.waitFor(() => expect(listener.stored).toHaveLength(1));
    expect(listener.errors).toHaveLength(2);
  });

  it('are dialled ever less often, up to every 30 s, and often again after a stable time', async () => {
    let isStable = false;
    const notifier = await serve((socket) => {
      if (!isStable) socket.close(1011);
    });
    const { listener, clock } = subscribe(notifier.url);
    for (const delayMs of RECONNECT_DELAYS) {
      await vi.waitFor(() => expect(clock.has(delayMs)).toBe(true), { interval: 1 });
      clock.advance(delayMs);
    }
    await vi.waitFor(() => expect(clock.has(30_000)).toBe(true), { interval: 1 });
    isStable = true;
    const connected = listener.connected;
    clock.advance(30_000);
    await vi.waitFor(() => expect(listener.connected).toBe(connected + 1));
    for (let pings = 0; pings < 3; pings++) {
      const { socket } = notifier.connections.at(-1)!;
      const pinged = new Promise((resolve) => socket.once('ping', resolve));
      clock.advance(PING_INTERVAL_MS);
      await pinged;
      // The pong must be in before the next interval; a frame behind it on the same connection proves that.
      const seen = listener.stored.length;
      socket.send(frameOf(`after ping ${pings}`));
      await vi.waitFor(() => expect(listener.stored.length).toBe(seen + 1), { interval: 1 });
    }
    notifier.connections.at(-1)!.socket.close(1011);
    await vi.waitFor(() => expect(clock.has(1_000)).toBe(true));
  });

  it('notice a half-open connection that answers no ping', async () => {
    const notifier = await serve(undefined, { autoPong: false });
    const { listener, clock } = subscribe(notifier.url);
    await vi.waitFor(() => expect(listener.connected).toBe(1));
    clock.advance(PING_INTERVAL_MS);
    expect(listener.errors).toEqual([]);
    clock.advance(PING_INTERVAL_MS);
    await vi.waitFor(() => expect(String(listener.errors[0])).toContain('does not answer pings'));
    await vi.waitFor(() => expect(notifier.openSockets.size).toBe(0));
  });

  it('give up a server that accepts the connection and says nothing', async () => {
    const notifier = await serve();
    notifier['http'].removeAllListeners('upgrade').on('upgrade', () => undefined);
    const { listener, clock } = subscribe(notifier.url);
    await vi.waitFor(() => expect(notifier.openSockets.size).toBe(1));
    clock.advance(CONNECT_TIMEOUT_MS);
    await vi.waitFor(() => expect(String(listener.errors[0])).toContain(`within ${CONNECT_TIMEOUT_MS} ms`));
  });

  it('report a rejected subscription and try again later, ever less often', async () => {
    const rejection = JSON.stringify({
      type: 'validation',
      summary: 'bad',
      message: 'no fc_ab12_s3cr3t here',
    });
    const notifier = await serve((socket) => socket.send(rejection));
    const { listener, clock } = subscribe(notifier.url);
    for (const delayMs of [1_000, 2_000, 4_000]) {
      await vi.waitFor(() => expect(clock.has(delayMs)).toBe(true));
      clock.advance(delayMs);
    }
    await vi.waitFor(() => expect(listener.errors).toHaveLength(4));
    expect(listener.errors[0]).toBeInstanceOf(PlatformRequestError);
    expect(String(listener.errors[0])).toContain('"bad: no *** here"');
  });

  it.each([
    [401, PlatformUnauthorizedError],
    [403, PlatformUnauthorizedError],
    [502, PlatformRequestError],
  ])('say what an upgrade answered with %i means, without the key', async (status, errorClass) => {
    const notifier = await serve();
    notifier['http'].removeAllListeners('upgrade').on('upgrade', (_request, socket) => {
      socket.end(`HTTP/1.1 ${status} No\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
    });
    const { listener } = subscribe(notifier.url);
    await vi.waitFor(() => expect(listener.errors).toHaveLength(1));
    expect(listener.errors[0]).toBeInstanceOf(errorClass);
    expect(listener.errors[0]).toMatchObject({ status });
    expect(JSON.stringify(listener.errors[0]) + String(listener.errors[0])).not.toContain('s3cr3t');
  });

  it('wait for a flow type that does not exist yet', async () => {
    const notifier = await serve();
    const info = { method: 'GET', url: 'x', attempts: 1 };
    let lookups = 0;
    const ids = {
      freshOfFlowType: () =>
        ++lookups < 3
          ? Promise.reject(new PlatformNotFoundError('not yet', info, 404))
          : Promise.resolve({ dataCoreId: 'dc-1', flowTypeId: 'ft-1' }),
    };
    const { listener } = subscribe(notifier.url, { ids, clock: autoReconnecting() });
    await vi.waitFor(() => expect(listener.connected).toBe(1));
    expect(listener.errors).toHaveLength(2);
  });

  it('survive a listener that throws', async () => {
    const notifier = await serve((socket) => {
      socket.send(frameOf('e-1'));
      socket.send(frameOf('e-2'));
    });
    const { listener, logger } = subscribe(notifier.url);
    const seen: string[] = [];
    listener.onStored = ({ eventId }) => {
      seen.push(eventId);
      throw new Error('listener broke');
    };
    await vi.waitFor(() => expect(seen).toEqual(['e-1', 'e-2']));
    expect(logger.lines.filter(({ level }) => level === 'error')).toHaveLength(2);
  });

  it('run outside the request that subscribed', async () => {
    const storage = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    const notifier = await serve((socket, { connections }) => {
      socket.send(frameOf('e'));
      if (connections.length <= 2) setImmediate(() => socket.close(1011));
    });
    const { client } = subscribe(notifier.url, { clock: autoReconnecting() });
    const note = () => void seen.push(storage.getStore());
    storage.run('request 1', () =>
      client.subscribe('order.0', { onStored: note, onConnected: note, onDisconnected: note }),
    );
    await vi.waitFor(() => expect(seen.length).toBeGreaterThanOrEqual(4));
    expect(new Set(seen)).toEqual(new Set([undefined]));
  });

  describe('closing', () => {
    it('says goodbye with code 1000 and leaves nothing behind', async () => {
      const notifier = await serve();
      const { listener, subscription, clock } = subscribe(notifier.url);
      await vi.waitFor(() => expect(listener.connected).toBe(1));
      const code = new Promise((resolve) => notifier.connections[0]!.socket.once('close', resolve));
      await subscription.close();
      expect(await code).toBe(1000);
      expect(listener.errors).toEqual([]);
      expect(clock.pending.size).toBe(0);
      await subscription.close();
    });

    it('does not wait for a peer that ignores the goodbye', async () => {
      const notifier = await serve();
      const { listener, subscription, clock } = subscribe(notifier.url);
      await vi.waitFor(() => expect(listener.connected).toBe(1));
      for (const socket of notifier.openSockets) socket.pause();
      const closed = subscription.close();
      clock.advance(1_000);
      await closed;
      expect(clock.pending.size).toBe(0);
    });

    it('at once after subscribing never connects', async () => {
      const notifier = await serve();
      const { subscription, clock } = subscribe(notifier.url);
      await subscription.close();
      expect(notifier.connections).toHaveLength(0);
      expect(clock.pending.size).toBe(0);
    });

    it('while connecting is silent', async () => {
      const notifier = await serve();
      notifier['http'].removeAllListeners('upgrade').on('upgrade', (_request, socket) => {
        socket.resume().on('end', () => socket.destroy());
      });
      const { listener, subscription, clock } = subscribe(notifier.url);
      await vi.waitFor(() => expect(notifier.openSockets.size).toBe(1));
      await subscription.close();
      expect(listener).toMatchObject({ connected: 0, errors: [] });
      expect(clock.pending.size).toBe(0);
      await vi.waitFor(() => expect(notifier.openSockets.size).toBe(0));
    });

    it('while waiting to reconnect ends the wait', async () => {
      const notifier = await serve((socket) => socket.close(1011));
      const { subscription, clock } = subscribe(notifier.url);
      await vi.waitFor(() => expect(clock.has(1_000)).toBe(true));
      await subscription.close();
      expect(clock.pending.size).toBe(0);
    });

    it('while names are looked up ends the lookup', async () => {
      const ids = {
        freshOfFlowType: (_flowType: string, signal?: AbortSignal) =>
          new Promise<never>((_resolve, reject) =>
            signal?.addEventListener('abort', () => reject(signal.reason as Error)),
          ),
      };
      const { client, listener } = subscribe('ws://127.0.0.1:9/', { ids });
      await client.close();
      expect(listener.errors).toEqual([]);
    });

    it('from inside a callback ends the subscription', async () => {
      const notifier = await serve((socket) => {
        socket.send(frameOf('e-1'));
        socket.send(frameOf('e-2'));
      });
      const { listener, subscription, clock } = subscribe(notifier.url);
      let closed: Promise<void> | undefined;
      listener.onStored = (notification) => {
        listener.stored.push(notification);
        closed = subscription.close();
      };
      await vi.waitFor(() => expect(closed).toBeDefined());
      await closed;
      expect(listener.stored).toHaveLength(1);
      expect(clock.pending.size).toBe(0);
    });
  });

  it('leak neither listeners nor sockets nor timers over 1,000 reconnects', async () => {
    const notifier = await serve((socket) => socket.close(1011));
    const added = vi.spyOn(AbortSignal.prototype, 'addEventListener');
    const removed = vi.spyOn(AbortSignal.prototype, 'removeEventListener');
    const onWarning = vi.fn();
    process.on('warning', onWarning);
    cleanups.push(() => {
      process.off('warning', onWarning);
      added.mockRestore();
      removed.mockRestore();
    });

    const { listener, subscription, clock } = subscribe(notifier.url, { clock: autoReconnecting() });
    await vi.waitFor(() => expect(listener.connected).toBeGreaterThanOrEqual(1_000), { timeout: 25_000 });
    expect(notifier.openSockets.size).toBeLessThanOrEqual(4);
    await subscription.close();
    expect(clock.pending.size).toBe(0);
    await vi.waitFor(() => expect(notifier.openSockets.size).toBe(0));
    expect(added.mock.calls.length).toBeGreaterThan(1_000);
    // `sleep` and the socket each remove what they added, on every way out.
    expect(removed.mock.calls.length).toBeGreaterThanOrEqual(added.mock.calls.length);
    expect(onWarning).not.toHaveBeenCalled();
  });
});
