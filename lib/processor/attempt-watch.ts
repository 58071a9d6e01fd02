import type { Clock, ClockTimer } from '../event/clock.interface.js';
import type { Attempt, WatchLink } from './attempt.js';

/** Why an attempt was given up from outside. */
export type AbortCause = 'deadline' | 'delivery';

/**
 * Ends attempts whose time is over or whose deliverer gave up.
 *
 * One timer and one abort listener serve all running attempts: a timer and a listener per event would cost more than
 * the event. The attempts hang in a ring through `head`, because a set allocates for every one that comes and goes.
 */
export class AttemptWatch {
  private readonly head: WatchLink = { before: undefined, after: undefined };
  private readonly watchedSignals = new WeakSet<AbortSignal>();
  private timer: ClockTimer | undefined;
  private timerDue = Infinity;

  constructor(
    private readonly clock: Clock,
    private readonly onAbort: (attempt: Attempt, cause: AbortCause) => void,
  ) {
    this.head.before = this.head;
    this.head.after = this.head;
  }

  add(attempt: Attempt): void {
    const signal = attempt.deliverySignal;
    // The handler itself may have asked for the shutdown; a listener added now would never be called.
    if (signal?.aborted) return this.onAbort(attempt, 'delivery');
    const last = this.head.before as WatchLink;
    attempt.before = last;
    attempt.after = this.head;
    last.after = attempt;
    this.head.before = attempt;
    if (attempt.deadline < this.timerDue) this.arm(attempt.deadline);
    if (signal && !this.watchedSignals.has(signal)) this.watch(signal);
  }

  remove(attempt: Attempt): void {
    const { before, after } = attempt;
    if (!before || !after) return;
    before.after = after;
    after.before = before;
    attempt.before = undefined;
    attempt.after = undefined;
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
    for (const { deadline } of this.running()) next = Math.min(next, deadline);
    if (next < Infinity) this.arm(next);
  }

  private abortWhere(applies: (attempt: Attempt) => boolean, cause: AbortCause): void {
    for (const attempt of this.running()) {
      if (!applies(attempt)) continue;
      this.remove(attempt);
      this.onAbort(attempt, cause);
    }
  }

  private running(): Attempt[] {
    const attempts: Attempt[] = [];
    for (let link = this.head.after; link !== this.head; link = link?.after) attempts.push(link as Attempt);
    return attempts;
  }
}
