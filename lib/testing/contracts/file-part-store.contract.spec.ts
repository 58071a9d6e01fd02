import { setImmediate as turn } from 'node:timers/promises';
import { silentLogger } from '../../event/logger.interface.js';
import { MemoryFilePartStore } from '../../processor/files/memory-file-part.store.js';
import type {
  FilePartEntry,
  FilePartOutcome,
  FilePartStore,
  StoredFilePart,
} from '../../state/file-part-store.interface.js';
import { ControllableClock } from '../controllable-clock.js';
import { describeMutants } from './contract-mutants.spec-util.js';
import { filePartStoreContract } from './file-part-store.contract.js';

const TTL_MS = 86_400_000;

/** A sound store of two processes; every mutant changes one thing. */
class SharedParts implements FilePartStore {
  protected readonly inner: MemoryFilePartStore;

  constructor(
    protected readonly clock: ControllableClock,
    ttlMs = TTL_MS,
  ) {
    this.inner = new MemoryFilePartStore({ clock, ttlMs, logger: silentLogger });
  }

  async storePart(entry: FilePartEntry): Promise<FilePartOutcome> {
    await turn();
    const outcome = this.inner.storePart(entry);
    return outcome.status === 'complete'
      ? { ...outcome, parts: this.inOrder(outcome.parts, entry) }
      : outcome;
  }

  async discard(groupId: string): Promise<void> {
    await turn();
    this.inner.discard(groupId);
  }

  protected inOrder(parts: readonly StoredFilePart[], _last: FilePartEntry): readonly StoredFilePart[] {
    return parts;
  }
}

class BeginsAtOne extends SharedParts {
  protected override inOrder(parts: readonly StoredFilePart[]) {
    return parts.filter(({ part }) => part > 0);
  }
}

class PutsTheLastOneLast extends SharedParts {
  protected override inOrder(parts: readonly StoredFilePart[], last: FilePartEntry) {
    return parts.toSorted((a, b) => Number(a.part === last.part) - Number(b.part === last.part));
  }
}

class SortsAsTexts extends SharedParts {
  protected override inOrder(parts: readonly StoredFilePart[]) {
    return parts.toSorted((a, b) => (String(a.part) < String(b.part) ? -1 : 1));
  }
}

class NeedsTwo extends SharedParts {
  override async storePart(entry: FilePartEntry): Promise<FilePartOutcome> {
    const outcome = await super.storePart(entry);
    return entry.totalParts === 1 ? { status: 'stored' } : outcome;
  }
}

class TakesTheLatest extends SharedParts {
  protected override inOrder(parts: readonly StoredFilePart[], { part, eventId, data }: FilePartEntry) {
    return parts.map((kept) => (kept.part === part ? { part, eventId, data } : kept));
  }
}

class CompletesOnce extends SharedParts {
  private readonly completed = new Set<string>();
  override async storePart(entry: FilePartEntry): Promise<FilePartOutcome> {
    const outcome = await super.storePart(entry);
    if (outcome.status !== 'complete') return outcome;
    if (this.completed.has(entry.groupId)) return { status: 'duplicate' };
    this.completed.add(entry.groupId);
    return outcome;
  }
}

class FoldsNames extends SharedParts {
  override async storePart(entry: FilePartEntry): Promise<FilePartOutcome> {
    return super.storePart({ ...entry, groupId: entry.groupId.replaceAll('\0', '') });
  }
}

class DiscardsCopies extends SharedParts {
  override async discard(groupId: string): Promise<void> {
    return super.discard(groupId.replace(/~\d+$/, ''));
  }
}

/** Each instance has its own view of what is there, as a cache would. */
class KeepsToItself extends SharedParts {}

/** Counts before it stores, so that two at once both miss the other. */
class CountsBefore extends SharedParts {
  private readonly there = new Map<string, Set<number>>();
  override async storePart(entry: FilePartEntry): Promise<FilePartOutcome> {
    const parts = this.there.get(entry.groupId) ?? new Set();
    this.there.set(entry.groupId, parts);
    const willBeWhole = new Set([...parts, entry.part]).size === entry.totalParts;
    await turn();
    parts.add(entry.part);
    const outcome = this.inner.storePart(entry);
    return outcome.status === 'complete' && !willBeWhole ? { status: 'stored' } : outcome;
  }
}

/** Counts, and reads when the file may be gone. */
class ReadsLater extends SharedParts {
  private discards = 0;
  override async storePart(entry: FilePartEntry): Promise<FilePartOutcome> {
    const stored = this.inner.storePart(entry);
    await turn();
    const counted = this.inner.storePart(entry);
    if (counted.status !== 'complete') return stored;
    const { discards } = this;
    for (let part = 0; part < entry.part; part++) await turn();
    return this.discards > discards ? { status: 'complete', parts: [] } : counted;
  }

  override async discard(groupId: string): Promise<void> {
    this.inner.discard(groupId);
    this.discards++;
  }
}

class NeverForgets extends SharedParts {
  constructor(clock: ControllableClock) {
    super(clock, Number.POSITIVE_INFINITY);
  }
}

class CountsFromTheFirst extends SharedParts {
  private readonly since = new Map<string, number>();
  override async storePart(entry: FilePartEntry): Promise<FilePartOutcome> {
    const since = this.since.get(entry.groupId) ?? this.clock.now();
    this.since.set(entry.groupId, since);
    if (since + TTL_MS <= this.clock.now()) this.inner.discard(entry.groupId);
    return super.storePart(entry);
  }
}

const shared = (Faulty: new (clock: ControllableClock) => FilePartStore) => () => {
  const clock = new ControllableClock(0);
  const store = new Faulty(clock);
  return {
    store,
    openSecond: () => (store instanceof KeepsToItself ? new KeepsToItself(clock) : store),
    advance: (milliseconds: number) => clock.advance(milliseconds),
  };
};

const FROM_0 = 'parts numbered from 0 are complete with the last one, and in the order of their numbers';
const FROM_1 = 'parts numbered from 1 are complete with the last one, and in the order of their numbers';
const ONE = 'a file of one part is complete at once';
const DIGITS = 'more parts than have one digit are in the order of their numbers';
const REPEATED = 'of two parts of one number the first counts, and the other is a duplicate';
const WHOLE = 'a whole file stays whole until it is discarded, and begins anew then';
const ODD = 'files do not meet, however odd or long their names, and any text comes back as it was';
const DISCARD = 'discarding touches no other file, nor what is not there';
const TOGETHER = 'two instances collect one file, and one discards it for both';
const AT_ONCE = 'of callers that store the last parts at once, at least one sees the whole file';
const SEEN_WHOLE = 'a whole file that is discarded while others look at it is seen whole, or not at all';
const EXPIRED = 'parts of an unfinished file are gone when their time is over';
const ANEW = 'the time begins anew with every part, also a repeated one';

describeMutants(
  'filePartStoreContract',
  (create, limitMs) => filePartStoreContract(create, { shared: true, clock: true, limitMs }),
  shared(SharedParts),
  [
    { name: 'has no part 0', create: shared(BeginsAtOne), reportedBy: [FROM_0] },
    { name: 'puts the last part last', create: shared(PutsTheLastOneLast), reportedBy: [FROM_0, FROM_1] },
    { name: 'sorts numbers as texts', create: shared(SortsAsTexts), reportedBy: [DIGITS] },
    { name: 'never completes one part', create: shared(NeedsTwo), reportedBy: [ONE] },
    { name: 'takes the latest part', create: shared(TakesTheLatest), reportedBy: [REPEATED] },
    { name: 'tells of completeness once', create: shared(CompletesOnce), reportedBy: [WHOLE, TOGETHER] },
    { name: 'folds names', create: shared(FoldsNames), reportedBy: [ODD] },
    { name: 'discards copies of a file', create: shared(DiscardsCopies), reportedBy: [DISCARD] },
    { name: 'keeps parts to one instance', create: shared(KeepsToItself), reportedBy: [TOGETHER] },
    { name: 'counts before it stores', create: shared(CountsBefore), reportedBy: [AT_ONCE] },
    { name: 'reads after it counted', create: shared(ReadsLater), reportedBy: [SEEN_WHOLE] },
    { name: 'never forgets', create: shared(NeverForgets), reportedBy: [EXPIRED] },
    { name: 'counts time from the first part on', create: shared(CountsFromTheFirst), reportedBy: [ANEW] },
  ],
);
