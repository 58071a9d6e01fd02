import { setImmediate as turn } from 'node:timers/promises';
import { MemoryWriteLedger } from '../../state/memory-write.ledger.js';
import type {
  WriteIdentity,
  WriteLedger,
  WriteRecord,
  WriteRequest,
} from '../../state/write-ledger.interface.js';
import { ControllableClock } from '../controllable-clock.js';
import { describeMutants } from './contract-mutants.spec-util.js';
import { writeLedgerContract } from './write-ledger.contract.js';

type Begin = readonly [WriteIdentity, readonly WriteRequest[], string, number];

/** A sound ledger of two processes; every mutant changes one thing. */
class SharedLedger implements WriteLedger {
  protected readonly inner: MemoryWriteLedger;

  constructor(clock: ControllableClock) {
    this.inner = new MemoryWriteLedger(clock);
  }

  async begin(...given: Begin): Promise<WriteRecord> {
    await turn();
    return this.inner.begin(...given);
  }

  async answer(key: string, ids: readonly string[], after: number): Promise<readonly string[]> {
    await turn();
    return this.inner.answer(key, ids, after);
  }

  async release(key: string, holder: string): Promise<void> {
    await turn();
    this.inner.release(key, holder);
  }

  async forget(key: string, holder: string): Promise<void> {
    await turn();
    this.inner.forget(key, holder);
  }
}

class NeverForgets extends SharedLedger {
  override async forget(key: string, holder: string): Promise<void> {
    return super.release(key, holder);
  }
}

class ForgetsForAnybody extends SharedLedger {
  private readonly holders = new Map<string, string>();
  override async begin(...given: Begin): Promise<WriteRecord> {
    const record = await super.begin(...given);
    if (record.status === 'begun') this.holders.set(given[0].key, given[2]);
    return record;
  }
  override async forget(key: string): Promise<void> {
    return super.forget(key, this.holders.get(key) ?? '');
  }
}

/** Also what is stored in part. */
class ForgetsAnsweredWrites extends SharedLedger {
  private readonly free = new Map<string, string>();
  override async begin(...[identity, ...others]: Begin): Promise<WriteRecord> {
    const key = this.free.get(identity.key) ?? identity.key;
    return super.begin({ ...identity, key }, ...others);
  }
  override async forget(key: string, holder: string): Promise<void> {
    await super.forget(key, holder);
    this.free.set(key, `${key} once more`);
  }
}

class LetsEverybodyBegin extends SharedLedger {
  override async begin(...given: Begin): Promise<WriteRecord> {
    const [{ claimIds }, requests] = given;
    const record = await super.begin(...given);
    return record.status === 'busy' ? { status: 'begun', requests, ids: [], claimIds } : record;
  }
}

class ForgetsAnswers extends SharedLedger {
  override async answer(_key: string, ids: readonly string[]): Promise<readonly string[]> {
    return ids;
  }
}

class TakesTheLatestRequests extends SharedLedger {
  override async begin(...given: Begin): Promise<WriteRecord> {
    const record = await super.begin(...given);
    return record.status === 'begun' ? { ...record, requests: given[1] } : record;
  }
}

class KeepsTheCallersObjects extends SharedLedger {
  private readonly requests = new Map<string, readonly WriteRequest[]>();
  override async begin(...given: Begin): Promise<WriteRecord> {
    const [{ key }, own] = given;
    const requests = this.requests.get(key) ?? own;
    this.requests.set(key, requests);
    const record = await super.begin(...given);
    return record.status === 'begun' ? { ...record, requests } : record;
  }
}

class GivesNoIdsToSuccessors extends SharedLedger {
  override async begin(...given: Begin): Promise<WriteRecord> {
    const record = await super.begin(...given);
    return record.status === 'begun' ? { ...record, ids: [] } : record;
  }
}

class TakesTheLatestAnswer extends SharedLedger {
  override async answer(key: string, ids: readonly string[], after: number): Promise<readonly string[]> {
    const all = await super.answer(key, ids, after);
    return [...all.slice(0, after), ...ids];
  }
}

class OverlooksOtherContent extends SharedLedger {
  override async begin(...[identity, ...others]: Begin): Promise<WriteRecord> {
    return super.begin({ ...identity, fingerprint: 'any' }, ...others);
  }
}

class ReleasesForAnybody extends SharedLedger {
  private readonly holders = new Map<string, string>();
  override async begin(...given: Begin): Promise<WriteRecord> {
    const record = await super.begin(...given);
    if (record.status === 'begun') this.holders.set(given[0].key, given[2]);
    return record;
  }
  override async release(key: string): Promise<void> {
    return super.release(key, this.holders.get(key) ?? '');
  }
}

class FoldsKeys extends SharedLedger {
  override async begin(...[identity, ...others]: Begin): Promise<WriteRecord> {
    return super.begin({ ...identity, key: identity.key.trim() }, ...others);
  }
}

class FailsForUnknown extends SharedLedger {
  private readonly known = new Set<string>();
  override async begin(...given: Begin): Promise<WriteRecord> {
    this.known.add(given[0].key);
    return super.begin(...given);
  }
  override async release(key: string, holder: string): Promise<void> {
    if (!this.known.has(key)) throw new Error('There is no such write');
    return super.release(key, holder);
  }
}

class KeepsToItself extends SharedLedger {}

/** Looks before it begins, so that two at once both miss the other. */
class LooksBefore extends SharedLedger {
  private readonly known = new Set<string>();
  override async begin(...given: Begin): Promise<WriteRecord> {
    const [{ key, claimIds }, requests] = given;
    const isNew = !this.known.has(key);
    await turn();
    this.known.add(key);
    const record = this.inner.begin(...given);
    return isNew ? { status: 'begun', requests, ids: [], claimIds } : record;
  }
}

class HoldsForEver extends SharedLedger {
  override async begin(...[identity, requests, holder]: Begin): Promise<WriteRecord> {
    return super.begin(identity, requests, holder, Number.POSITIVE_INFINITY);
  }
}

class RemembersForEver extends SharedLedger {
  constructor() {
    super(new ControllableClock(0));
  }
}

const shared = (Faulty: new (clock: ControllableClock) => WriteLedger) => () => {
  const clock = new ControllableClock(0);
  const store = new Faulty(clock);
  return {
    store,
    openSecond: () => (store instanceof KeepsToItself ? new KeepsToItself(clock) : store),
    advance: (milliseconds: number) => clock.advance(milliseconds),
  };
};

const NEW = 'a new key begins a write, and keeps others waiting';
const ANSWERED = 'an answered write gives the first ids, whoever asks';
const TAKEN = 'a write that was given up is taken over with the requests of the first call';
const CHANGED = 'requests that the caller changes later are kept as they were';
const PARTLY = 'what was answered is not to be sent again';
const FIRST = 'of two answers of one request the first counts, and both callers get it';
const OTHER = 'a key that stands for another write is refused, whatever became of it, and does no harm';
const HOLDER = 'who does not hold a write cannot give it up';
const REFUSED = 'a key whose write is forgotten is free, for a write of other content too';
const FORGETTER =
  'who does not hold a write cannot have it forgotten, and nobody when a part of it is answered';
const ODD = 'keys do not meet, however odd, and requests come back as they were';
const UNKNOWN = 'what is not there is neither answered nor given up nor forgotten';
const SECOND = 'what one instance begins another one waits for, and finds answered';
const AT_ONCE = 'of callers that begin a write at once, one does';
const TWO = 'of two writes that begin with one key at once, one is refused';
const GONE =
  'a write whose holder has gone is taken over when its hold is over, and its late release takes nothing';
const OVER =
  'a key is remembered for its time, counted from its beginning, and free for another write after it';

describeMutants(
  'writeLedgerContract',
  (create, limitMs) => writeLedgerContract(create, { shared: true, clock: true, limitMs }),
  shared(SharedLedger),
  [
    { name: 'lets everybody begin', create: shared(LetsEverybodyBegin), reportedBy: [NEW, AT_ONCE] },
    { name: 'forgets answers', create: shared(ForgetsAnswers), reportedBy: [ANSWERED, PARTLY] },
    { name: 'takes the latest requests', create: shared(TakesTheLatestRequests), reportedBy: [TAKEN] },
    { name: 'keeps objects of the caller', create: shared(KeepsTheCallersObjects), reportedBy: [CHANGED] },
    { name: 'gives no ids to successors', create: shared(GivesNoIdsToSuccessors), reportedBy: [PARTLY] },
    { name: 'takes the latest answer', create: shared(TakesTheLatestAnswer), reportedBy: [FIRST] },
    { name: 'overlooks other content', create: shared(OverlooksOtherContent), reportedBy: [OTHER, TWO] },
    { name: 'releases for anybody', create: shared(ReleasesForAnybody), reportedBy: [HOLDER, GONE] },
    { name: 'never forgets', create: shared(NeverForgets), reportedBy: [REFUSED] },
    { name: 'forgets for anybody', create: shared(ForgetsForAnybody), reportedBy: [FORGETTER] },
    { name: 'forgets answered writes', create: shared(ForgetsAnsweredWrites), reportedBy: [FORGETTER] },
    { name: 'folds keys', create: shared(FoldsKeys), reportedBy: [ODD] },
    { name: 'fails for what it does not know', create: shared(FailsForUnknown), reportedBy: [UNKNOWN] },
    { name: 'keeps writes to one instance', create: shared(KeepsToItself), reportedBy: [SECOND] },
    { name: 'looks before it begins', create: shared(LooksBefore), reportedBy: [AT_ONCE, TWO] },
    { name: 'holds for ever', create: shared(HoldsForEver), reportedBy: [GONE] },
    { name: 'remembers for ever', create: shared(RemembersForEver), reportedBy: [OVER] },
  ],
);
