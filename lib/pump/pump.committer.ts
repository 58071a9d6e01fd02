import type { Clock, ClockTimer } from '../event/clock.interface.js';
import type { PumpCursor } from '../state/cursor-store.interface.js';
import type { PumpItem } from './pump-item.interface.js';

/** How the committer writes. */
export interface PumpCommitterOptions {
  readonly clock: Clock;
  /** Milliseconds between two writes while events flow. */
  readonly commitIntervalMs: number;
  save(cursor: PumpCursor): Promise<void>;
  onError(error: unknown): void;
}

const RETRY_MS = 1_000;

/**
 * Advances the cursor over the contiguous run of finished events, in the order they were fetched. A gap holds it back:
 * what comes after is finished, but a crash must not skip the gap.
 */
export class PumpCommitter {
  /** Unfinished and not yet passed items; consumed from `head` so that finishing one costs the same at any length. */
  private items: PumpItem[] = [];
  private head = 0;
  private unsaved: PumpCursor | undefined;
  private saving: Promise<void> | undefined;
  private timer: ClockTimer | undefined;

  constructor(
    private readonly options: PumpCommitterOptions,
    private cursor: PumpCursor,
  ) {}

  /** Everything up to here is finished; perhaps not saved yet. */
  get position(): PumpCursor {
    return this.cursor;
  }

  /** The oldest item that holds the cursor back. */
  get oldest(): PumpItem | undefined {
    return this.items[this.head];
  }

  add(item: PumpItem): void {
    this.items.push(item);
  }

  /** To be called after an item was finished. */
  advance(): void {
    let passed: PumpItem | undefined;
    for (let item = this.items[this.head]; item?.finished; item = this.items[++this.head]) {
      if (item.movesCursor) passed = item;
    }
    if (this.head > 1024 && this.head * 2 > this.items.length) {
      this.items = this.items.slice(this.head);
      this.head = 0;
    }
    if (!passed) return;
    this.cursor = { ...this.cursor, timeBucket: passed.event.timeBucket, eventId: passed.event.eventId };
    this.unsaved = this.cursor;
    this.timer ??= this.options.clock.startTimer(
      this.options.commitIntervalMs,
      () => void this.flush().catch(() => {}),
    );
  }

  /** Writes the cursor now, if it moved. Rejects when the store does; the next flush tries again. */
  async flush(): Promise<void> {
    this.timer?.cancel();
    this.timer = undefined;
    await this.saving?.catch(() => {});
    const cursor = this.unsaved;
    if (!cursor) return;
    this.unsaved = undefined;
    this.saving = this.options.save(cursor);
    try {
      await this.saving;
    } catch (error) {
      // Not lost: the newest position is written next time, and until then a crash only redelivers.
      this.unsaved ??= cursor;
      this.timer ??= this.options.clock.startTimer(RETRY_MS, () => void this.flush().catch(() => {}));
      this.options.onError(error);
      throw error;
    } finally {
      this.saving = undefined;
    }
  }

  /** Stops the timer without writing. */
  close(): void {
    this.timer?.cancel();
    this.timer = undefined;
  }
}
