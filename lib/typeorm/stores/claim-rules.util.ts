import type { ClaimPurpose, EventClaim, EventStatus } from '../../state/pathway-state.interface.js';

/** A mark, as the state keeps it. */
export interface Mark {
  readonly status: EventStatus;
  readonly generation: number;
}

/** A mark that is on its way. */
export interface PendingMark extends Mark {
  /** Whether it ends a claim of this instance. The claim may have been taken over meanwhile; then the mark is refused. */
  readonly isClaimed: boolean;
}

/** What a mark answers to a claim; `claimed`: it does not stand in the way. */
export function answerOf(mark: Mark, generation: number, purpose: ClaimPurpose): EventClaim {
  if (mark.generation < generation) return 'claimed';
  return mark.status === 'dead-lettered' && purpose === 'replay' ? 'claimed' : mark.status;
}

/** Whether a mark stays where another one is made that ends no claim; the statements that write marks say the same. */
export function outlasts(mark: Mark, { generation, status }: Mark): boolean {
  if (mark.generation !== generation) return mark.generation > generation;
  return mark.status === 'processed' && status === 'dead-lettered';
}

/** Milliseconds between two looks at a claim that another instance holds. */
export const HELD_LOOK_MS = { first: 20, longest: 500 } as const;

/** An instance is only believed to be gone when its last sign is this old: its connection may just be reconnecting. */
export const GONE_AFTER_MS = 2_000;
