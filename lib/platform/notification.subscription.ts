/**
 * Keeps one subscription standing for ever, over whatever carries it (protocol §6.1, §6.3):
 *
 *   connecting ──subscribed──▶ connected ──connection ended──▶ waiting ──delay──▶ connecting …
 *   connecting ──failed──▶ waiting                     any state ──close()──▶ closed
 *
 * - connecting: also looks names up, every time, so that what was deleted and made anew is found.
 * - waiting: 1 s, doubling to 30 s, ± 20 %; back to 1 s after a connection that stood for `STABLE_MS`. A service that
 *   accepts and closes at once must not be dialled every second for ever.
 * - closed: the listener is told nothing any more.
 */
import { type Clock, sleep, withJitter } from '../event/clock.interface.js';
import { errorFields, type PathwaysLogger } from '../event/logger.interface.js';
import type { NotificationListener, NotificationSubscription } from './notification-source.interface.js';

const FIRST_DELAY_MS = 1_000;
const MAX_DELAY_MS = 30_000;
const JITTER = 0.2;
const STABLE_MS = 30_000;

/** What one connection tells while it stands. */
export interface ConnectionEvents extends Pick<NotificationListener, 'onStored' | 'onSomethingStored'> {
  onSubscribed(): void;
}

export interface LastingSubscriptionOptions {
  readonly flowType: string;
  /**
   * One connection, from dialling to its end. Resolves or rejects with why there is none any more; the signal ends it
   * in any state.
   */
  connect(events: ConnectionEvents, signal: AbortSignal): Promise<unknown>;
  readonly clock: Clock;
  readonly logger: PathwaysLogger;
  /** Spreads the reconnects. */
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
    const { clock, connect, flowType } = this.options;
    let subscribedAt = Infinity;
    try {
      return await connect(
        {
          onSubscribed: () => {
            subscribedAt = clock.now();
            this.tell(() => this.listener.onConnected());
          },
          onStored: (notification) => {
            if (notification.flowType === flowType) this.tell(() => this.listener.onStored(notification));
          },
          onSomethingStored: (eventType) => this.tell(() => this.listener.onSomethingStored(eventType)),
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
