import { MemoryPathwayState } from '../../state/memory-pathway.state.js';
import type { ClaimPurpose, EventClaim, EventStatus } from '../../state/pathway-state.interface.js';
import type { ControllableClock } from '../controllable-clock.js';

// States with one fault each: what the contract suite must report.

export class GrantsEverything extends MemoryPathwayState {
  override claim(eventId: string, generation: number, purpose?: ClaimPurpose): EventClaim {
    void super.claim(eventId, generation, purpose);
    return 'claimed';
  }
}

export class GrantsNothing extends MemoryPathwayState {
  override claim(): EventClaim {
    return 'processed';
  }
}

export class KnowsNoReplay extends MemoryPathwayState {
  override claim(eventId: string, generation: number) {
    return super.claim(eventId, generation, 'delivery');
  }
}

export class ReplaysEverything extends MemoryPathwayState {
  override claim(eventId: string, generation: number, purpose?: ClaimPurpose) {
    return super.claim(eventId, purpose === 'replay' ? 1_000_000 : generation, purpose);
  }
}

export class KnowsNoGeneration extends MemoryPathwayState {
  override claim(eventId: string, _generation: number, purpose?: ClaimPurpose) {
    return super.claim(eventId, 0, purpose);
  }
}

export class ComparesGenerationsByIdentity extends MemoryPathwayState {
  private readonly known = new Map<string, number>();
  override async claim(eventId: string, generation: number, purpose?: ClaimPurpose): Promise<EventClaim> {
    const mark = this.known.get(eventId);
    return super.claim(eventId, mark === undefined || mark === generation ? generation : 1_000_000, purpose);
  }
  override complete(eventId: string, generation: number, status: EventStatus): void {
    this.known.set(eventId, generation);
    super.complete(eventId, generation, status);
  }
}

export class MarksOnlyClaims extends MemoryPathwayState {
  private readonly claims = new Set<string>();
  override async claim(eventId: string, generation: number, purpose?: ClaimPurpose): Promise<EventClaim> {
    const claim = await super.claim(eventId, generation, purpose);
    if (claim === 'claimed') this.claims.add(eventId);
    return claim;
  }
  override complete(eventId: string, generation: number, status: EventStatus): void {
    if (this.claims.delete(eventId)) super.complete(eventId, generation, status);
  }
}

export class KeepsTheFirstMark extends MemoryPathwayState {
  override complete(eventId: string, generation: number, status: EventStatus): void {
    super.complete(eventId, generation, this.statusOf(eventId) ?? status);
  }
}

/** Knows of which generation the newest mark of an event is. */
class KnowsTheNewestMark extends MemoryPathwayState {
  private readonly newest = new Map<string, number>();
  override complete(eventId: string, generation: number, status: EventStatus): void {
    this.newest.set(eventId, Math.max(generation, this.newestOf(eventId) ?? 0));
    super.complete(eventId, generation, status);
  }
  protected newestOf(eventId: string): number | undefined {
    return this.newest.get(eventId);
  }
}

export class TakesOlderMarks extends KnowsTheNewestMark {
  private readonly older = new Map<string, number>();
  override claim(eventId: string, generation: number, purpose?: ClaimPurpose) {
    const older = this.older.get(eventId) ?? generation;
    return super.claim(eventId, older < generation ? 1_000_000 : generation, purpose);
  }
  override complete(eventId: string, generation: number, status: EventStatus): void {
    super.complete(eventId, generation, status);
    if (generation === this.newestOf(eventId)) this.older.delete(eventId);
    else this.older.set(eventId, generation);
  }
}

export class KeepsTheClaimOfAnOlderMark extends KnowsTheNewestMark {
  override complete(eventId: string, generation: number, status: EventStatus): void {
    if (generation >= (this.newestOf(eventId) ?? 0)) super.complete(eventId, generation, status);
  }
}

export class MakesLettersOfWhatWasProcessed extends KnowsTheNewestMark {
  private readonly letters = new Set<string>();
  override claim(eventId: string, generation: number, purpose?: ClaimPurpose) {
    const isLetter = purpose === 'replay' && this.letters.has(eventId);
    return super.claim(eventId, isLetter ? 1_000_000 : generation, purpose);
  }
  override complete(eventId: string, generation: number, status: EventStatus): void {
    const isUndone = this.statusOf(eventId) === 'processed' && generation === this.newestOf(eventId);
    if (isUndone && status === 'dead-lettered') this.letters.add(eventId);
    super.complete(eventId, generation, status);
  }
}

export class ShowsTheMarkUnderAClaim extends MemoryPathwayState {
  private readonly known = new Map<string, EventStatus>();
  override complete(eventId: string, generation: number, status: EventStatus): void {
    this.known.set(eventId, status);
    super.complete(eventId, generation, status);
  }
  override statusOf(eventId: string): EventStatus | undefined {
    return this.known.get(eventId);
  }
}

export class ForgetsAtRelease extends MemoryPathwayState {
  private readonly forgotten = new Set<string>();
  override claim(eventId: string, generation: number, purpose?: ClaimPurpose) {
    return super.claim(eventId, this.forgotten.delete(eventId) ? 1_000_000 : generation, purpose);
  }
  override release(eventId: string): void {
    super.release(eventId);
    this.forgotten.add(eventId);
  }
  override statusOf(eventId: string): EventStatus | undefined {
    return this.forgotten.has(eventId) ? undefined : super.statusOf(eventId);
  }
}

export class IgnoresRelease extends MemoryPathwayState {
  override release(): void {}
}

export class WakesNobody extends MemoryPathwayState {
  override claim(eventId: string, generation: number, purpose?: ClaimPurpose) {
    const claim = super.claim(eventId, generation, purpose);
    return claim instanceof Promise ? new Promise<EventClaim>(() => {}) : claim;
  }
}

export class AnswersBeforeTheEnd extends MemoryPathwayState {
  override claim(eventId: string, generation: number, purpose?: ClaimPurpose) {
    const claim = super.claim(eventId, generation, purpose);
    return claim instanceof Promise ? 'processed' : claim;
  }
}

/** What a store does with ids before it uses them. */
export const foldingIds = (fold: (eventId: string) => string) =>
  class extends MemoryPathwayState {
    override claim(eventId: string, generation: number, purpose?: ClaimPurpose) {
      return super.claim(fold(eventId), generation, purpose);
    }
    override complete(eventId: string, generation: number, status: EventStatus): void {
      super.complete(fold(eventId), generation, status);
    }
    override release(eventId: string): void {
      super.release(fold(eventId));
    }
    override statusOf(eventId: string) {
      return super.statusOf(fold(eventId));
    }
  };

export class SaysNoTtl extends MemoryPathwayState {
  override readonly markTtlMs = Number.NaN;
}

export class ForgetsEarly extends MemoryPathwayState {
  private readonly since: number;
  constructor(private readonly time: ControllableClock) {
    super({ clock: time });
    this.since = time.now();
  }
  override claim(eventId: string, generation: number, purpose?: ClaimPurpose) {
    const isForgotten = this.time.now() - this.since > this.markTtlMs / 2;
    return super.claim(eventId, isForgotten ? 1_000_000 : generation, purpose);
  }
}
