import type { Clock } from '../event/clock.interface.js';
import type { AnnouncedEvents } from './announced-events.js';
import type { PumpReader } from './pump-reader.interface.js';

/** What the schedule works with. */
export interface SweepScheduleOptions {
  readonly announced: AnnouncedEvents;
  readonly clock: Clock;
  readonly lookBackMs: number;
  /** Nothing is ever announced. */
  readonly isUnannounced: boolean;
}

/**
 * When what was stored late is looked for: after a gap in the announcements, and every half of `lookBackMs` while there are
 * none, or such that do not name their event. An event backdated by up to that half is then met by one sweep at least.
 */
export class SweepSchedule {
  private mustSweep = false;
  /** Something was stored since the latest sweep, nobody said what. */
  private isUnnamed = false;
  private sweptAt: number | undefined;

  constructor(private readonly options: SweepScheduleOptions) {}

  get isDemanded(): boolean {
    return this.mustSweep || this.options.announced.hasOverflowed;
  }

  demand(): void {
    this.mustSweep = true;
  }

  noteUnnamed(): void {
    this.isUnnamed = true;
  }

  async sweepIfDue(fetcher: PumpReader, signal: AbortSignal): Promise<void> {
    const { announced, clock } = this.options;
    this.sweptAt ??= clock.now();
    if (!this.isDemanded && !this.isIntervalOver()) return;
    this.mustSweep = false;
    this.isUnnamed = false;
    announced.hasOverflowed = false;
    try {
      await fetcher.sweep(signal);
      this.sweptAt = clock.now();
    } catch (error) {
      this.mustSweep = true;
      throw error;
    }
  }

  private isIntervalOver(): boolean {
    const { isUnannounced, clock, lookBackMs } = this.options;
    if (lookBackMs === 0 || !(isUnannounced || this.isUnnamed)) return false;
    return clock.now() - (this.sweptAt ?? 0) >= lookBackMs / 2;
  }
}
