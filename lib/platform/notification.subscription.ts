/**
 * Keeps one subscription standing for ever (protocol §6.1):
 *
 *   resolving ──ids──▶ connected ──connection ended──▶ waiting ──delay──▶ resolving …
 *   resolving ──lookup failed──▶ waiting              any state ──close()──▶ closed
 *
 * - resolving: names are looked up for every connection, so a flow type that was deleted and made anew is found.
 * - waiting: 1 s, doubling to 30 s, ± 20 %; back to 1 s after a connection that stood for `STABLE_MS`. A service that
 *   accepts and closes at once must not be dialled every second for ever.
 * - closed: the listener is told nothing any more.
 */
import { type Clock, sleep, withJitter } from '../event/clock.interface.js';
import { errorFields, type PathwaysLogger } from '../event/logger.interface.js';
import type { Authorization } from './authorization.js';
import type { NotificationListener, NotificationSubscription } from './notification-source.interface.js';
import { runNotificationSocket } from './notification.socket.js';
import type { ResourceIds } from './resource-ids.js';

const FIRST_DELAY_MS = 1_000;
const MAX_DELAY_MS = 30_000;
const JITTER = 0.2;
const STABLE_MS = 30_000;

export interface LastingSubscriptionOptions {
  readonly authorization: Authorization;
  readonly tenant: string;
  readonly flowType: string;
  /** Full WebSocket URL, path included. */
  readonly url: string;
  readonly ids: Pick<ResourceIds, 'freshOfFlowType'>;
  readonly clock: Clock;
  readonly logger: PathwaysLogger;
  readonly random: () => number;
}

export class LastingSubscription implements NotificationSubscription {
  private readonly stopping = new AbortController();
  private readonly ended: Promise<void>;
  private failures = 0;

  constructor(
    private readonly options: LastingSubscriptionOptions,
    private readonly listener: NotificationListener,
  ) {
    this.ended = this.run();
  }

  async close(): Promise<void> {
    this.stopping.abort();
    await this.ended;
  }

  private async run(): Promise<void> {
    const { signal } = this.stopping;
    // A listener may close the subscription it is called from; it must not be called before it has it.
    await Promise.resolve();
    while (!signal.aborted) {
      const reason = await this.connectOnce(signal);
      if (signal.aborted) return;
      this.options.logger.debug('Notifications are interrupted', {
        flowType: this.options.flowType,
        ...errorFields(reason),
      });
      this.tell(() => this.listener.onDisconnected(reason));
      await sleep(this.options.clock, this.nextDelay(), signal);
    }
  }

  /** Resolves with the reason when there is no connection any more. */
  private async connectOnce(signal: AbortSignal): Promise<unknown> {
    const { authorization, clock, flowType, ids, logger, tenant, url } = this.options;
    let subscribedAt = Infinity;
    try {
      const subscription = JSON.stringify({ tenant, ...(await ids.freshOfFlowType(flowType, signal)) });
      return await runNotificationSocket(
        {
          url: `${url}${url.includes('?') ? '&' : '?'}${authorization.query}`,
          redact: authorization.redact,
          subscription,
          clock,
          onSubscribed: () => {
            subscribedAt = clock.now();
            this.tell(() => this.listener.onConnected());
          },
          onStored: (notification) => {
            if (notification.flowType === flowType) this.tell(() => this.listener.onStored(notification));
          },
          onUnusable: (problem) => logger.debug(`A notification frame was dropped: ${problem}`, { flowType }),
        },
        signal,
      );
    } catch (error) {
      return error;
    } finally {
      if (clock.now() - subscribedAt >= STABLE_MS) this.failures = 0;
    }
  }

  private nextDelay(): number {
    const delayMs = Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** this.failures);
    this.failures++;
    return withJitter(delayMs, JITTER, this.options.random);
  }

  /** A listener that throws must end neither the socket's event handling nor the loop. */
  private tell(call: () => void): void {
    if (this.stopping.signal.aborted) return;
    try {
      call();
    } catch (error) {
      this.options.logger.error('A notification listener threw', errorFields(error));
    }
  }
}
