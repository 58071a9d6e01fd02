import type { DeadLetter, DeadLetterFilter, DeadLetterStore } from './dead-letter-store.interface.js';

/** Dead letters in memory: gone with the process. Development and tests. */
export class MemoryDeadLetterStore implements DeadLetterStore {
  private readonly letters = new Map<string, DeadLetter>();
  /** Letters by source and order key, oldest first, so asking for a blocker costs the same however many there are. */
  private readonly byOrderKey = new Map<string, Set<string>>();

  add(letter: DeadLetter): void {
    this.letters.set(letter.eventId, letter);
    if (letter.orderKey === undefined) return;
    const scope = scopeOf(letter.source, letter.orderKey);
    const ids = this.byOrderKey.get(scope);
    if (ids) ids.add(letter.eventId);
    else this.byOrderKey.set(scope, new Set([letter.eventId]));
  }

  get(eventId: string): DeadLetter | undefined {
    return this.letters.get(eventId);
  }

  list(filter: DeadLetterFilter = {}, limit = Infinity): readonly DeadLetter[] {
    const found: DeadLetter[] = [];
    for (const letter of this.letters.values()) {
      if (found.length >= limit) break;
      if (matches(letter, filter)) found.push(letter);
    }
    return found;
  }

  count(filter: DeadLetterFilter = {}): number {
    return this.list(filter).length;
  }

  remove(eventId: string): void {
    const letter = this.letters.get(eventId);
    this.letters.delete(eventId);
    if (letter?.orderKey === undefined) return;
    const scope = scopeOf(letter.source, letter.orderKey);
    const ids = this.byOrderKey.get(scope);
    ids?.delete(eventId);
    if (ids?.size === 0) this.byOrderKey.delete(scope);
  }

  blockerOf(source: string, orderKey: string): string | undefined {
    if (this.byOrderKey.size === 0) return undefined;
    const [first] = this.byOrderKey.get(scopeOf(source, orderKey)) ?? [];
    return first;
  }
}

function matches(letter: DeadLetter, filter: DeadLetterFilter): boolean {
  return (
    (filter.pathway === undefined || filter.pathway === letter.pathway) &&
    (filter.orderKey === undefined || filter.orderKey === letter.orderKey) &&
    (filter.reason === undefined || filter.reason === letter.reason) &&
    (filter.fingerprint === undefined || filter.fingerprint === letter.fingerprint)
  );
}

function scopeOf(source: string, orderKey: string): string {
  return JSON.stringify([source, orderKey]);
}
