import { PumpReplayEndedError } from '../errors/pump-replay-ended.error.js';
import type { Clock } from '../event/clock.interface.js';
import { WakeUp } from '../event/wake-up.js';
import {
  pumpKeyOf,
  type CursorStore,
  type PumpCursor,
  type PumpId,
} from '../state/cursor-store.interface.js';

/** What the watch works with. */
export interface ReplayWatchOptions {
  readonly cursors: CursorStore;
  readonly clock: Clock;
  /** Milliseconds between two looks at the store. */
  readonly everyMs: number;
}

/** Waits for bounded replays, whichever instance runs them: the stored cursor says when one is over. */
export class ReplayWatch {
  private readonly bells = new Set<WakeUp>();

  constructor(private readonly options: ReplayWatchOptions) {}

  /** A pump of this instance may have ended one. */
  ring(): void {
    for (const bell of this.bells) bell.ring();
  }

  /**
   * Resolves when the pump has reached the stop position it has now. Rejects with the store's error.
   *
   * @throws PumpReplayEndedError when it has none, is reset meanwhile, or the signal comes first.
   */
  async whenDone(pump: PumpId, signal: AbortSignal): Promise<void> {
    const { cursors, clock, everyMs } = this.options;
    const ended = (why: string) => new PumpReplayEndedError(pumpKeyOf(pump), why);
    const bell = new WakeUp(clock);
    this.bells.add(bell);
    try {
      const first = await cursors.load(pump);
      if (first?.stopAt === undefined) throw ended('it has none');
      for (let cursor: PumpCursor | undefined = first; !isOver(cursor);) {
        await bell.wait(everyMs, signal);
        if (signal.aborted) throw ended('the pumps of this instance were stopped');
        cursor = await cursors.load(pump);
        if (cursor?.generation !== first.generation) throw ended('it was reset meanwhile');
      }
    } finally {
      this.bells.delete(bell);
    }
  }
}

/** Only a stop that was reached is taken away within a generation. */
function isOver(cursor: PumpCursor | undefined): boolean {
  return cursor?.hasStopped === true || cursor?.stopAt === undefined;
}
