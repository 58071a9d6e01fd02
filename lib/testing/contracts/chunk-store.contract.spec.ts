import { setImmediate as turn } from 'node:timers/promises';
import type {
  ChunkPart,
  ChunkProgress,
  ChunkStore,
  ExpiredChunk,
} from '../../state/chunk-store.interface.js';
import { MemoryChunkStore } from '../../state/memory-chunk.store.js';
import { ControllableClock } from '../controllable-clock.js';
import { chunkStoreContract } from './chunk-store.contract.js';
import { describeMutants } from './contract-mutants.spec-util.js';

const TTL_MS = 3_600_000;

/** A sound store of two processes; every mutant changes one thing. */
class SharedChunks implements ChunkStore {
  protected readonly inner: MemoryChunkStore;

  constructor(protected readonly clock: ControllableClock) {
    this.inner = new MemoryChunkStore({ clock });
  }

  async storePart(part: ChunkPart): Promise<ChunkProgress> {
    await turn();
    return this.inner.storePart(part);
  }

  async load(chunkId: string): Promise<readonly string[] | undefined> {
    await turn();
    return this.inner.load(chunkId);
  }

  async finish(chunkId: string): Promise<void> {
    await turn();
    this.inner.finish(chunkId);
  }

  async takeExpired(): Promise<readonly ExpiredChunk[]> {
    await turn();
    return this.inner.takeExpired();
  }
}

class LoadsAsText extends SharedChunks {
  private readonly parts: ChunkPart[] = [];
  override async storePart(part: ChunkPart): Promise<ChunkProgress> {
    this.parts.push(part);
    return super.storePart(part);
  }
  override async load(chunkId: string): Promise<readonly string[] | undefined> {
    const loaded = await super.load(chunkId);
    const byText = this.parts.filter((part) => part.chunkId === chunkId);
    byText.sort((a, b) => (String(a.part) < String(b.part) ? -1 : 1));
    return loaded && byText.map(({ data }) => data);
  }
}

class LoadsInArrival extends SharedChunks {
  private readonly order = new Map<string, number[]>();
  override async storePart(part: ChunkPart): Promise<ChunkProgress> {
    const known = this.order.get(part.chunkId) ?? [];
    if (!known.includes(part.part)) known.push(part.part);
    this.order.set(part.chunkId, known);
    return super.storePart(part);
  }
  override async load(chunkId: string): Promise<readonly string[] | undefined> {
    const loaded = await super.load(chunkId);
    return loaded && this.order.get(chunkId)?.map((part) => loaded[part - 1] ?? '');
  }
}

class LoadsTooEarly extends SharedChunks {
  override async load(chunkId: string): Promise<readonly string[]> {
    return (await super.load(chunkId)) ?? [];
  }
}

class NeedsTwo extends SharedChunks {
  override async storePart(part: ChunkPart): Promise<ChunkProgress> {
    const progress = await super.storePart(part);
    return part.totalParts === 1 ? { status: 'stored' } : progress;
  }
}

class CompletesOnce extends SharedChunks {
  private readonly completed = new Set<string>();
  override async storePart(part: ChunkPart): Promise<ChunkProgress> {
    const progress = await super.storePart(part);
    if (progress.status !== 'complete') return progress;
    if (this.completed.has(part.chunkId)) return { status: 'duplicate' };
    this.completed.add(part.chunkId);
    return progress;
  }
}

class TakesTheLatestId extends SharedChunks {
  private firstEventId = '';
  override async storePart(part: ChunkPart): Promise<ChunkProgress> {
    if (part.part === 1) this.firstEventId = part.eventId;
    const progress = await super.storePart(part);
    return progress.status === 'complete' ? { ...progress, firstEventId: this.firstEventId } : progress;
  }
}

class OverlooksConflicts extends SharedChunks {
  override async storePart(part: ChunkPart): Promise<ChunkProgress> {
    const progress = await super.storePart(part);
    return progress.status === 'conflict' ? { status: 'duplicate' } : progress;
  }
}

class OverlooksHeaders extends SharedChunks {
  override async storePart(part: ChunkPart): Promise<ChunkProgress> {
    const progress = await super.storePart(part);
    return progress.status === 'inconsistent' ? { status: 'stored' } : progress;
  }
}

class FoldsIds extends SharedChunks {
  override async storePart(part: ChunkPart): Promise<ChunkProgress> {
    return super.storePart({ ...part, chunkId: part.chunkId.trim() });
  }
}

class FailsForUnknown extends SharedChunks {
  private readonly known = new Set<string>();
  override async storePart(part: ChunkPart): Promise<ChunkProgress> {
    this.known.add(part.chunkId);
    return super.storePart(part);
  }
  override async finish(chunkId: string): Promise<void> {
    if (!this.known.has(chunkId)) throw new Error('There is no such chunk');
    return super.finish(chunkId);
  }
}

/** Each instance has its own view of what is there, as a cache would. */
class KeepsToItself extends SharedChunks {}

/** Counts before it stores, so that two at once both miss the other. */
class CountsBefore extends SharedChunks {
  private readonly there = new Map<string, Set<number>>();
  override async storePart(part: ChunkPart): Promise<ChunkProgress> {
    const parts = this.there.get(part.chunkId) ?? new Set();
    this.there.set(part.chunkId, parts);
    const willBeComplete = new Set([...parts, part.part]).size === part.totalParts;
    await turn();
    parts.add(part.part);
    const progress = this.inner.storePart(part);
    return progress.status === 'complete' && !willBeComplete ? { status: 'stored' } : progress;
  }
}

class ReportsNothing extends SharedChunks {
  override async takeExpired(): Promise<readonly ExpiredChunk[]> {
    await super.takeExpired();
    return [];
  }
}

class CountsFromTheFirst extends SharedChunks {
  private readonly since = new Map<string, number>();
  private readonly parts = new Map<string, ChunkPart>();
  override async storePart(part: ChunkPart): Promise<ChunkProgress> {
    if (!this.since.has(part.chunkId)) this.since.set(part.chunkId, this.clock.now());
    this.parts.set(part.chunkId, part);
    return super.storePart(part);
  }
  override async takeExpired(): Promise<readonly ExpiredChunk[]> {
    const old = [...this.since].filter(([, at]) => at + TTL_MS <= this.clock.now());
    await super.takeExpired();
    return old.map(([chunkId]) => ({
      chunkId,
      totalParts: this.parts.get(chunkId)?.totalParts ?? 0,
      parts: [],
    }));
  }
}

class ForgetsByItself extends SharedChunks {
  override async storePart(part: ChunkPart): Promise<ChunkProgress> {
    this.inner.takeExpired();
    return super.storePart(part);
  }
}

class DropsUnfinished extends SharedChunks {
  private readonly ids = new Set<string>();
  override async storePart(part: ChunkPart): Promise<ChunkProgress> {
    this.ids.add(part.chunkId);
    return super.storePart(part);
  }
  override async takeExpired(): Promise<readonly ExpiredChunk[]> {
    for (const id of this.ids) this.inner.finish(id);
    return super.takeExpired();
  }
}

class DropsAtFinish extends SharedChunks {
  private readonly gone = new Set<string>();
  override async finish(chunkId: string): Promise<void> {
    this.gone.add(chunkId);
    return super.finish(chunkId);
  }
  override async load(chunkId: string): Promise<readonly string[] | undefined> {
    return this.gone.has(chunkId) ? undefined : super.load(chunkId);
  }
}

class ReportsTwice extends SharedChunks {
  private last: readonly ExpiredChunk[] = [];
  override async takeExpired(): Promise<readonly ExpiredChunk[]> {
    const expired = await super.takeExpired();
    if (expired.length > 0) this.last = expired;
    return this.last;
  }
}

const shared = (Faulty: new (clock: ControllableClock) => ChunkStore) => () => {
  const clock = new ControllableClock(0);
  const store = new Faulty(clock);
  return {
    store,
    openSecond: () => (store instanceof KeepsToItself ? new KeepsToItself(clock) : store),
    advance: (milliseconds: number) => clock.advance(milliseconds),
  };
};

const ORDER = 'parts in any order are complete with the last of them, and are loaded in theirs';
const ONE = 'an event of one part is complete at once';
const DIGITS = 'more parts than have one digit are in the order of their numbers';
const REPEATED = 'a repeated part is a duplicate while others are missing, and complete again when none is';
const COPY = 'a second copy of part 1 does not become the id of the event';
const CONFLICT = 'the same part with other data is a conflict, and does no harm';
const INCONSISTENT = 'a part of another digest or number of parts is inconsistent, and does no harm';
const ODD = 'chunks do not meet, however odd their ids, and any text comes back as it was';
const UNKNOWN = 'what is not there is neither loaded nor finished';
const TOGETHER = 'two instances collect one event';
const AT_ONCE =
  'of callers that store the last parts at once, at least one is told that the event is complete';
const EXPIRED = 'an incomplete chunk is reported once its time is over, with what is there, and is gone then';
const ANEW = 'the time begins anew with every part, also a repeated one';
const LATE = 'what expired and was not taken away still counts: late is better than lost';
const UNFINISHED =
  'a complete chunk stays until it is finished, however long that takes; then it goes without a report';
const FINISHED = 'a finished chunk stays for deliveries that come late';
const TO_ONE = 'each expired chunk is reported to one of two instances';

describeMutants(
  'chunkStoreContract',
  (create, limitMs) => chunkStoreContract(create, { shared: true, clock: true, limitMs }),
  shared(SharedChunks),
  [
    { name: 'loads parts as they came', create: shared(LoadsInArrival), reportedBy: [ORDER, DIGITS] },
    { name: 'sorts numbers as texts', create: shared(LoadsAsText), reportedBy: [DIGITS] },
    { name: 'loads what is not there', create: shared(LoadsTooEarly), reportedBy: [ORDER, UNKNOWN] },
    { name: 'never completes one part', create: shared(NeedsTwo), reportedBy: [ONE] },
    { name: 'tells of completeness once', create: shared(CompletesOnce), reportedBy: [REPEATED, TOGETHER] },
    { name: 'takes the latest id of part 1', create: shared(TakesTheLatestId), reportedBy: [COPY] },
    { name: 'overlooks other data', create: shared(OverlooksConflicts), reportedBy: [CONFLICT] },
    { name: 'overlooks other headers', create: shared(OverlooksHeaders), reportedBy: [INCONSISTENT] },
    { name: 'folds ids', create: shared(FoldsIds), reportedBy: [ODD] },
    { name: 'fails for what it does not know', create: shared(FailsForUnknown), reportedBy: [UNKNOWN] },
    { name: 'keeps parts to one instance', create: shared(KeepsToItself), reportedBy: [TOGETHER] },
    { name: 'counts before it stores', create: shared(CountsBefore), reportedBy: [AT_ONCE] },
    { name: 'reports nothing', create: shared(ReportsNothing), reportedBy: [EXPIRED, TO_ONE] },
    { name: 'counts time from the first part on', create: shared(CountsFromTheFirst), reportedBy: [ANEW] },
    { name: 'forgets by itself', create: shared(ForgetsByItself), reportedBy: [LATE] },
    { name: 'drops what is complete', create: shared(DropsUnfinished), reportedBy: [UNFINISHED] },
    { name: 'drops what is finished', create: shared(DropsAtFinish), reportedBy: [FINISHED] },
    { name: 'reports twice', create: shared(ReportsTwice), reportedBy: [EXPIRED, TO_ONE] },
  ],
);
