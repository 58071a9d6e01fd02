import type { PathwayKey } from '../event/pathway-key.util.js';
import type { EventContext } from './event-context.interface.js';

/** A place in the ring of running attempts. */
export interface WatchLink {
  before: WatchLink | undefined;
  after: WatchLink | undefined;
}

/**
 * One run of a handler. Is itself the context handed to the handler; the `AbortController` is only made when somebody
 * asks for the signal, because creating one costs more than everything else the pipeline does for an event.
 */
export class Attempt implements EventContext, WatchLink {
  /** Clock time at which the attempt is given up; `Infinity` without a limit. */
  deadline = Infinity;
  transaction: unknown = undefined;
  /** The handler has ended, or was given up. */
  isOver = false;
  /** Events of the batch that is attempted. */
  events = 1;
  before: WatchLink | undefined;
  after: WatchLink | undefined;
  private controller: AbortController | undefined;
  private abortReason: Error | undefined;
  private giveUp: ((reason: Error) => void) | undefined;

  constructor(
    readonly eventId: string,
    readonly pathway: PathwayKey,
    readonly source: string,
    readonly attempt: number,
    /** Milliseconds; 0 is no limit. */
    readonly timeoutMs: number,
    /** The deliverer's own signal; see AttemptWatch. */
    readonly deliverySignal: AbortSignal | undefined,
  ) {}

  get signal(): AbortSignal {
    if (!this.controller) {
      this.controller = new AbortController();
      if (this.abortReason) this.controller.abort(this.abortReason);
    }
    return this.controller.signal;
  }

  /** What to call when the attempt is given up from outside, once. */
  onGivenUp(giveUp: (reason: Error) => void): void {
    this.giveUp = giveUp;
  }

  abort(reason: Error): void {
    this.abortReason = reason;
    this.controller?.abort(reason);
    this.giveUp?.(reason);
  }
}
