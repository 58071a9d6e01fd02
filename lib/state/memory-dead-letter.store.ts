import { matchesFilter } from './dead-letter-filter.util.js';
import { isIdempotentClaim } from './idempotent-claim.util.js';
import type {
  DeadLetter,
  DeadLetterFilter,
  DeadLetterStore,
  FingerprintCount,
} from './dead-letter-store.interface.js';

/** Dead letters in memory: gone with the process. Development and tests. */
export class MemoryDeadLetterStore implements DeadLetterStore {
  private readonly letters = new Map<string, DeadLetter>();
  /**
   * Letters by source and order key, oldest first, so asking for a blocker or for the first letters of a key costs the same
   * however many there are.
   */
  private readonly byOrderKey = new Map<string, Map<string, DeadLetter>>();
  private lastSequence = 0;

  add(letter: DeadLetter): void {
    const earlier = this.letters.get(letter.eventId);
    // Without a key it had before, the letter must not go on holding that key.
    const isMoved = earlier !== undefined && scopeOf(earlier) !== scopeOf(letter);
    if (isMoved) this.forgetKeyOf(earlier);
    const kept = { ...letter, sequence: earlier?.sequence ?? ++this.lastSequence };
    this.letters.set(kept.eventId, kept);
    const scope = scopeOf(kept);
    if (scope === undefined) return;
    const ofKey = this.byOrderKey.get(scope);
    if (ofKey) ofKey.set(kept.eventId, kept);
    else this.byOrderKey.set(scope, new Map([[kept.eventId, kept]]));
    // It keeps its place among all letters, so it may come before those its new key had already.
    if (ofKey && isMoved) this.byOrderKey.set(scope, inOrder(ofKey));
  }

  park(letter: DeadLetter): boolean {
    const ofKey = this.lettersOfKey(letter);
    if (!ofKey || ofKey.size === (ofKey.has(letter.eventId) ? 1 : 0)) return false;
    this.add(letter);
    return true;
  }

  get(eventId: string): DeadLetter | undefined {
    if (!isIdempotentClaim(eventId)) return this.letters.get(eventId);
    return [...this.letters.values()].find(({ claimId }) => claimId === eventId);
  }

  list(filter: DeadLetterFilter = {}, limit = Infinity, after = 0): readonly DeadLetter[] {
    const found: DeadLetter[] = [];
    for (const letter of this.candidates(filter)) {
      if (found.length >= limit) break;
      if ((letter.sequence ?? 0) > after && matchesFilter(letter, filter)) found.push(letter);
    }
    return found;
  }

  count(filter: DeadLetterFilter = {}, after = 0): number {
    return this.list(filter, Infinity, after).length;
  }

  countByFingerprint(filter: DeadLetterFilter = {}): readonly FingerprintCount[] {
    const counts = new Map<string, number>();
    for (const { fingerprint } of this.list(filter)) {
      counts.set(fingerprint, (counts.get(fingerprint) ?? 0) + 1);
    }
    return [...counts]
      .map(([fingerprint, count]) => ({ fingerprint, count }))
      .sort((a, b) => b.count - a.count || (a.fingerprint < b.fingerprint ? -1 : 1));
  }

  remove(eventId: string, generation?: number): void {
    const letter = this.letters.get(eventId);
    if (!letter || (generation !== undefined && generation !== (letter.generation ?? 0))) return;
    this.letters.delete(eventId);
    this.forgetKeyOf(letter);
  }

  blockerOf(source: string, orderKey: string): string | undefined {
    if (this.byOrderKey.size === 0) return undefined;
    const [first] = this.lettersOfKey({ source, orderKey })?.keys() ?? [];
    return first;
  }

  blockedKeys(source: string, orderKeys: readonly string[]): string[] {
    return orderKeys.filter((orderKey) => this.blockerOf(source, orderKey) !== undefined);
  }

  private candidates({ source, orderKey }: DeadLetterFilter): Iterable<DeadLetter> {
    if (source === undefined || orderKey === undefined) return this.letters.values();
    return this.lettersOfKey({ source, orderKey })?.values() ?? [];
  }

  private lettersOfKey(letter: Pick<DeadLetter, 'source' | 'orderKey'>): Map<string, DeadLetter> | undefined {
    const scope = scopeOf(letter);
    return scope === undefined ? undefined : this.byOrderKey.get(scope);
  }

  private forgetKeyOf(letter: DeadLetter): void {
    const scope = scopeOf(letter);
    if (scope === undefined) return;
    const ofKey = this.byOrderKey.get(scope);
    ofKey?.delete(letter.eventId);
    if (ofKey?.size === 0) this.byOrderKey.delete(scope);
  }
}

function inOrder(letters: ReadonlyMap<string, DeadLetter>): Map<string, DeadLetter> {
  return new Map([...letters].sort(([, a], [, b]) => (a.sequence ?? 0) - (b.sequence ?? 0)));
}

function scopeOf({ source, orderKey }: Pick<DeadLetter, 'source' | 'orderKey'>): string | undefined {
  return orderKey === undefined ? undefined : JSON.stringify([source, orderKey]);
}
