import type { Clock, ClockTimer } from '../event/clock.interface.js';
import type { Attempt } from './attempt.js';

/** Why an attempt was given up from outside. */
export type AbortCause = 'deadline' | 'delivery';

/**
 * Ends attempts whose time is over or whose deliverer gave up.
 *
 * One timer and one abort listener serve all running attempts: a timer and a listener per event would cost more than
 * the event.
 */
export class AttemptWatch {
  private readonly running = new Set<Attempt>();
  private readonly watchedSignals = new WeakSet<AbortSignal>();
  private timer: ClockTimer | undefined;
  private timerDue = Infinity;

  constructor(
    private readonly clock: Clock,
    private readonly onAbort: (attempt: Attempt, cause: AbortCause) => void,
  ) {}

  add(attempt: Attempt): void {
    const signal = attempt.deliverySignal;
    // The handler itself may have asked for the shutdown; a listener added now would never be called.
    if (signal?.aborted) return this.onAbort(attempt, 'delivery');
    this.running.add(attempt);
    if (attempt.deadline < this.timerDue) this.arm(attempt.deadline);
    if (signal && !this.watchedSignals.has(signal)) this.watch(signal);
  }

  remove(attempt: Attempt): void {
    this.running.delete(attempt);
  }

  private watch(signal: AbortSignal): void {
    this.watchedSignals.add(signal);
    signal.addEventListener(
      'abort',
      () => this.abortWhere((attempt) => attempt.deliverySignal === signal, 'delivery'),
      {
        once: true,
      },
    );
  }

  private arm(due: number): void {
    this.timer?.cancel();
    this.timerDue = due;
    this.timer = this.clock.startTimer(Math.max(0, due - this.clock.now()), () => this.sweep());
  }

  private sweep(): void {
    this.timer = undefined;
    this.timerDue = Infinity;
    const now = this.clock.now();
    this.abortWhere((attempt) => attempt.deadline <= now, 'deadline');
    let next = Infinity;
    for (const { deadline } of this.running) next = Math.min(next, deadline);
    if (next < Infinity) this.arm(next);
  }

  private abortWhere(applies: (attempt: Attempt) => boolean, cause: AbortCause): void {
    for (const attempt of [...this.running]) {
      if (!applies(attempt)) continue;
      this.running.delete(attempt);
      this.onAbort(attempt, cause);
    }
  }
}
