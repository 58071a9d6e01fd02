/**
 * One lasting WebSocket per subscription (protocol §6.1).
 *
 * connecting ──open──▶ subscribed ──close, error, no pong──▶ waiting ──delay──▶ connecting …   any ──close()──▶ closed
 *
 * - connecting: ids are looked up, then the socket is opened; both within `CONNECT_TIMEOUT_MS`.
 * - subscribed: the subscription frame was sent. Pings find a peer that went away without saying so.
 * - waiting: 1 s doubling to 30 s, jittered; back to 1 s after a connection that lasted.
 */
import { AsyncResource } from 'node:async_hooks';
import { WebSocket, type RawData } from 'ws';
import { sleep, withJitter, type Clock, type ClockTimer } from '../event/clock.interface.js';
import { isRecord } from '../event/event-shape.util.js';
import { errorFields, type PathwaysLogger } from '../event/logger.interface.js';
import type { Authorization } from './authorization.js';
import type {
  NotificationListener,
  NotificationSource,
  NotificationSubscription,
  StoredEventNotification,
} from './notification-source.interface.js';
import type { ResourcesClient } from './resources.client.js';

/** Where to listen, and as whom. */
export interface NotificationsClientOptions {
  readonly tenant: string;
  readonly authorization: Authorization;
  /** Full WebSocket URL, path included. */
  readonly url: string;
  readonly resources: ResourcesClient;
  readonly clock: Clock;
  readonly logger: PathwaysLogger;
}

const CONNECT_TIMEOUT_MS = 10_000;
const PING_INTERVAL_MS = 15_000;
const FIRST_RECONNECT_MS = 1_000;
const LONGEST_RECONNECT_MS = 30_000;

/** Subscribes to stored events over WebSockets. */
export class NotificationsClient implements NotificationSource {
  private readonly open = new Set<NotificationSubscription>();

  constructor(private readonly options: NotificationsClientOptions) {}

  subscribe(flowType: string, listener: NotificationListener): NotificationSubscription {
    // A loop started inside a request must not keep that request's context alive for ever.
    const context = new AsyncResource('PathwaysNotifications');
    const subscription = context.runInAsyncScope(
      () => new LastingSubscription(this.options, flowType, listener),
    );
    const tracked = {
      close: async () => {
        this.open.delete(tracked);
        await subscription.close();
      },
    };
    this.open.add(tracked);
    return tracked;
  }

  async close(): Promise<void> {
    await Promise.all([...this.open].map((subscription) => subscription.close()));
  }
}

class LastingSubscription {
  private readonly closing = new AbortController();
  private readonly loop: Promise<void>;

  constructor(
    private readonly options: NotificationsClientOptions,
    private readonly flowType: string,
    private readonly listener: NotificationListener,
  ) {
    this.loop = this.run();
  }

  async close(): Promise<void> {
    this.closing.abort(new Error('The subscription was closed'));
    await this.loop;
  }

  private async run(): Promise<void> {
    const { clock, logger } = this.options;
    const { signal } = this.closing;
    for (let failures = 0; !signal.aborted;) {
      const connection = await this.connectOnce();
      if (signal.aborted) return;
      failures = connection.subscribed ? 1 : failures + 1;
      logger.debug(`Notifications of ${this.flowType} are interrupted`, errorFields(connection.reason));
      this.tell(() => this.listener.onDisconnected(connection.reason));
      const delay = Math.min(FIRST_RECONNECT_MS * 2 ** (failures - 1), LONGEST_RECONNECT_MS);
      await sleep(clock, withJitter(delay, 0.2), signal);
    }
  }

  /** Resolves when the connection has ended, whatever ended it. */
  private async connectOnce(): Promise<{ subscribed: boolean; reason: unknown }> {
    const { resources, tenant } = this.options;
    const { signal } = this.closing;
    let frame: string;
    try {
      const dataCoreId = await resources.dataCoreId(signal);
      const flowTypeId = await resources.flowTypeId(this.flowType, signal);
      frame = JSON.stringify({ tenant, dataCoreId, flowTypeId });
    } catch (reason) {
      return { subscribed: false, reason };
    }
    return this.hold(frame);
  }

  private hold(frame: string): Promise<{ subscribed: boolean; reason: unknown }> {
    const { url, authorization, clock } = this.options;
    const { signal } = this.closing;
    return new Promise((resolve) => {
      const socket = new WebSocket(`${url}?${authorization.query}`, { perMessageDeflate: false });
      let subscribed = false;
      let reason: unknown = new Error('the server closed the connection');
      let answered = true;
      let timer: ClockTimer = clock.startTimer(CONNECT_TIMEOUT_MS, () =>
        end(new Error('the server did not accept the connection in time')),
      );

      const end = (why: unknown) => {
        reason = why;
        socket.terminate();
      };
      const closeGently = () => {
        reason = signal.reason;
        if (subscribed) socket.close(1000);
        // A peer that does not answer the closing handshake must not hold up the shutdown.
        socket.terminate();
      };
      const ping = () => {
        if (!answered) return end(new Error('the server does not answer pings'));
        answered = false;
        socket.ping();
        timer = clock.startTimer(PING_INTERVAL_MS, ping);
      };
      socket.on('open', () => {
        timer.cancel();
        subscribed = true;
        socket.send(frame);
        timer = clock.startTimer(PING_INTERVAL_MS, ping);
        this.tell(() => this.listener.onConnected());
      });
      socket.on('pong', () => (answered = true));
      socket.on('message', (data) => this.receive(data, end));
      socket.on('error', (error) => (reason = error));
      socket.on('close', () => {
        timer.cancel();
        signal.removeEventListener('abort', closeGently);
        resolve({ subscribed, reason });
      });
      if (signal.aborted) closeGently();
      else signal.addEventListener('abort', closeGently, { once: true });
    });
  }

  private receive(data: RawData, end: (why: unknown) => void): void {
    const outer = parseJson(String(data));
    if (isRecord(outer) && outer.type === 'validation') {
      return end(new Error(`the subscription was refused: ${String(outer.message ?? outer.summary)}`));
    }
    const notification =
      isRecord(outer) && typeof outer.message === 'string' ? readNotification(outer.message) : undefined;
    if (!notification)
      return this.options.logger.debug('A notification frame was not understood and is ignored');
    if (notification.flowType === this.flowType) this.tell(() => this.listener.onStored(notification));
  }

  /** A listener that throws must not end the socket's event handling. */
  private tell(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.options.logger.error('A notification listener threw', errorFields(error));
    }
  }
}

function readNotification(text: string): StoredEventNotification | undefined {
  const inner = parseJson(text);
  const data = isRecord(inner) ? inner.data : undefined;
  if (!isRecord(data)) return undefined;
  const { eventId, aggregator, eventType } = data;
  if (typeof eventId !== 'string' || typeof aggregator !== 'string' || typeof eventType !== 'string')
    return undefined;
  return { eventId, flowType: aggregator, eventType };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
