import type { PathwayKey } from '../event/pathway-key.util.js';
import type { EventContext } from './event-context.interface.js';

/**
 * One run of a handler. Is itself the context handed to the handler; the `AbortController` is only made when somebody
 * asks for the signal, because creating one costs more than everything else the pipeline does for an event.
 */
export class Attempt implements EventContext {
  /** Clock time at which the attempt is given up; `Infinity` without a limit. */
  deadline = Infinity;
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

  /** Settles as the handler does, or rejects with the reason of `abort` when that comes first. */
  outcomeOf(result: PromiseLike<unknown>): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.giveUp = reject;
      result.then(resolve, reject);
    });
  }

  abort(reason: Error): void {
    this.abortReason = reason;
    this.controller?.abort(reason);
    this.giveUp?.(reason);
  }
}
