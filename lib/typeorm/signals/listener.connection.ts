import type { Client, Notification } from 'pg';
import { sleep, withJitter, type Clock } from '../../event/clock.interface.js';
import { errorFields } from '../../event/logger.interface.js';
import type { Database } from '../database.js';
import { livenessLock } from '../stores/instance-liveness.js';

/** What a listener does with its connection. */
export interface ListenerConnectionOptions {
  readonly database: Database;
  readonly instanceId: string;
  readonly channel: string;
  readonly clock: Clock;
  onNotification(payload: string): void;
  /** Connected, for the first time or again: what was said meanwhile has been missed. */
  onConnected(): void;
}

/** Wrapped, because a promise of a promise would wait for both. */
interface Connected {
  /** Resolves when the connection ends. */
  readonly broken: Promise<void>;
}

const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 5_000;

/**
 * The one connection an instance keeps beside the pool: it listens, notifies, and holds the lock that says the instance
 * is alive.
 *
 * States: *connecting* ⇄ *listening* (until the connection breaks; then again, with growing waits) → *closed*.
 */
export class ListenerConnection {
  private client: Client | undefined;
  private readonly closing = new AbortController();
  private loop: Promise<void> | undefined;
  /** Settled when the last notification is sent. The driver takes one statement at a time. */
  private sent: Promise<unknown> = Promise.resolve();

  constructor(private readonly options: ListenerConnectionOptions) {}

  /** Resolves when it listens; rejects when the first attempt fails. Later breaks mend themselves. */
  async open(): Promise<void> {
    this.loop = this.keepOpen(await this.connect());
  }

  /** Does nothing while the connection is broken: nobody could be reached, and pollers find out by themselves. */
  notify(payload: string): void {
    const { channel, database } = this.options;
    this.sent = this.sent
      .then(() => this.client?.query('SELECT pg_notify($1, $2)', [channel, payload]))
      .catch((error: unknown) => {
        database.logger.debug('A notification could not be sent', errorFields(error));
      });
  }

  async close(): Promise<void> {
    this.closing.abort();
    await this.client?.end().catch(() => {});
    await this.loop;
  }

  private async keepOpen(first: Connected): Promise<void> {
    const { clock, database } = this.options;
    let connected = first;
    for (;;) {
      await connected.broken;
      this.client = undefined;
      for (let failures = 0; ; failures++) {
        if (this.closing.signal.aborted) return;
        const delayMs = Math.min(FIRST_DELAY_MS * 2 ** failures, LONGEST_DELAY_MS);
        await sleep(clock, withJitter(delayMs, 0.2), this.closing.signal);
        if (this.closing.signal.aborted) return;
        try {
          connected = await this.connect();
          break;
        } catch (error) {
          if (failures === 0) {
            const text =
              'The connection that listens for other instances is lost; connecting again. Waiting writes poll meanwhile';
            database.logger.warn(text, errorFields(error));
          }
        }
      }
    }
  }

  private async connect(): Promise<Connected> {
    const { database, instanceId, channel } = this.options;
    // Loaded when it is used, and it is there then: the DataSource uses it.
    const { default: pg } = await import('pg');
    // The pool's own settings, whatever they were made from: URL, parts, TLS.
    const client = new pg.Client({
      ...connectionOptions(database),
      application_name: 'pathways listener',
      keepAlive: true,
    });
    const broken = new Promise<void>((resolve) => {
      client.once('end', resolve);
      // An unhandled 'error' event would end the process.
      client.on('error', () => void client.end().then(resolve, resolve));
    });
    client.on('notification', ({ payload }: Notification) => {
      if (payload !== undefined) this.options.onNotification(payload);
    });
    try {
      await client.connect();
      const lock = livenessLock(instanceId);
      await client.query(lock.sql, lock.parameters);
      await client.query(`LISTEN "${channel}"`);
    } catch (error) {
      await client.end().catch(() => {});
      throw error;
    }
    if (this.closing.signal.aborted) {
      // Closed meanwhile: `close` had no client to end yet, and waits for the loop.
      await client.end().catch(() => {});
      return { broken };
    }
    this.client = client;
    this.options.onConnected();
    return { broken };
  }
}

function connectionOptions(database: Database): Record<string, unknown> {
  const { options } = database.pool;
  // Not enumerable there, so a copy would lose it.
  return { ...options, password: options.password };
}
