import type { Clock, ClockTimer } from '../event/clock.interface.js';

/** A clock that only moves when told: passes hours in no time. */
export class ControllableClock implements Clock {
  private readonly timers = new Set<{ due: number; callback: () => void }>();

  /** @param time Unix milliseconds to begin at. */
  constructor(private time: number) {}

  now(): number {
    return this.time;
  }

  startTimer(delayMs: number, callback: () => void): ClockTimer {
    const timer = { due: this.time + delayMs, callback };
    this.timers.add(timer);
    return { cancel: () => void this.timers.delete(timer) };
  }

  /** Timers waiting to fire. */
  get pendingTimers(): number {
    return this.timers.size;
  }

  /** Moves on, firing what is due in its order. */
  advance(milliseconds: number): void {
    const end = this.time + milliseconds;
    for (;;) {
      const [next] = [...this.timers].filter(({ due }) => due <= end).sort((a, b) => a.due - b.due);
      if (!next) break;
      this.timers.delete(next);
      this.time = Math.max(this.time, next.due);
      next.callback();
    }
    this.time = end;
  }
}
