import { setImmediate as turn } from 'node:timers/promises';
import type {
  DeadLetter,
  DeadLetterFilter,
  DeadLetterStore,
  FingerprintCount,
} from '../../state/dead-letter-store.interface.js';
import { MemoryDeadLetterStore } from '../../state/memory-dead-letter.store.js';

// Stores with one fault each: what the contract suite must report.

/** A store that keeps something else than it was given. */
const keeping = (change: (letter: DeadLetter) => DeadLetter) =>
  class extends MemoryDeadLetterStore {
    override add(letter: DeadLetter): void {
      super.add(change(letter));
    }
  };

export const KeepsWholeSeconds = keeping((letter) => ({
  ...letter,
  deadLetteredAt: new Date(Math.floor(letter.deadLetteredAt.getTime() / 1_000) * 1_000),
}));
export const KeepsDatesAsText = keeping((letter) => ({
  ...letter,
  attempts: JSON.parse(JSON.stringify(letter.attempts)),
}));
export const DropsGenerations = keeping((letter) => ({ ...letter, generation: 0 }));
export const InventsOrderKeys = keeping((letter) => ({ ...letter, orderKey: letter.orderKey ?? '' }));
export const SortsKeys = keeping((letter) => ({
  ...letter,
  event: sorted(letter.event) as DeadLetter['event'],
}));
export const DropsNul = keeping((letter) => ({
  ...letter,
  event: JSON.parse(JSON.stringify(letter.event).replaceAll(String.raw`\u0000`, '')),
}));

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, inner]) => [key, sorted(inner)]),
  );
}

export class RefusesNul extends MemoryDeadLetterStore {
  override add(letter: DeadLetter): void {
    if (letter.error.includes('\u0000')) throw new Error('invalid byte sequence');
    super.add(letter);
  }
}

export class TrimsIds extends MemoryDeadLetterStore {
  override add(letter: DeadLetter): void {
    super.add({ ...letter, eventId: letter.eventId.trim() });
  }
}

export class FindsAnything extends MemoryDeadLetterStore {
  override get(eventId: string): DeadLetter | undefined {
    return super.get(eventId) ?? this.list()[0];
  }
}

export class RemovesNothing extends MemoryDeadLetterStore {
  override remove(): void {}
}

export class RemovesTheFirst extends MemoryDeadLetterStore {
  override remove(): void {
    const [first] = this.list();
    if (first) super.remove(first.eventId);
  }
}

export class RemovesAnyGeneration extends MemoryDeadLetterStore {
  override remove(eventId: string): void {
    super.remove(eventId);
  }
}

export class KnowsNoPages extends MemoryDeadLetterStore {
  override list(filter?: DeadLetterFilter, limit?: number): readonly DeadLetter[] {
    return super.list(filter, limit);
  }
}

export class CountsEveryPage extends MemoryDeadLetterStore {
  override count(filter?: DeadLetterFilter): number {
    return super.count(filter);
  }
}

export class CountsCausesByName extends MemoryDeadLetterStore {
  override countByFingerprint(filter?: DeadLetterFilter): readonly FingerprintCount[] {
    return [...super.countByFingerprint(filter)].sort((a, b) => (a.fingerprint < b.fingerprint ? -1 : 1));
  }
}

export class CountsEveryCause extends MemoryDeadLetterStore {
  override countByFingerprint(): readonly FingerprintCount[] {
    return super.countByFingerprint();
  }
}

export class ParksBehindItself extends MemoryDeadLetterStore {
  override park(letter: DeadLetter): boolean {
    const { source, orderKey } = letter;
    if (orderKey === undefined || this.blockerOf(source, orderKey) === undefined) return false;
    this.add(letter);
    return true;
  }
}

export class SortsByTime extends MemoryDeadLetterStore {
  override list(filter?: DeadLetterFilter, limit?: number): readonly DeadLetter[] {
    const byTime = (a: DeadLetter, b: DeadLetter) => a.deadLetteredAt.getTime() - b.deadLetteredAt.getTime();
    return [...super.list(filter, limit)].sort(byTime);
  }
}

export class ReplacesAtTheEnd extends MemoryDeadLetterStore {
  override add(letter: DeadLetter): void {
    this.remove(letter.eventId);
    super.add(letter);
  }
}

export class KeepsTheFirstLetter extends MemoryDeadLetterStore {
  override add(letter: DeadLetter): void {
    if (!this.get(letter.eventId)) super.add(letter);
  }
}

export class ListsEverything extends MemoryDeadLetterStore {
  override list(filter?: DeadLetterFilter): readonly DeadLetter[] {
    return super.list(filter);
  }
}

export class LimitsBeforeItFilters extends MemoryDeadLetterStore {
  override list(filter?: DeadLetterFilter, limit?: number): readonly DeadLetter[] {
    const first = new Set(super.list({}, limit));
    return super.list(filter).filter((letter) => first.has(letter));
  }
}

export class IgnoresAFilter extends MemoryDeadLetterStore {
  override list({ fingerprint: _, ...filter }: DeadLetterFilter = {}, limit?: number): readonly DeadLetter[] {
    return super.list(filter, limit);
  }
}

export class CountsEverything extends MemoryDeadLetterStore {
  override count(): number {
    return super.count();
  }
}

/** Writes what it had read before: of several additions at once all but one are lost. */
export class RewritesTheWholeFile extends MemoryDeadLetterStore {
  private file: readonly DeadLetter[] = [];
  override async add(letter: DeadLetter): Promise<void> {
    const file = [...this.file, letter];
    await turn();
    this.file = file;
  }
  override list(): readonly DeadLetter[] {
    return this.file;
  }
}

export class BlocksWithTheLast extends MemoryDeadLetterStore {
  override blockerOf(source: string, orderKey: string): string | undefined {
    return this.list()
      .filter((letter) => letter.source === source && letter.orderKey === orderKey)
      .at(-1)?.eventId;
  }
}

export class BlocksEverySource extends MemoryDeadLetterStore {
  override blockerOf(_source: string, orderKey: string): string | undefined {
    return this.list({ orderKey })[0]?.eventId;
  }
}

export class JoinsSourceAndKey extends MemoryDeadLetterStore {
  override blockerOf(source: string, orderKey: string): string | undefined {
    return this.list().find((letter) => `${letter.source}:${letter.orderKey}` === `${source}:${orderKey}`)
      ?.eventId;
  }
}

export class BlocksTheFormerKey extends MemoryDeadLetterStore {
  private readonly scopes = new Map<string, string>();
  override add(letter: DeadLetter): void {
    super.add(letter);
    this.scopes.set(JSON.stringify([letter.source, letter.orderKey]), letter.eventId);
  }
  override blockerOf(source: string, orderKey: string): string | undefined {
    return super.blockerOf(source, orderKey) ?? this.scopes.get(JSON.stringify([source, orderKey]));
  }
}

export class BlocksKeysOfEverySource extends MemoryDeadLetterStore {
  override blockedKeys(_source: string, orderKeys: readonly string[]): string[] {
    return orderKeys.filter((orderKey) => this.list({ orderKey }).length > 0);
  }
}

export class ParksEverything extends MemoryDeadLetterStore {
  override park(letter: DeadLetter): boolean {
    this.add(letter);
    return true;
  }
}

export class ParksNothing extends MemoryDeadLetterStore {
  override park(): boolean {
    return false;
  }
}

export class ParksWithoutKeeping extends MemoryDeadLetterStore {
  override park({ source, orderKey }: DeadLetter): boolean {
    return orderKey !== undefined && this.blockerOf(source, orderKey) !== undefined;
  }
}

export class LooksBeforeItParks implements DeadLetterStore {
  private readonly letters = new MemoryDeadLetterStore();
  add = (letter: DeadLetter) => this.letters.add(letter);
  get = (eventId: string) => this.letters.get(eventId);
  list = (filter?: DeadLetterFilter, limit?: number) => this.letters.list(filter, limit);
  count = (filter?: DeadLetterFilter) => this.letters.count(filter);
  countByFingerprint = (filter?: DeadLetterFilter) => this.letters.countByFingerprint(filter);
  remove = async (eventId: string) => {
    await turn();
    this.letters.remove(eventId);
  };
  blockerOf = (source: string, orderKey: string) => this.letters.blockerOf(source, orderKey);

  async park(letter: DeadLetter): Promise<boolean> {
    const { source, orderKey } = letter;
    if (orderKey === undefined || this.blockerOf(source, orderKey) === undefined) return false;
    await turn();
    await turn();
    this.letters.add(letter);
    return true;
  }
}
