/**
 * Collects the events of batch handlers.
 *
 * States of a batch: *open* (events join) → *closed* and run, when it is full, when its waiting time is over, when nothing
 * more can come, or when the pump starts nothing more. All of its events count as in flight from the moment they join.
 */
import { setImmediate as nextTurn } from 'node:timers';
import type { Clock, ClockTimer } from '../event/clock.interface.js';
import type { BatchLimits } from '../processor/batch-binding.interface.js';
import type { PumpItem } from './pump-item.interface.js';

/** What the collector works with. */
export interface BatchCollectorOptions {
  readonly clock: Clock;
  /** More events than these are never in flight: a batch that has them is full. */
  readonly concurrency: number;
  run(items: readonly PumpItem[]): void;
}

interface OpenBatch {
  readonly items: PumpItem[];
  timer?: ClockTimer;
}

export class BatchCollector {
  private readonly open = new Map<BatchLimits, OpenBatch>();

  constructor(private readonly options: BatchCollectorOptions) {}

  /** Puts an event into the open batch of its handler. */
  add(item: PumpItem): void {
    const limits = item.batch;
    if (!limits) throw new TypeError(`Event ${item.event.eventId} has no batch handler`);
    const batch = this.open.get(limits) ?? this.begin(limits);
    batch.items.push(item);
    if (batch.items.length >= Math.min(limits.size, this.options.concurrency)) this.finish(limits, batch);
  }

  /** Whether the event is in a batch that others may still join. */
  has(item: PumpItem): boolean {
    return this.batchWith(item) !== undefined;
  }

  /** Runs the batch the event is in, if it is still open. */
  close(item: PumpItem): void {
    const batch = this.batchWith(item);
    if (batch && item.batch) this.finish(item.batch, batch);
  }

  closeAll(): void {
    for (const [limits, batch] of this.open) this.finish(limits, batch);
  }

  private batchWith(item: PumpItem): OpenBatch | undefined {
    const batch = item.batch && this.open.get(item.batch);
    return batch && batch.items.lastIndexOf(item) >= 0 ? batch : undefined; // Mostly it is the last one.
  }

  private begin(limits: BatchLimits): OpenBatch {
    const batch: OpenBatch = { items: [] };
    const finish = () => this.finish(limits, batch);
    this.open.set(limits, batch);
    // What is ready is everything that is handed out in one turn of the event loop.
    if (limits.waitMs > 0) batch.timer = this.options.clock.startTimer(limits.waitMs, finish);
    else nextTurn(finish);
    return batch;
  }

  private finish(limits: BatchLimits, batch: OpenBatch): void {
    if (this.open.get(limits) !== batch) return;
    this.open.delete(limits);
    batch.timer?.cancel();
    this.options.run(batch.items);
  }
}
