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
}

/** The right to write, proven. A store refuses a token older than one it has seen. */
export type FencingToken = number;

/** Keeps the cursor of every pump. Bring your own by implementing these three methods. */
export interface CursorStore {
  load(pump: PumpId): MaybePromise<PumpCursor | undefined>;
  /** Must be durable when it returns. */
  save(pump: PumpId, cursor: PumpCursor, token: FencingToken): MaybePromise<void>;
  clear(pump: PumpId): MaybePromise<void>;
}

/** `flowType + "::" + pumpGroup`, the name of a pump in options, logs and status. */
export function pumpKeyOf(pump: Pick<PumpId, 'flowType' | 'pumpGroup'>): string {
  return `${pump.flowType}::${pump.pumpGroup}`;
}
