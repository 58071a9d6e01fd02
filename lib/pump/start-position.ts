import type { Clock } from '../event/clock.interface.js';
import type { CursorStore, FencingToken, PumpCursor, PumpId } from '../state/cursor-store.interface.js';
import { PumpStopBehindError } from '../errors/pump-stop-behind.error.js';
import { compareTimeUuids } from '../event/time-uuid.util.js';
import { cursorOf, resumeIdOf } from './pump-position.util.js';
import { stopIdOf } from './pump-stop.util.js';
import type { PumpStart } from './pump-start.interface.js';
import type { PumpPosition, PumpStop } from './pump.options.js';

/** What the start position is found with. */
export interface StartPositionOptions {
  readonly id: PumpId;
  readonly cursors: CursorStore;
  /** Where to begin without a stored cursor. */
  readonly startFrom: PumpPosition;
  /** Marks survive a restart. */
  readonly hasDurableMarks: boolean;
  readonly clock: Clock;
}

/** Where a pump begins: its stored cursor, or else the place it was told to, decided once. */
export class StartPosition {
  generation = 0;
  /** The last id that is delivered, as far as is known here. */
  stopAt: string | undefined;
  /** It was reached, as far as is known here. */
  hasStopped = false;
  /** The generation whose stop somebody took away, and the store does not know it yet. */
  private lifted: number | undefined;
  private first: PumpCursor | undefined;

  constructor(private readonly options: StartPositionOptions) {}

  /** Decides where to begin without a stored cursor: a slow start on `live` must not skip what is stored meanwhile. */
  decide(): PumpCursor {
    return (this.first ??= this.cursorAt(this.options.startFrom));
  }

  async load(token: FencingToken): Promise<PumpStart> {
    const { id, cursors, hasDurableMarks } = this.options;
    const stored = await cursors.load(id);
    const cursor = this.withoutLifted(stored) ?? this.decide();
    this.generation = cursor.generation ?? 0;
    // Without it, a process that ends before its first event would begin at a later 'live' and skip what lies between.
    const mustSave = stored ? cursor !== stored : cursor.eventId !== undefined;
    if (mustSave) await cursors.save(id, cursor, token);
    this.lifted = undefined;
    const { stopAt, hasStopped = false } = cursor;
    this.stopAt = stopAt;
    this.hasStopped = hasStopped;
    // Everything from the origin to the cursor was delivered in the cursor's generation, so marks tell what was handled.
    const isSweepDue = hasDurableMarks && stored?.origin !== undefined;
    return {
      cursor: { ...cursor, generation: this.generation },
      generation: this.generation,
      floor: (isSweepDue ? stored.origin : undefined) ?? resumeIdOf(cursor),
      isSweepDue,
      stopAt,
      hasStopped,
    };
  }

  /** Takes the stop away that was reached, so that the next run goes on behind it. Tells whether there was one. */
  lift(): boolean {
    if (!this.hasStopped) return false;
    this.lifted = this.generation;
    this.hasStopped = false;
    return true;
  }

  /** Replaces the stored cursor and begins a new generation there. */
  async move(target: PumpCursor, token: FencingToken): Promise<void> {
    const { id, cursors } = this.options;
    const stored = await cursors.load(id);
    const generation = Math.max(stored?.generation ?? 0, this.generation) + 1;
    await cursors.save(id, { ...target, generation }, token);
    this.generation = generation;
    this.stopAt = target.stopAt;
    this.hasStopped = false;
    this.lifted = undefined;
  }

  /** The cursor of a pump that begins at the position. @throws PumpPositionInvalidError, PumpStopInvalidError, PumpStopBehindError */
  cursorAt(position: PumpPosition, stop?: PumpStop): PumpCursor {
    const cursor = cursorOf(position, this.options.clock.now());
    const origin = resumeIdOf(cursor);
    if (stop === undefined) return { ...cursor, origin };
    const stopAt = stopIdOf(stop);
    if (compareTimeUuids(stopAt, origin) <= 0) throw new PumpStopBehindError(position, stop);
    return { ...cursor, origin, stopAt };
  }

  private withoutLifted(stored: PumpCursor | undefined): PumpCursor | undefined {
    // Another generation is another replay, with a stop of its own.
    if (!stored || this.lifted === undefined || (stored.generation ?? 0) !== this.lifted) return stored;
    const { stopAt: _stopAt, hasStopped: _hasStopped, ...cursor } = stored;
    return cursor;
  }
}
