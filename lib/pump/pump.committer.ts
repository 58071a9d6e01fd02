import { FencingTokenStaleError } from '../errors/fencing-token-stale.error.js';
import type { Clock, ClockTimer } from '../event/clock.interface.js';
import { timeBucketOfTimeUuid } from '../event/time-uuid.util.js';
import type { PumpCursor } from '../state/cursor-store.interface.js';
import type { PumpItem } from './pump-item.interface.js';

/** How the committer writes. */
export interface PumpCommitterOptions {
  readonly clock: Clock;
  /** Milliseconds between two writes while events flow. */
  readonly commitIntervalMs: number;
  save(cursor: PumpCursor): Promise<void>;
  /** The cursor moved past it: nothing holds it any more. */
  onPassed(item: PumpItem): void;
  onError(error: unknown): void;
  /** The right to write has gone to another instance: nothing of this run can be saved any more. */
  onFenced(error: FencingTokenStaleError): void;
}

const RETRY_MS = 1_000;

/**
 * Advances the cursor over the contiguous run of finished events, in the order they were fetched. A gap holds it back:
 * what comes after is finished, but a crash must not skip the gap.
 */
export class PumpCommitter {
  /** Unfinished and not yet passed items; consumed from `head` so that finishing one costs the same at any length. */
  private items: (PumpItem | undefined)[] = [];
  /** Items so far. */
  added = 0;
  /** Of them, those the cursor has moved past. */
  passed = 0;
  private head = 0;
  private passedId: string | undefined;
  private isDirty = false;
  private isClosed = false;
  private saving: Promise<void> | undefined;
  private timer: ClockTimer | undefined;

  constructor(
    private readonly options: PumpCommitterOptions,
    private cursor: PumpCursor,
  ) {}

  /** Everything up to here is finished; perhaps not saved yet. */
  get position(): PumpCursor {
    if (this.passedId === undefined || this.passedId === this.cursor.eventId) return this.cursor;
    // The bucket of the id, not the one the event claims: what is read back must name one place (protocol §4.5).
    this.cursor = {
      ...this.cursor,
      timeBucket: timeBucketOfTimeUuid(this.passedId),
      eventId: this.passedId,
    };
    return this.cursor;
  }

  /** Events out of line that the cursor does not cover: a run that ends must hand them to the next one. */
  get unfinishedLate(): string[] {
    return this.unfinished.flatMap((item) => (item.movesCursor ? [] : [item.event.eventId]));
  }

  /** The oldest item that holds the cursor back. */
  get oldest(): PumpItem | undefined {
    return this.items[this.head];
  }

  /** Fetched and unfinished. */
  get unfinished(): PumpItem[] {
    return this.items.slice(this.head).flatMap((item) => (item && !item.finished ? [item] : []));
  }

  add(item: PumpItem): void {
    this.added++;
    this.items.push(item);
    if (this.cursor.caughtUpAt === undefined) return;
    // Also what is dated long ago: marks of what finishes before it must stay from now on.
    const { caughtUpAt: _caughtUpAt, ...cursor } = this.cursor;
    this.cursor = cursor;
    this.isDirty = true;
    if (!this.isClosed) this.saveIn(this.options.commitIntervalMs);
  }

  /**
   * Writes that nothing is unfinished. No look back needs anything up to the cursor then, so the cursor is its own origin.
   * Rejects when the store does; it is then written with a later try, unless an event comes first.
   */
  async rest(caughtUpAt: number): Promise<void> {
    const { position } = this;
    const { eventId } = position;
    this.cursor = { ...position, ...(eventId !== undefined && { origin: eventId }), caughtUpAt };
    this.isDirty = true;
    await this.flush();
  }

  /** To be called after an item was finished. */
  advance(): void {
    let passedId: string | undefined;
    for (let item = this.items[this.head]; item?.finished; item = this.items[this.head]) {
      if (item.movesCursor) passedId = item.event.eventId;
      this.items[this.head++] = undefined;
      this.passed++;
      this.options.onPassed(item);
    }
    if (this.head > 1024 && this.head * 2 > this.items.length) {
      this.items = this.items.slice(this.head);
      this.head = 0;
    }
    // A delivery that ends after its run was given up belongs to nobody: the next run delivers the event again.
    if (passedId === undefined || this.isClosed) return;
    this.passedId = passedId;
    this.isDirty = true;
    this.saveIn(this.options.commitIntervalMs);
  }

  /** Writes the cursor now, if it moved. Rejects when the store does; the next flush tries again. */
  async flush(): Promise<void> {
    this.timer?.cancel();
    this.timer = undefined;
    // One write at a time, or an older position could land on a newer one.
    while (this.saving) await this.saving.catch(() => {});
    if (!this.isDirty) return;
    this.isDirty = false;
    this.saving = this.options.save(this.position);
    try {
      await this.saving;
    } catch (error) {
      if (error instanceof FencingTokenStaleError) {
        this.close();
        this.options.onFenced(error);
        throw error;
      }
      // Not lost: the newest position is written next time, and until then a crash only redelivers.
      this.isDirty = true;
      if (!this.isClosed) this.saveIn(RETRY_MS);
      this.options.onError(error);
      throw error;
    } finally {
      this.saving = undefined;
    }
  }

  /** Writes the cursor, and that the place to stop at is reached. Rejects when the store does; it is then not reached. */
  async conclude(): Promise<void> {
    const before = this.position;
    this.cursor = { ...before, hasStopped: true };
    this.isDirty = true;
    try {
      await this.flush();
    } catch (error) {
      this.cursor = before;
      throw error;
    }
  }

  /** Stops the timer without writing, for good. */
  close(): void {
    this.isClosed = true;
    this.timer?.cancel();
    this.timer = undefined;
  }

  private saveIn(delayMs: number): void {
    this.timer ??= this.options.clock.startTimer(delayMs, () => void this.flush().catch(() => {}));
  }
}
