import type { PumpCursor } from '../state/cursor-store.interface.js';

/** Where a session begins. */
export interface PumpStart {
  readonly cursor: PumpCursor;
  readonly generation: number;
  /** No look back reaches behind this id: the pump began here, or marks of older events are gone. */
  readonly floor: string;
  /** Events behind the cursor may have been stored late since it was saved. */
  readonly isSweepDue: boolean;
  /** The last id that is delivered; `undefined`: it goes on for ever. */
  readonly stopAt: string | undefined;
  /** It is reached. */
  readonly hasStopped: boolean;
}
