import type { ClaimPurpose } from '../state/pathway-state.interface.js';

/** Where an event came from and how far the deliverer is willing to wait. */
export interface EventDelivery {
  /** The pump's key (`flowType::group`) or `webhook`. Order keys are scoped by it. */
  readonly source: string;
  /** Generation of the source; see PathwayState. */
  readonly generation: number;
  /**
   * `replay`: a dead letter is delivered again. It takes an event that is marked as one, and does not wait behind the dead
   * letters of its key.
   *
   * @default 'delivery'
   */
  readonly purpose?: ClaimPurpose;
  /** Aborted when the deliverer gives up (shutdown, lost lease). The event is then released, not dead-lettered. */
  readonly signal?: AbortSignal;
}

/** How the pipeline left an event. Only `aborted` and `halted` mean that it is not finished. */
export type EventOutcome =
  | { readonly status: 'processed' }
  /** Already handled in this generation; nothing was run. */
  | { readonly status: 'skipped' }
  /** Kept as a dead letter, now or by an earlier delivery. `error` is a PathwaysError that says why. */
  | { readonly status: 'dead-lettered'; readonly error: Error }
  /** The pathway's policy is `halt`: the event stays unfinished and its pump must stop before it. */
  | { readonly status: 'halted'; readonly error: Error }
  /** The deliverer gave up; the event will be delivered again. */
  | { readonly status: 'aborted' };
