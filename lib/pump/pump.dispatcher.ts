/**
 * Hands events to the processor: up to `concurrency` at once, never two of one order key. One of EVERY_KEY runs alone: it
 * waits until all before it have ended, and all behind it wait until it has. Events of a batch handler are collected and
 * handed over together; of those, several of one key may be in flight, in one batch and in their order.
 *
 * Where a claim costs a round trip, those that are ready are claimed before there is a slot for them; what is claimed and not
 * started is given back when it is held.
 *
 * States: *open* (items start as soon as a slot and their key are free) ⇄ *held* (nothing new starts; what runs
 * finishes) → *aborted* (running deliveries are given up).
 */
import { sleep, type Clock } from '../event/clock.interface.js';
import type { Telemetry } from '../event/telemetry.interface.js';
import type { EventDelivery, EventOutcome } from '../processor/event-delivery.interface.js';
import { EVERY_KEY, type BatchListener, type PumpProcessor } from '../processor/pump-processor.interface.js';
import { backoffDelay } from './backoff.util.js';
import { BatchCollector } from './batch.collector.js';
import type { PumpItem } from './pump-item.interface.js';

/** What the dispatcher works with. */
export interface PumpDispatcherOptions {
  readonly processor: PumpProcessor;
  readonly concurrency: number;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly source: string;
  readonly generation: number;
  onFinished(item: PumpItem, outcome: EventOutcome): void;
  onHalted(item: PumpItem, error: Error): void;
  /** A store failed; the item is tried again. */
  onFailure(error: unknown): void;
}

const ABORTED: EventOutcome = { status: 'aborted' };

/** Events claimed beside those that run: enough to share a statement while 16 run, few enough to be given back. */
const LEAST_AHEAD = 32;
/** A claim that waits longer for its turn is soon too old to be believed, and then costs more than it saves. */
const LONGEST_WAIT_MS = 500;

export class PumpDispatcher {
  private readonly ready: PumpItem[] = [];
  private readyHead = 0;
  /** Those between `readyHead` and here have been claimed ahead, or need not be. */
  private aheadAt = 0;
  /** How many are claimed ahead: fewer while handlers are slow. */
  private ahead: number;
  /** The last item of every key that has one ready, running or waiting; the others hang before it. */
  private readonly lastOfKey = new Map<string, PumpItem>();
  /** An item of every key that is let in by itself or waits for that, and all that came after it. */
  private readonly behind: PumpItem[] = [];
  private readonly aborting = new AbortController();
  private readonly delivery: EventDelivery;
  private readonly collector: BatchCollector;
  private idleListeners: (() => void)[] = [];
  private held = false;
  private isClosed = false;
  /** Claims that are being given back. */
  private leaving = 0;
  inFlight = 0;

  constructor(private readonly options: PumpDispatcherOptions) {
    this.delivery = { source: options.source, generation: options.generation, signal: this.aborting.signal };
    const { clock, concurrency } = options;
    this.ahead = this.mostAhead;
    this.collector = new BatchCollector({ clock, concurrency, run: (items) => void this.runBatch(items) });
  }

  submit(item: PumpItem): void {
    item.batch = this.options.processor.batchOf?.(item.event);
    if (this.behind.length === 0 && this.mayEnter(item)) return this.enter(item);
    this.behind.push(item);
    this.collector.closeAll(); // Nothing can join what is collected while others wait in line.
  }

  /** `lastOfKey` is empty when nothing is ready, waits or runs. */
  private mayEnter({ orderKey }: PumpItem): boolean {
    if (this.lastOfKey.size === 0) return true;
    return orderKey !== EVERY_KEY && !this.lastOfKey.has(EVERY_KEY);
  }

  private enter(item: PumpItem): void {
    const before = this.lastOfKey.get(item.orderKey);
    this.lastOfKey.set(item.orderKey, item);
    if (before) {
      before.next = item;
      this.collectBehind(before);
      return;
    }
    this.ready.push(item);
    this.startReady();
  }

  /** Starts nothing more. */
  hold(): void {
    this.held = true;
    this.collector.closeAll();
    this.giveBackClaims();
  }

  /** Holds for good: a resume while the session ends must start nothing. */
  close(): void {
    this.isClosed = true;
    this.hold();
  }

  open(): void {
    if (this.isClosed) return;
    this.held = false;
    this.startReady();
  }

  /** Gives running deliveries up; they end as `aborted`. */
  abort(reason: Error): void {
    this.hold();
    this.aborting.abort(reason);
  }

  /** Something runs, or is being given back. */
  get isBusy(): boolean {
    return this.inFlight + this.leaving > 0;
  }

  /** Resolves when nothing does. */
  whenIdle(): Promise<void> {
    return !this.isBusy ? Promise.resolve() : new Promise((resolve) => this.idleListeners.push(resolve));
  }

  /** Puts halted items back in their places, before everything else of their keys. */
  retry(items: readonly PumpItem[]): void {
    this.ready.splice(this.readyHead, 0, ...items);
    this.aheadAt = this.readyHead;
    this.startReady();
  }

  private startReady(): void {
    while (!this.held && this.inFlight < this.options.concurrency && this.readyHead < this.ready.length) {
      const item = this.ready[this.readyHead++] as PumpItem;
      if (this.readyHead > 1024 && this.readyHead * 2 > this.ready.length) {
        this.ready.splice(0, this.readyHead);
        this.aheadAt = Math.max(0, this.aheadAt - this.readyHead);
        this.readyHead = 0;
      }
      if (item.batch) this.collect(item);
      else {
        this.take(item);
        void this.run(item);
      }
    }
    if (!this.held) this.claimAhead();
  }

  /** While handlers run, the claims of those that come next are on their way. Each is the first of its key. */
  private claimAhead(): void {
    const { processor, clock } = this.options;
    const until = Math.min(this.ready.length, this.readyHead + this.ahead);
    for (let at = Math.max(this.aheadAt, this.readyHead); at < until; at++) {
      const item = this.ready[at] as PumpItem;
      if (item.claimedAt !== undefined || item.batch) continue;
      if (processor.claimAhead?.(item.event, this.delivery)) item.claimedAt = clock.now();
    }
    this.aheadAt = Math.max(this.aheadAt, until);
  }

  private get mostAhead(): number {
    return Math.max(LEAST_AHEAD, 2 * this.options.concurrency);
  }

  private started(claimedAt: number): void {
    const isLate = this.options.clock.now() - claimedAt > LONGEST_WAIT_MS;
    this.ahead = isLate ? Math.max(1, this.ahead >> 1) : Math.min(this.mostAhead, this.ahead + 1);
  }

  /** Nobody knows how long they would wait here, and another delivery of them would wait as long. */
  private giveBackClaims(): void {
    const claimed: PumpItem[] = [];
    for (let at = this.readyHead; at < Math.min(this.aheadAt, this.ready.length); at++) {
      const item = this.ready[at] as PumpItem;
      if (item.claimedAt === undefined) continue;
      item.claimedAt = undefined;
      claimed.push(item);
    }
    this.aheadAt = this.readyHead;
    if (claimed.length === 0) return;
    void this.giveBack(claimed);
  }

  private async giveBack(items: readonly PumpItem[]): Promise<void> {
    this.leaving++;
    try {
      await this.options.processor.giveBack?.(items.map(({ event }) => event));
    } finally {
      this.leaving--;
      this.tellIfIdle();
    }
  }

  private tellIfIdle(): void {
    if (!this.isBusy) for (const tell of this.idleListeners.splice(0)) tell();
  }

  private take(item: PumpItem): void {
    this.inFlight++;
    item.inFlight = true;
    if (item.claimedAt !== undefined) this.started(item.claimedAt);
    item.claimedAt = undefined;
  }

  private collect(item: PumpItem): void {
    this.take(item);
    this.collector.add(item);
    if (item.orderKey === EVERY_KEY) this.collector.close(item);
    this.collectBehind(item);
  }

  /** What stands behind an event in its key may be in the same batch, while that is being collected. */
  private collectBehind(first: PumpItem): void {
    const { concurrency } = this.options;
    let last = first;
    while (!this.held && this.inFlight < concurrency && last.next?.batch === last.batch) {
      const { next } = last;
      if (!next || !this.collector.has(last)) return;
      last.next = undefined;
      this.take(next);
      this.collector.add(next);
      last = next;
    }
    // Of the pump's own key, everything that comes stands behind: nothing is left to wait for.
    if (last.next && last.orderKey === '') this.collector.close(last);
  }

  private async run(item: PumpItem): Promise<void> {
    this.end(item, await this.outcomeOf(item));
  }

  /** A store that fails is the pump's trouble, not the event's: the same item again, its key blocked meanwhile. */
  private async outcomeOf(item: PumpItem): Promise<EventOutcome> {
    for (let failures = 1; ; failures++) {
      try {
        this.options.telemetry.deliveryStarted?.(item.event);
        return await this.options.processor.process(item.event, this.delivery);
      } catch (error) {
        if (!(await this.mayTryAgain(error, failures))) return ABORTED;
      }
    }
  }

  private async runBatch(items: readonly PumpItem[]): Promise<void> {
    // Not within the call that made it full: what ends at once may start the next one.
    await Promise.resolve();
    const left = new Set(items);
    for (let failures = 1; left.size > 0; failures++) {
      const sent = [...left];
      const onEnd: BatchListener = (index, outcome) => {
        const item = sent[index] as PumpItem;
        if (left.delete(item)) this.end(item, outcome);
      };
      try {
        const events = sent.map(({ event }) => event);
        for (const event of events) this.options.telemetry.deliveryStarted?.(event);
        await this.options.processor.processBatch?.(events, this.delivery, onEnd);
      } catch (error) {
        if (await this.mayTryAgain(error, failures)) continue;
        for (const item of left) this.end(item, ABORTED);
        return;
      }
    }
  }

  private async mayTryAgain(error: unknown, failures: number): Promise<boolean> {
    const { signal } = this.aborting;
    if (signal.aborted) return false;
    this.options.onFailure(error);
    await sleep(this.options.clock, backoffDelay(failures), signal);
    return !signal.aborted;
  }

  private end(item: PumpItem, outcome: EventOutcome): void {
    this.inFlight--;
    item.inFlight = false;
    this.options.telemetry.deliveryFinished?.(item.event, outcome.status);
    if (outcome.status === 'halted') {
      this.hold();
      this.options.onHalted(item, outcome.error);
    } else if (outcome.status !== 'aborted') {
      this.releaseKey(item);
      item.finished = true;
      this.options.onFinished(item, outcome);
    }
    this.startReady();
    this.tellIfIdle();
  }

  private enterBehind(): void {
    for (let next = this.behind[0]; next && this.mayEnter(next); next = this.behind[0]) {
      this.behind.shift();
      this.enter(next);
    }
  }

  private releaseKey(item: PumpItem): void {
    if (item.next) this.ready.push(item.next);
    else if (this.lastOfKey.get(item.orderKey) === item) this.lastOfKey.delete(item.orderKey);
    item.next = undefined;
    if (this.behind.length > 0) this.enterBehind();
  }
}
