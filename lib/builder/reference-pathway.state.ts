import type { MaybePromise } from '../event/maybe-promise.type.js';
import type { EventSignals } from '../state/event-signals.interface.js';
import { MemoryPathwayState, type MemoryPathwayStateOptions } from '../state/memory-pathway.state.js';
import type {
  ClaimPurpose,
  EventClaim,
  EventStatus,
  PathwayState,
} from '../state/pathway-state.interface.js';

/** The reference's contract for processed marks: what services that come from it have implemented. */
export interface ReferencePathwayState {
  isProcessed(eventId: string): MaybePromise<boolean>;
  setProcessed(eventId: string): MaybePromise<void>;
}

/** Marks in the memory of this process. Development and tests. */
export class InternalPathwayState implements ReferencePathwayState {
  private readonly marks: MemoryPathwayState;

  constructor(options: MemoryPathwayStateOptions = {}) {
    this.marks = new MemoryPathwayState(options);
  }

  async isProcessed(eventId: string): Promise<boolean> {
    return this.marks.statusOf(eventId) === 'processed';
  }

  async setProcessed(eventId: string): Promise<void> {
    this.marks.complete(eventId, 0, 'processed');
  }
}

export function isReferencePathwayState(
  state: PathwayState | ReferencePathwayState,
): state is ReferencePathwayState {
  return !('claim' in state);
}

/**
 * A {@link ReferencePathwayState} with the claims it lacks, which are kept in this process: two processes may handle one
 * event at the same time. It also knows no generations, so after a reset only this process can tell what it has already
 * handled anew. Dead letters are not marked: the contract could only call them processed.
 */
export class ReferenceStateAdapter implements PathwayState {
  readonly markTtlMs: number;

  constructor(
    private readonly given: ReferencePathwayState,
    private readonly claims: MemoryPathwayState,
  ) {
    this.markTtlMs = claims.markTtlMs;
  }

  async claim(eventId: string, generation: number, purpose?: ClaimPurpose): Promise<EventClaim> {
    const claim = await this.claims.claim(eventId, generation, purpose);
    if (claim !== 'claimed' || generation > 0) return claim;
    try {
      if (!(await this.given.isProcessed(eventId))) return 'claimed';
    } catch (error) {
      // Whoever delivers it again would wait for this claim for ever.
      this.claims.release(eventId);
      throw error;
    }
    this.claims.complete(eventId, generation, 'processed');
    return 'processed';
  }

  async complete(eventId: string, generation: number, status: EventStatus): Promise<void> {
    if (status === 'processed') await this.given.setProcessed(eventId);
    this.claims.complete(eventId, generation, status);
  }

  release(eventId: string): void {
    this.claims.release(eventId);
  }

  async statusOf(eventId: string): Promise<EventStatus | undefined> {
    const known = this.claims.statusOf(eventId);
    if (known !== undefined) return known;
    return (await this.given.isProcessed(eventId)) ? 'processed' : undefined;
  }
}

/** For a state that other processes share: its marks are looked at by whoever waits, and nobody is told. */
export const polledSignals: EventSignals = {
  waitFor: () => () => {},
  ended: () => {},
};
