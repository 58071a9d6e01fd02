import { setImmediate as turn } from 'node:timers/promises';
import type { FencingToken } from '../../state/cursor-store.interface.js';
import { MemoryOutboxStore } from '../../state/memory-outbox.store.js';
import { MemoryWriteLedger } from '../../state/memory-write.ledger.js';
import type { OutboxReference } from '../../state/outbox-reference.js';
import type {
  HeldOutboxRow,
  OutboxAddition,
  OutboxEntry,
  OutboxRow,
  OutboxStore,
} from '../../state/outbox-store.interface.js';
import { ControllableClock } from '../controllable-clock.js';

/** A sound outbox of two processes, which keeps what was sent; every mutant changes one thing. */
export class SharedOutbox implements OutboxStore {
  protected readonly inner: MemoryOutboxStore;
  /** When entries were sent. */
  protected readonly sentAt = new Map<string, number>();
  latest: FencingToken = 0;

  constructor(
    protected readonly clock: ControllableClock,
    ledgerClock = clock,
  ) {
    this.inner = new MemoryOutboxStore(new MemoryWriteLedger(ledgerClock), clock);
  }

  async add(entries: readonly OutboxEntry[], addition?: OutboxAddition): Promise<readonly OutboxReference[]> {
    await turn();
    return this.inner.add(entries, addition);
  }
  onAdded(wake: () => void): () => void {
    return this.inner.onAdded(wake);
  }
  async pending(limit: number, exceptKeys: readonly string[]): Promise<readonly OutboxRow[]> {
    await turn();
    return this.inner.pending(limit, exceptKeys);
  }
  async assign(ids: readonly string[], id: string, token: FencingToken): Promise<readonly string[]> {
    await turn();
    return token < this.latest ? [] : this.inner.assign(ids, id);
  }
  async sent(ids: readonly string[], _eventIds: readonly string[]): Promise<void> {
    await turn();
    for (const id of ids) if (!this.sentAt.has(id)) this.sentAt.set(id, this.clock.now());
    this.inner.sent(ids);
  }
  async failed(ids: readonly string[], error: string): Promise<void> {
    await turn();
    this.inner.failed(ids, error);
  }
  async hold(id: string, error: string): Promise<void> {
    await turn();
    this.inner.hold(id, error);
  }
  async held(limit?: number): Promise<readonly HeldOutboxRow[]> {
    await turn();
    return this.inner.held(limit);
  }
  async retry(ids: readonly string[]): Promise<number> {
    await turn();
    return this.inner.retry(ids);
  }
  async discard(ids: readonly string[]): Promise<number> {
    await turn();
    return this.inner.discard(ids);
  }
  async clean(olderThanMs: number, limit: number): Promise<number> {
    await turn();
    const old = this.older(olderThanMs, limit);
    for (const id of old) this.sentAt.delete(id);
    return old.length;
  }

  protected older(olderThanMs: number, limit: number): string[] {
    const bound = this.clock.now() - olderThanMs;
    const old = [...this.sentAt].filter(([, at]) => at < bound).map(([id]) => id);
    return old.slice(0, limit);
  }
}

export class ForgetsHeaders extends SharedOutbox {
  override async pending(limit: number, exceptKeys: readonly string[]): Promise<readonly OutboxRow[]> {
    const rows = await super.pending(limit, exceptKeys);
    return rows.map((row) => ({ ...row, headers: { metadata: {} } }));
  }
}

export class KeepsTheCallersObjects extends SharedOutbox {
  private payload: unknown;
  override async add(entries: readonly OutboxEntry[], addition?: OutboxAddition) {
    this.payload = entries[0]?.payload;
    return super.add(entries, addition);
  }
  override async pending(limit: number, exceptKeys: readonly string[]): Promise<readonly OutboxRow[]> {
    const [first, ...others] = await super.pending(limit, exceptKeys);
    return first ? [{ ...first, payload: this.payload }, ...others] : [];
  }
}

export class OverlooksTheLimit extends SharedOutbox {
  override async pending(_limit: number, exceptKeys: readonly string[]): Promise<readonly OutboxRow[]> {
    return super.pending(1_000, exceptKeys);
  }
}

/** Each instance has its own view of what is there, as a cache would. */
export class KeepsToItself extends SharedOutbox {}

export class AddsBackwards extends SharedOutbox {
  override async add(entries: readonly OutboxEntry[], addition?: OutboxAddition) {
    return (await super.add(entries.toReversed(), addition)).toReversed();
  }
}

export class TellsNobody extends SharedOutbox {
  override onAdded(): () => void {
    return () => {};
  }
}

export class SendsOn extends SharedOutbox {
  override async sent(): Promise<void> {}
}

export class CountsNoTries extends SharedOutbox {
  override async failed(): Promise<void> {}
}

export class GivesIdsToAnybody extends SharedOutbox {
  override async assign(ids: readonly string[], id: string, token: FencingToken): Promise<readonly string[]> {
    await super.assign(ids, id, token);
    return ids;
  }
}

export class KnowsNoTokens extends SharedOutbox {
  override async assign(ids: readonly string[], id: string): Promise<readonly string[]> {
    return super.assign(ids, id, Number.MAX_SAFE_INTEGER);
  }
}

export class HoldsNothing extends SharedOutbox {
  override async hold(id: string, error: string): Promise<void> {
    return super.failed([id], error);
  }
}

export class FoldsKeys extends SharedOutbox {
  override async add(entries: readonly OutboxEntry[], addition?: OutboxAddition) {
    const folded = entries.map((entry) => ({ ...entry, orderKey: entry.orderKey.toLowerCase() }));
    return super.add(folded.with(0, { ...folded[0], ...entries[0] } as OutboxEntry), addition);
  }
}

export class ListsTheYoungestFirst extends SharedOutbox {
  override async held(limit?: number): Promise<readonly HeldOutboxRow[]> {
    return (await super.held()).toReversed().slice(0, limit);
  }
}

export class CountsWhatIsAsked extends SharedOutbox {
  override async retry(ids: readonly string[]): Promise<number> {
    await super.retry(ids);
    return ids.length;
  }
  override async discard(ids: readonly string[]): Promise<number> {
    await super.discard(ids);
    return ids.length;
  }
}

export class DiscardsOnlyWhatIsHeld extends SharedOutbox {
  override async discard(ids: readonly string[]): Promise<number> {
    const held = (await super.held()).map(({ id }) => id);
    return super.discard(ids.filter((id) => held.includes(id)));
  }
}

export class LetsAllGo extends SharedOutbox {
  override async discard(ids: readonly string[]): Promise<number> {
    const count = await super.discard(ids);
    this.inner.retry((await super.held()).map(({ id }) => id));
    return count;
  }
}

export class CountsLateTries extends SharedOutbox {
  override async failed(ids: readonly string[], error: string): Promise<void> {
    await super.failed(ids, error);
    for (const { id } of await super.held()) if (ids.includes(id)) this.inner.hold(id, error);
  }
}

export class AddsAgain extends SharedOutbox {
  override async add(entries: readonly OutboxEntry[]) {
    return super.add(entries);
  }
}

export class ForgetsKeysOfWhatWasSent extends SharedOutbox {
  override async add(entries: readonly OutboxEntry[], addition?: OutboxAddition) {
    return super.add(entries, this.sentAt.size > 0 ? {} : addition);
  }
}

export class OverlooksOtherContent extends SharedOutbox {
  override async add(entries: readonly OutboxEntry[], { once }: OutboxAddition = {}) {
    return super.add(entries, { once: once && { ...once, fingerprint: 'any' } });
  }
}

/** Looks before it adds, so that two at once both miss the other. */
export class LooksBefore extends SharedOutbox {
  private readonly known = new Set<string>();
  override async add(entries: readonly OutboxEntry[], addition: OutboxAddition = {}) {
    const key = addition.once?.key ?? '';
    const isNew = !this.known.has(key);
    await turn();
    this.known.add(key);
    return super.add(entries, isNew ? {} : addition);
  }
}

export class RemembersForEver extends SharedOutbox {
  constructor(clock: ControllableClock) {
    super(clock, new ControllableClock(0));
  }
}

export class CleansTheYoung extends SharedOutbox {
  protected override older(_olderThanMs: number, limit: number): string[] {
    return super.older(-1, limit);
  }
}

/** Two that clean at once count the same entries. */
export class CountsBeforeItCleans extends SharedOutbox {
  override async clean(olderThanMs: number, limit: number): Promise<number> {
    const old = this.older(olderThanMs, limit);
    await super.clean(olderThanMs, limit);
    return old.length;
  }
}

/** Makes the subject of one case. */
export const shared = (Faulty: new (clock: ControllableClock) => SharedOutbox) => () => {
  const clock = new ControllableClock(0);
  const store = new Faulty(clock);
  return {
    store,
    openSecond: () => (store instanceof KeepsToItself ? new KeepsToItself(clock) : store),
    advance: (milliseconds: number) => clock.advance(milliseconds),
    grantLease: () => ++store.latest,
  };
};
