import { IdempotencyKeyReusedError } from '../errors/idempotency-key-reused.error.js';
import { jsonCopy } from '../event/json-copy.util.js';
import { sleep, systemClock, type Clock } from '../event/clock.interface.js';
import { entriesOfBegun } from './begun-write.util.js';
import type {
  HeldOutboxRow,
  OutboxAddition,
  OutboxEntry,
  OutboxRow,
  OutboxStore,
} from './outbox-store.interface.js';
import { outboxReferenceOf, type OutboxReference } from './outbox-reference.js';
import type { WriteIdentity, WriteLedger, WriteRequest } from './write-ledger.interface.js';

const HOLDER = 'outbox';
/** Longer than it takes to keep the entries: nobody else may send what was begun meanwhile. */
const HOLD_MS = 10_000;
const FIRST_LOOK_MS = 20;
const LONGEST_LOOK_MS = 500;

interface Kept {
  row: OutboxRow;
  error?: string;
  heldSince?: Date;
}

/**
 * An outbox for development without a database: it has no transactions to be part of, and is gone with the process.
 */
export class MemoryOutboxStore implements OutboxStore {
  private readonly kept = new Map<string, Kept>();
  private readonly listeners = new Set<() => void>();
  /** Additions with a key that are not over. */
  private readonly adding = new Map<string, Promise<unknown>>();
  private lastId = 0;

  constructor(
    private readonly ledger: WriteLedger,
    private readonly clock: Clock = systemClock,
  ) {}

  async add(
    entries: readonly OutboxEntry[],
    { once }: OutboxAddition = {},
  ): Promise<readonly OutboxReference[]> {
    if (!once) return this.keep(entries);
    const { key } = once;
    // Two at once would both find the key unanswered.
    while (this.adding.has(key)) await this.adding.get(key)?.catch(() => {});
    const adding = this.addOnce(entries, once);
    this.adding.set(key, adding);
    try {
      return await adding;
    } finally {
      this.adding.delete(key);
    }
  }

  onAdded(wake: () => void): () => void {
    this.listeners.add(wake);
    return () => void this.listeners.delete(wake);
  }

  pending(limit: number, exceptKeys: readonly string[]): readonly OutboxRow[] {
    const closed = new Set(exceptKeys);
    const rows: OutboxRow[] = [];
    for (const { row, heldSince } of this.kept.values()) {
      if (heldSince) closed.add(row.orderKey);
      if (rows.length < limit && !closed.has(row.orderKey)) rows.push(row);
    }
    return rows;
  }

  assign(ids: readonly string[], idempotencyId: string): readonly string[] {
    return ids.filter((id) => {
      const kept = this.kept.get(id);
      if (!kept || kept.row.idempotencyId !== undefined) return false;
      kept.row = { ...kept.row, idempotencyId };
      return true;
    });
  }

  sent(ids: readonly string[]): void {
    for (const id of ids) this.kept.delete(id);
  }

  failed(ids: readonly string[], error: string): void {
    for (const id of ids) if (!this.kept.get(id)?.heldSince) this.fail(id, error);
  }

  hold(id: string, error: string): void {
    const kept = this.fail(id, error);
    if (kept) kept.heldSince = new Date(this.clock.now());
  }

  held(limit = Infinity): readonly HeldOutboxRow[] {
    const rows: HeldOutboxRow[] = [];
    for (const { row, error = '', heldSince } of this.kept.values()) {
      if (heldSince && rows.length < limit) rows.push({ ...row, lastError: error, heldSince });
    }
    return rows;
  }

  retry(ids: readonly string[]): number {
    const held = this.heldOf(ids);
    for (const kept of held) delete kept.heldSince;
    return held.length;
  }

  discard(ids: readonly string[]): number {
    // Every held entry has been tried.
    return ids.filter((id) => (this.kept.get(id)?.row.attempts ?? 0) > 0 && this.kept.delete(id)).length;
  }

  clean(): number {
    return 0;
  }

  private async addOnce(
    entries: readonly OutboxEntry[],
    once: WriteIdentity,
  ): Promise<readonly OutboxReference[]> {
    for (let looks = 0; ; looks++) {
      const record = await this.ledger.begin(once, [{ ...NO_REQUEST, payloads: entries }], HOLDER, HOLD_MS);
      if (record.status === 'other')
        throw new IdempotencyKeyReusedError(once.key, once.pathway, record.pathway);
      if (record.status === 'answered') return record.ids as OutboxReference[];
      if (record.status === 'begun') return this.goOn(entries, once, record);
      // A call that sends it directly: what it has made, and got, decides.
      await sleep(this.clock, Math.min(FIRST_LOOK_MS * 2 ** looks, LONGEST_LOOK_MS));
    }
  }

  private async goOn(
    entries: readonly OutboxEntry[],
    { key }: WriteIdentity,
    { requests, ids }: { readonly requests: readonly WriteRequest[]; readonly ids: readonly string[] },
  ): Promise<readonly OutboxReference[]> {
    const isOwn = requests[0]?.idempotencyId === NO_REQUEST.idempotencyId;
    const begun = isOwn ? entries : entriesOfBegun(requests, entries);
    const references = this.keep(begun.slice(ids.length));
    return (await this.ledger.answer(key, references, ids.length)) as OutboxReference[];
  }

  private keep(entries: readonly OutboxEntry[]): OutboxReference[] {
    const references = entries.map((entry) => {
      const id = String(++this.lastId);
      this.kept.set(id, { row: { ...entry, payload: jsonCopy(entry.payload), id, attempts: 0 } });
      return outboxReferenceOf(id);
    });
    for (const wake of this.listeners) wake();
    return references;
  }

  private fail(id: string, error: string): Kept | undefined {
    const kept = this.kept.get(id);
    if (!kept) return undefined;
    kept.row = { ...kept.row, attempts: kept.row.attempts + 1 };
    kept.error = error;
    return kept;
  }

  private heldOf(ids: readonly string[]): Kept[] {
    return ids.flatMap((id) => {
      const kept = this.kept.get(id);
      return kept?.heldSince ? [kept] : [];
    });
  }
}

/** What the ledger keeps is never sent from there: the outbox has it. */
const NO_REQUEST = { idempotencyId: '', isBatch: true, headers: { metadata: {} } } as const;
