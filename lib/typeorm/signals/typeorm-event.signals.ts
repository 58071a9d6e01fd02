import { createHash } from 'node:crypto';
import type { Clock } from '../../event/clock.interface.js';
import type { EventSignals } from '../../state/event-signals.interface.js';
import type { EventStatus } from '../../state/pathway-state.interface.js';
import type { Database } from '../database.js';
import { ListenerConnection } from './listener.connection.js';

/** What the signals work with. */
export interface TypeOrmEventSignalsOptions {
  readonly database: Database;
  readonly instanceId: string;
  readonly clock: () => Clock;
  onEnded(eventId: string, status: EventStatus): void;
  /** Somebody's transaction has put something into the outbox. */
  onOutbox?(): void;
  /** Another instance has released the lease of that row. */
  onReleased?(leaseKey: string): void;
  /** Another instance asks for the lease of that row. */
  onAsked?(leaseKey: string): void;
  /** Another instance has changed the pauses of an application; of any, when that may have been missed. */
  onPauses?(application?: string): void;
}

/** What a transaction with an outbox write says at its commit. */
export const OUTBOX_MESSAGE = JSON.stringify({ outbox: true });

/**
 * `hello`: the sender has begun to listen, and has missed what was said before. `wait`: the sender waits for these events.
 * `end`: these events ended in the sender. `released`: the sender gave up the lease of that row. `asked`: it wants it.
 * `pauses`: it changed the pauses of that application.
 */
type Message =
  | { readonly from: string; readonly hello: true }
  | { readonly from: string; readonly released: string }
  | { readonly from: string; readonly asked: string }
  | { readonly from: string; readonly pauses: string }
  | { readonly from: string; readonly wait: readonly string[] }
  | { readonly from: string; readonly end: readonly (readonly [string, EventStatus])[] };

/** What an instance says with the statement that releases a lease. */
export function releaseMessage(instanceId: string, leaseKey: string): string {
  return JSON.stringify({ from: instanceId, released: leaseKey } satisfies Message);
}

/** What an instance says that wants a lease. */
export function askMessage(instanceId: string, leaseKey: string): string {
  return JSON.stringify({ from: instanceId, asked: leaseKey } satisfies Message);
}

/** What an instance says with the statement that changes pauses. */
export function pausesMessage(instanceId: string, application: string): string {
  return JSON.stringify({ from: instanceId, pauses: application } satisfies Message);
}

/** An announcement costs a round trip: most events end in this process before it would be worth it. */
const ANNOUNCE_AFTER_MS = 3;

/** Postgres takes 8,000 bytes. */
const LARGEST_MESSAGE = 7_500;

/** Ends that are remembered for an announcement still on its way. */
const RECENT_ENDS = 2_000;

/** Other instances' waits are forgotten after this, in case their end was never said. */
const REMOTE_WAIT_MS = 120_000;

/**
 * Waiting writes across instances over LISTEN/NOTIFY. Who waits says so; who ends a waited-for event answers. Events
 * nobody waits for cost no statement: a notification for every event would put all commits in one line.
 */
export class TypeOrmEventSignals implements EventSignals {
  private connection: ListenerConnection | undefined;
  /** Own waits by event. */
  private readonly waiting = new Map<string, number>();
  private unannounced = new Set<string>();
  private isAnnouncing = false;
  /** Events other instances wait for, and when to forget them. Oldest first. */
  private readonly awaited = new Map<string, number>();
  private readonly recent = new Map<string, EventStatus>();
  private answers: (readonly [string, EventStatus])[] = [];
  private isAnswering = false;

  constructor(private readonly options: TypeOrmEventSignalsOptions) {}

  async open(): Promise<void> {
    const { database, instanceId, clock } = this.options;
    this.connection = new ListenerConnection({
      database,
      instanceId,
      channel: channelOf(database),
      clock: clock(),
      onNotification: (payload) => this.receive(payload),
      onConnected: () => {
        this.send({ from: instanceId, hello: true });
        this.announce([...this.waiting.keys()]);
        this.options.onOutbox?.();
        this.options.onPauses?.();
      },
    });
    await this.connection.open();
  }

  async close(): Promise<void> {
    await this.connection?.close();
    this.connection = undefined;
  }

  waitFor(eventIds: readonly string[]): () => void {
    for (const eventId of eventIds) {
      this.waiting.set(eventId, (this.waiting.get(eventId) ?? 0) + 1);
      this.unannounced.add(eventId);
    }
    this.announceSoon();
    return () => {
      for (const eventId of eventIds) {
        const others = (this.waiting.get(eventId) ?? 1) - 1;
        if (others > 0) {
          this.waiting.set(eventId, others);
        } else {
          this.waiting.delete(eventId);
          this.unannounced.delete(eventId);
        }
      }
    };
  }

  ended(eventId: string, status: EventStatus): void {
    this.recent.set(eventId, status);
    if (this.recent.size > RECENT_ENDS) this.recent.delete(this.recent.keys().next().value as string);
    if (this.awaited.size > 0 && this.awaited.delete(eventId)) this.answer(eventId, status);
  }

  private announceSoon(): void {
    if (this.isAnnouncing) return;
    this.isAnnouncing = true;
    this.options.clock().startTimer(ANNOUNCE_AFTER_MS, () => {
      this.isAnnouncing = false;
      const eventIds = [...this.unannounced];
      this.unannounced = new Set();
      this.announce(eventIds);
    });
  }

  private announce(eventIds: readonly string[]): void {
    for (const wait of slices(eventIds)) this.send({ from: this.options.instanceId, wait });
  }

  private answer(eventId: string, status: EventStatus): void {
    this.answers.push([eventId, status]);
    if (this.isAnswering) return;
    this.isAnswering = true;
    setImmediate(() => {
      this.isAnswering = false;
      const answers = this.answers;
      this.answers = [];
      for (const end of slices(answers)) this.send({ from: this.options.instanceId, end });
    });
  }

  private send(message: Message): void {
    this.connection?.notify(JSON.stringify(message));
  }

  private receive(payload: string): void {
    if (payload === OUTBOX_MESSAGE) return this.options.onOutbox?.();
    const message = JSON.parse(payload) as Message;
    if (message.from === this.options.instanceId) return;
    if ('released' in message) return this.options.onReleased?.(message.released);
    if ('asked' in message) return this.options.onAsked?.(message.asked);
    if ('pauses' in message) return this.options.onPauses?.(message.pauses);
    if ('hello' in message) return this.announce([...this.waiting.keys()]);
    if ('end' in message) {
      for (const [eventId, status] of message.end) {
        if (this.waiting.has(eventId)) this.options.onEnded(eventId, status);
      }
      return;
    }
    // A newer release may say what this one does not know; an error here would end the process.
    if (!('wait' in message)) return;
    const now = this.options.clock().now();
    this.forgetOldWaits(now);
    for (const eventId of message.wait) {
      const status = this.recent.get(eventId);
      // The announcement may have crossed with the end.
      if (status) this.answer(eventId, status);
      else this.awaited.set(eventId, now + REMOTE_WAIT_MS);
    }
  }

  private forgetOldWaits(now: number): void {
    for (const [eventId, until] of this.awaited) {
      if (until > now) return;
      this.awaited.delete(eventId);
    }
  }
}

/** One channel for each set of tables, in the characters and the length an identifier may have. */
export function channelOf({ tables }: Database): string {
  const name = `${tables.schema ?? ''}.${tables.prefix}`;
  return `pathways_${createHash('sha256').update(name).digest('hex').slice(0, 16)}`;
}

/** As few messages as their size allows. Ids are of any length; one that is too long for a message is found by the poll. */
function slices<T>(items: readonly T[]): T[][] {
  const all: T[][] = [];
  let room = 0;
  for (const item of items) {
    const size = Buffer.byteLength(JSON.stringify(item)) + 1;
    if (size > LARGEST_MESSAGE) continue;
    if (size > room) {
      all.push([]);
      room = LARGEST_MESSAGE;
    }
    all.at(-1)?.push(item);
    room -= size;
  }
  return all;
}
