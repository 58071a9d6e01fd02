import { systemClock, type Clock } from 'nestjs-pathways';

/** Longer than retries of a request and announcements of a wait, shorter than the poll of a waiting write. */
const LONGEST_MS = 700;

/** The machine's clock, on which long timers never come: what ends all the same was not found by a poll. */
export const shortTimersClock: Clock = {
  now: () => systemClock.now(),
  startTimer: (delayMs, callback) =>
    delayMs > LONGEST_MS ? { cancel: () => {} } : systemClock.startTimer(delayMs, callback),
};
