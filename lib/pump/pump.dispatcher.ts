/**
 * Hands events to the processor: up to `concurrency` at once, never two of one order key.
 *
 * States: *open* (items start as soon as a slot and their key are free) ⇄ *held* (nothing new starts; what runs
 * finishes) → *aborted* (running deliveries are given up).
 */
import { sleep, type Clock } from '../event/clock.interface.js';
import type { EventDelivery, EventOutcome } from '../processor/event-delivery.interface.js';
import type { PumpProcessor } from '../processor/pump-processor.interface.js';
import { backoffDelay } from './backoff.util.js';
import type { PumpItem } from './pump-item.interface.js';

/** What the dispatcher works with. */
export interface PumpDispatcherOptions {
  readonly processor: PumpProcessor;
  readonly concurrency: number;
  readonly clock: Clock;
  readonly source: string;
  readonly generation: number;
  onFinished(item: PumpItem, outcome: EventOutcome): void;
  onHalted(item: PumpItem, error: Error): void;
  /** A store failed; the item is tried again. */
  onFailure(error: unknown): void;
}

export class PumpDispatcher {
  private readonly ready: PumpItem[] = [];
  private readyHead = 0;
  /** The last item of every key that has one ready, running or waiting; the others hang before it. */
  private readonly lastOfKey = new Map<string, PumpItem>();
  private readonly aborting = new AbortController();
  private readonly delivery: EventDelivery;
  private idleListeners: (() => void)[] = [];
  private held = false;
  inFlight = 0;

  constructor(private readonly options: PumpDispatcherOptions) {
    this.delivery = { source: options.source, generation: options.generation, signal: this.aborting.signal };
  }

  submit(item: PumpItem): void {
    const before = this.lastOfKey.get(item.orderKey);
    this.lastOfKey.set(item.orderKey, item);
    if (before) {
      before.next = item;
      return;
    }
    this.ready.push(item);
    this.startReady();
  }

  /** Starts nothing more. */
  hold(): void {
    this.held = true;
  }

  open(): void {
    this.held = false;
    this.startReady();
  }

  /** Gives running deliveries up; they end as `aborted`. */
  abort(reason: Error): void {
    this.held = true;
    this.aborting.abort(reason);
  }

  /** Resolves when nothing runs. */
  whenIdle(): Promise<void> {
    return this.inFlight === 0
      ? Promise.resolve()
      : new Promise((resolve) => this.idleListeners.push(resolve));
  }

  /** Puts halted items back in their places, before everything else of their keys. */
  retry(items: readonly PumpItem[]): void {
    this.ready.splice(this.readyHead, 0, ...items);
    this.startReady();
  }

  private startReady(): void {
    while (!this.held && this.inFlight < this.options.concurrency && this.readyHead < this.ready.length) {
      const item = this.ready[this.readyHead++] as PumpItem;
      if (this.readyHead > 1024 && this.readyHead * 2 > this.ready.length) {
        this.ready.splice(0, this.readyHead);
        this.readyHead = 0;
      }
      this.inFlight++;
      void this.run(item);
    }
  }

  private async run(item: PumpItem): Promise<void> {
    const outcome = await this.outcomeOf(item);
    this.inFlight--;
    if (outcome.status === 'halted') {
      this.held = true;
      this.options.onHalted(item, outcome.error);
    } else if (outcome.status !== 'aborted') {
      this.releaseKey(item);
      item.finished = true;
      this.options.onFinished(item, outcome);
    }
    this.startReady();
    if (this.inFlight === 0) for (const tell of this.idleListeners.splice(0)) tell();
  }

  /** A store that fails is the pump's trouble, not the event's: the same item again, its key blocked meanwhile. */
  private async outcomeOf(item: PumpItem): Promise<EventOutcome> {
    for (let failures = 1; ; failures++) {
      try {
        return await this.options.processor.process(item.event, this.delivery);
      } catch (error) {
        if (this.aborting.signal.aborted) return { status: 'aborted' };
        this.options.onFailure(error);
        await sleep(this.options.clock, backoffDelay(failures), this.aborting.signal);
        if (this.aborting.signal.aborted) return { status: 'aborted' };
      }
    }
  }

  private releaseKey(item: PumpItem): void {
    if (item.next) this.ready.push(item.next);
    else this.lastOfKey.delete(item.orderKey);
    item.next = undefined;
  }
}
