import { jsonCopy } from '../event/json-copy.util.js';
import { systemClock, type Clock } from '../event/clock.interface.js';
import { IDEMPOTENCY_TTL_MS } from './idempotent-claim.util.js';
import type { WriteIdentity, WriteLedger, WriteRecord, WriteRequest } from './write-ledger.interface.js';

interface Entry {
  readonly identity: WriteIdentity;
  readonly count: number;
  readonly expiresAt: number;
  requests: readonly WriteRequest[];
  ids: readonly string[];
  holder: string | undefined;
  heldUntil: number;
}

/** Writes of this process only, for a day. */
export class MemoryWriteLedger implements WriteLedger {
  /** In the order they began, which is the one they expire in. */
  private readonly entries = new Map<string, Entry>();

  constructor(private readonly clock: Clock = systemClock) {}

  begin(
    identity: WriteIdentity,
    requests: readonly WriteRequest[],
    holder: string,
    holdMs: number,
  ): WriteRecord {
    const now = this.clock.now();
    this.expire(now);
    let entry = this.entries.get(identity.key);
    if (entry && entry.identity.fingerprint !== identity.fingerprint) {
      return { status: 'other', pathway: entry.identity.pathway };
    }
    if (!entry) {
      const count = requests.reduce((sum, { payloads }) => sum + payloads.length, 0);
      const expiresAt = now + IDEMPOTENCY_TTL_MS;
      entry = {
        identity,
        count,
        expiresAt,
        requests: jsonCopy(requests),
        ids: [],
        holder: undefined,
        heldUntil: 0,
      };
      this.entries.set(identity.key, entry);
    }
    const { claimIds } = entry.identity;
    if (entry.ids.length >= entry.count) return { status: 'answered', ids: entry.ids, claimIds };
    if (entry.holder !== undefined && entry.heldUntil > now) return { status: 'busy' };
    entry.holder = holder;
    entry.heldUntil = now + holdMs;
    return { status: 'begun', requests: entry.requests, ids: entry.ids, claimIds };
  }

  answer(key: string, ids: readonly string[], after: number): readonly string[] {
    const entry = this.entries.get(key);
    if (!entry) return ids;
    if (entry.ids.length === after) entry.ids = [...entry.ids, ...ids];
    // Payloads are only needed until the last one is stored.
    if (entry.ids.length >= entry.count) entry.requests = [];
    return entry.ids;
  }

  release(key: string, holder: string): void {
    const entry = this.entries.get(key);
    if (entry?.holder === holder) entry.holder = undefined;
  }

  forget(key: string, holder: string): void {
    const entry = this.entries.get(key);
    if (entry?.holder === holder && entry.ids.length === 0) this.entries.delete(key);
  }

  private expire(now: number): void {
    for (const [key, { expiresAt }] of this.entries) {
      if (expiresAt > now) return;
      this.entries.delete(key);
    }
  }
}
