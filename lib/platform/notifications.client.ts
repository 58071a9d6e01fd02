import type { Clock } from '../event/clock.interface.js';
import type { PathwaysLogger } from '../event/logger.interface.js';
import type { Authorization } from './authorization.js';
import type {
  NotificationListener,
  NotificationSource,
  NotificationSubscription,
} from './notification-source.interface.js';
import { type ConnectionEvents, LastingSubscription } from './notification.subscription.js';
import { outsideRequests } from './outside-requests.util.js';
import { credentialFor } from './platform-failure.util.js';
import { maskedUrl } from './redaction.util.js';
import type { ResourceIds } from './resource-ids.js';

export interface NotificationsClientOptions {
  readonly authorization: Authorization;
  readonly tenant: string;
  /** Full WebSocket URL, path included. */
  readonly url: string;
  readonly ids: Pick<ResourceIds, 'freshOfFlowType'>;
  readonly clock: Clock;
  readonly logger: PathwaysLogger;
  /** Spreads the reconnects. @default Math.random */
  readonly random?: () => number;
}

/** Announces stored events over WebSockets: one lasting connection per subscription (protocol §6.1). */
export class NotificationsClient implements NotificationSource {
  private readonly open = new Set<LastingSubscription>();
  private isClosed = false;
  private loading: Promise<typeof import('./notification.socket.js')> | undefined;

  constructor(private readonly options: NotificationsClientOptions) {}

  /**
   * `onDisconnected` is called once per failed attempt, so a service that stays away is heard of again and again.
   * After `close` of the client nothing is announced any more.
   */
  subscribe(flowType: string, listener: NotificationListener): NotificationSubscription {
    if (this.isClosed) return { close: () => Promise.resolve() };
    const { random = Math.random, clock, logger } = this.options;
    const connect = (events: ConnectionEvents, signal: AbortSignal) => this.connect(flowType, events, signal);
    const subscription = outsideRequests(
      () => new LastingSubscription({ flowType, connect, clock, logger, random }, listener),
    );
    this.open.add(subscription);
    return {
      close: async () => {
        await subscription.close();
        this.open.delete(subscription);
      },
    };
  }

  async close(): Promise<void> {
    this.isClosed = true;
    await Promise.all([...this.open].map((subscription) => subscription.close()));
    this.open.clear();
  }

  private async connect(flowType: string, events: ConnectionEvents, signal: AbortSignal): Promise<unknown> {
    const { authorization, clock, ids, logger, tenant, url } = this.options;
    const subscription = JSON.stringify({ tenant, ...(await ids.freshOfFlowType(flowType, signal)) });
    // For every connection anew: whoever is refused dials again with the key that counts then.
    const connection = `The notification connection ${maskedUrl(url)}`;
    const credential = await credentialFor(connection, url, authorization, signal);
    // With the first connection: pollers never load the package `ws`.
    const { runNotificationSocket } = await (this.loading ??= import('./notification.socket.js'));
    return runNotificationSocket(
      {
        url: `${url}${url.includes('?') ? '&' : '?'}${credential.query}`,
        redact: authorization.redact,
        subscription,
        clock,
        onSubscribed: () => events.onSubscribed(),
        onStored: (notification) => events.onStored(notification),
        onUnusable: (problem) => logger.debug(`A notification frame was dropped: ${problem}`, { flowType }),
      },
      signal,
    );
  }
}
