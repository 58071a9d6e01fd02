/**
 * One connection to NATS, from dialling to its end (protocol §6.3):
 *
 *   greeting ──INFO──▶ connecting ──accepted──▶ subscribing ──answered──▶ subscribed ──▶ ended
 *   greeting ──nobody greets, stop──▶ ended           connecting ──refused, time, stop──▶ ended
 *   subscribing, subscribed ──closed, subscription refused, no answer for PING_INTERVAL_MS, stop──▶ ended
 *
 * The package's own reconnecting is off: the subscription above reconnects, looks ids up again and tells the pumps, and
 * follows the clock it was given.
 */
import type { NatsConnection } from '@nats-io/transport-node';
import { NatsUnavailableError } from '../errors/nats-unavailable.error.js';
import { type Clock, sleep, within } from '../event/clock.interface.js';
import type { NotificationListener } from '../platform/notification-source.interface.js';
import type { NatsPackage } from './load-nats.js';
import type { NatsAddress, ResolvedNatsNotifierOptions } from './nats-notifier.options.js';
import { awaitGreeting, GREETING_TIMEOUT_MS } from './nats.greeting.js';

/** A server that answers nothing for one such interval is gone, also when TCP has not noticed. */
const PING_INTERVAL_MS = 15_000;
const CLOSE_TIMEOUT_MS = 1_000;

export interface NatsRun extends ResolvedNatsNotifierOptions {
  readonly nats: NatsPackage;
  readonly subject: string;
  readonly clock: Clock;
  onMessage(message: { readonly subject: string; readonly text: string }): void;
  onSubscribed: NotificationListener['onConnected'];
}

/** Runs until the connection has ended. Resolves with the reason, or rejects with it. */
export async function runNatsConnection(run: NatsRun, signal: AbortSignal): Promise<unknown> {
  const address = await firstThatGreets(run, signal);
  const connection = await dial(run, address, signal);
  return new NatsSubscription(run, address, connection).run(signal);
}

async function firstThatGreets(
  { addresses, credentials, clock }: NatsRun,
  signal: AbortSignal,
): Promise<NatsAddress> {
  let failure: unknown;
  for (const address of addresses) {
    // Such a server waits for the client to speak.
    if (credentials.tls?.handshakeFirst) return address;
    try {
      await awaitGreeting(address, clock, signal);
      return address;
    } catch (error) {
      signal.throwIfAborted();
      failure = error;
    }
  }
  throw failure;
}

/** The package cannot be told to stop dialling: what it reaches after a stop is closed at once. */
function dial(
  { nats, credentials }: NatsRun,
  { server }: NatsAddress,
  signal: AbortSignal,
): Promise<NatsConnection> {
  return new Promise((resolve, reject) => {
    const giveUp = () => reject(signal.reason as Error);
    signal.addEventListener('abort', giveUp, { once: true });
    void nats
      .connect({
        ...credentials,
        servers: server,
        reconnect: false,
        ignoreClusterUpdates: true,
        timeout: GREETING_TIMEOUT_MS,
      })
      .then(
        (connection) => {
          if (!signal.aborted) return resolve(connection);
          return connection.close();
        },
        (error: Error) =>
          reject(new NatsUnavailableError(server, `refused the connection: ${error.message}`, error)),
      )
      .finally(() => signal.removeEventListener('abort', giveUp));
  });
}

class NatsSubscription {
  private readonly over = new AbortController();

  constructor(
    private readonly options: NatsRun,
    private readonly address: NatsAddress,
    private readonly connection: NatsConnection,
  ) {}

  async run(signal: AbortSignal): Promise<unknown> {
    const { connection, over, options } = this;
    const stop = () => over.abort();
    signal.addEventListener('abort', stop, { once: true });
    try {
      void connection.closed().then((error) => this.end('closed the connection', error));
      connection.subscribe(options.subject, {
        callback: (error, message) => {
          if (error) this.end(`refused the subscription to ${options.subject}: ${error.message}`, error);
          else if (!over.signal.aborted)
            options.onMessage({ subject: message.subject, text: message.string() });
        },
      });
      await this.watch();
    } finally {
      signal.removeEventListener('abort', stop);
      over.abort();
      await within(
        options.clock,
        CLOSE_TIMEOUT_MS,
        connection.close().catch(() => undefined),
      );
    }
    return over.signal.reason;
  }

  /** The first answer proves that the subscription stands, every later one that the server is there. */
  private async watch(): Promise<void> {
    const { clock, onSubscribed } = this.options;
    const { signal } = this.over;
    for (let isFirst = true; !signal.aborted; isFirst = false) {
      const hasAnswered = await this.asksAndHears();
      if (signal.aborted) return;
      if (!hasAnswered) return this.end('does not answer any more');
      if (isFirst) onSubscribed();
      await sleep(clock, PING_INTERVAL_MS, signal);
    }
  }

  private async asksAndHears(): Promise<boolean> {
    const settled = new AbortController();
    let hasAnswered = false;
    void this.connection
      .flush()
      .then(
        () => (hasAnswered = true),
        // The connection was closed meanwhile, which is heard of elsewhere.
        () => undefined,
      )
      .finally(() => settled.abort());
    await sleep(this.options.clock, PING_INTERVAL_MS, AbortSignal.any([settled.signal, this.over.signal]));
    return hasAnswered;
  }

  private end(what: string, cause?: unknown): void {
    this.over.abort(new NatsUnavailableError(this.address.server, what, cause));
  }
}
