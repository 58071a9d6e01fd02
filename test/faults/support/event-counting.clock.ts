import { systemClock, type Clock } from '../../../lib/event/clock.interface.js';

/** The commit interval of the crash test, in events. No other wait of the engine is that short. */
export const COMMIT_EVERY = 7;

/**
 * The machine's clock, except that the commit interval passes by so many events being handled. How many events a crash
 * may repeat is then a number, whatever the speed of the machine.
 */
export function eventCountingClock(): { clock: Clock; countEvent(): void } {
  const counted = new Set<{ left: number; readonly callback: () => void }>();
  return {
    clock: {
      now: () => systemClock.now(),
      startTimer(delayMs, callback) {
        if (delayMs !== COMMIT_EVERY) return systemClock.startTimer(delayMs, callback);
        const timer = { left: COMMIT_EVERY, callback };
        counted.add(timer);
        return { cancel: () => void counted.delete(timer) };
      },
    },
    countEvent() {
      for (const timer of counted) {
        if (--timer.left > 0) continue;
        counted.delete(timer);
        timer.callback();
      }
    },
  };
}
