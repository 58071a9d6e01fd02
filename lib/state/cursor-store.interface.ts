import type { MaybePromise } from '../event/maybe-promise.type.js';

/** Identity of a pump: what its cursor is stored under. */
export interface PumpId {
  readonly tenant: string;
  readonly dataCore: string;
  readonly flowType: string;
  readonly pumpGroup: string;
}

/** The stored position of a pump: everything up to and including it is finished. */
export interface PumpCursor {
  /** 14 digits, UTC hour. */
  readonly timeBucket: string;
  /** Absent: from the beginning of the bucket. The pump resumes after this id. */
  readonly eventId?: string;
  /** Raised by every reset; marks of older generations do not count. Absent is 0. */
  readonly generation?: number;
  /**
   * Event id of the place this generation began at: a look back from the cursor must not reach behind it, or a pump that
   * began `live` would deliver older events. A store that does not keep it gives up the look back at start.
   */
  readonly origin?: string;
  /**
   * Event id of the last place this generation delivers: a bounded replay. A store that does not keep it lets a replay that
   * is interrupted go on for ever.
   */
  readonly stopAt?: string;
  /** That place is reached: no instance delivers anything until the pump is started or reset by hand. Absent is `false`. */
  readonly hasStopped?: boolean;
  /**
   * Unix milliseconds: everything that was stored until then, this long ago or longer, is finished too, and nothing newer is
   * under way. Whoever cleans up marks need not keep those of older events for this pump. A store that does not keep it
   * keeps marks from the cursor on.
   */
  readonly caughtUpAt?: number;
}

/** The right to write, proven. A store refuses a token older than one it has seen. */
export type FencingToken = number;

/** Keeps the cursor of every pump. Bring your own by implementing these three methods. */
export interface CursorStore {
  load(pump: PumpId): MaybePromise<PumpCursor | undefined>;
  /** Must be durable when it returns. @throws FencingTokenStaleError when a newer token has written before. */
  save(pump: PumpId, cursor: PumpCursor, token: FencingToken): MaybePromise<void>;
  clear(pump: PumpId): MaybePromise<void>;
}

/** `flowType + "::" + pumpGroup`, the name of a pump in options, logs and status. */
export function pumpKeyOf(pump: Pick<PumpId, 'flowType' | 'pumpGroup'>): string {
  return `${pump.flowType}::${pump.pumpGroup}`;
}
