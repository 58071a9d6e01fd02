import type { Clock } from '../../event/clock.interface.js';
import type { ClaimPurpose, EventStatus } from '../../state/pathway-state.interface.js';
import type { OrderedClaim } from '../../state/pathways-store.interface.js';
import type { Database } from '../database.js';
import { isLockConflict, isValueRefused } from '../postgres-error.util.js';
import type { PendingMark } from './claim-rules.util.js';
import { storableText } from './dead-letter.row.js';
import { exchangeSql, holdersSql, type HolderRow } from './state.sql.js';

/** Settings of an exchange. */
export interface StateExchangeOptions {
  readonly instanceId: string;
  readonly claimMs: number;
  readonly markTtlMs: number;
  readonly idempotencyTtlMs: number;
  readonly clock: () => Clock;
  /** Instances whose claims do not count any more; read at every statement. */
  readonly gone: ReadonlySet<string>;
}

/** The key whose dead letters a claim is to look for. */
export type ClaimOrder = Pick<OrderedClaim, 'source' | 'orderKey'>;

/** The answer to a claim: granted (`claimed-behind`: there are letters), or how the event stands. */
export type ClaimAnswer = 'claimed' | 'claimed-behind' | RefusedClaim;

/** How an event stands that was not granted. */
export interface RefusedClaim {
  /** `undefined`: no mark, or the row came and went meanwhile. */
  readonly status: EventStatus | undefined;
  readonly generation: number;
  readonly claimedBy: string | undefined;
  readonly isHeld: boolean;
  /** Since the claim or its last renewal. */
  readonly heldForMs: number;
}

interface Request {
  readonly eventId: string;
  readonly generation: number;
  readonly purpose: ClaimPurpose;
  readonly order: ClaimOrder | undefined;
  resolve(answer: ClaimAnswer): void;
  reject(error: unknown): void;
}

/** Most claims in one statement. */
const LARGEST_BATCH = 500;

/** Until marks that could not be written are tried again, when nothing else happens before. */
const RETRY_MS = 500;

/** Marks that may wait to be written before `mark` makes its caller wait. */
const MOST_PENDING_MARKS = 5_000;

/**
 * Carries claims and marks to the database, many in one statement.
 *
 * States: *idle* → *gathering* (until the current turn of the event loop is over: what runs side by side asks side by
 * side) → *busy* (one statement at a time; whatever comes meanwhile goes with the next) → *idle*. A statement that fails
 * puts its marks back and rejects its claims, or asks for them one by one when it failed for the sake of one; the next
 * claim, mark or flush tries again.
 */
export class StateExchange {
  private requests: Request[] = [];
  private marks = new Map<string, PendingMark>();
  /** Marks of the statement under way. */
  private sent: Map<string, PendingMark> = new Map();
  private isGathering = false;
  /** Marks could not be written, and a timer runs until they are tried again. */
  private isRetryDue = false;
  private busy: Promise<boolean> | undefined;
  /** Made once: a new text of that length for every statement costs more than what is done with it. */
  private sql: string | undefined;

  constructor(
    private readonly database: Database,
    private readonly options: StateExchangeOptions,
  ) {}

  claim(
    eventId: string,
    generation: number,
    purpose: ClaimPurpose,
    order?: ClaimOrder,
  ): Promise<ClaimAnswer> {
    return new Promise((resolve, reject) => {
      this.requests.push({ eventId, generation, purpose, order, resolve, reject });
      this.gather();
    });
  }

  /** Takes a mark to be written. A promise only when the database has fallen behind. */
  mark(eventId: string, mark: PendingMark): void | Promise<void> {
    this.marks.set(eventId, mark);
    this.gather();
    if (this.marks.size > MOST_PENDING_MARKS) return this.flush();
  }

  /** A mark that is not known to be written. */
  pendingMark(eventId: string): PendingMark | undefined {
    if (this.marks.size === 0 && this.sent.size === 0) return undefined;
    return this.marks.get(eventId) ?? this.sent.get(eventId);
  }

  /** Resolves when every mark up to now is written; rejects with the database's error when they cannot be. */
  async flush(): Promise<void> {
    await this.idle();
    if (this.marks.size === 0) return;
    // Not by the retry timer: it may have run out while the claims were asked for one by one.
    if (await this.run()) return;
    // It took claims along, and one of them had to wait for a lock: now the marks alone.
    await this.idle();
    if (this.marks.size > 0) await this.run(0);
  }

  private async idle(): Promise<void> {
    while (this.busy) await this.busy.catch(() => {});
  }

  private gather(): void {
    if (this.isGathering || this.busy) return;
    this.isGathering = true;
    setImmediate(() => {
      this.isGathering = false;
      if (!this.busy) this.run().catch(() => {}); // Whoever asked has been told; marks are still there.
    });
  }

  /** Whether the marks it took are written. */
  private run(mostClaims = LARGEST_BATCH): Promise<boolean> {
    const running = this.exchange(mostClaims).finally(() => {
      this.busy = undefined;
      // Also for marks alone: another instance may be waiting for the last one of a burst.
      if (this.requests.length > 0 || (this.marks.size > 0 && !this.isRetryDue)) this.gather();
    });
    this.busy = running;
    return running;
  }

  private async exchange(mostClaims: number): Promise<boolean> {
    const requests = this.requests.splice(0, mostClaims);
    this.sent = this.marks;
    this.marks = new Map();
    try {
      this.answer(requests, await this.send(requests, this.sent));
      this.isRetryDue = false;
      return true;
    } catch (error) {
      for (const [eventId, mark] of this.sent) {
        if (!this.marks.has(eventId)) this.marks.set(eventId, mark);
      }
      if (this.marks.size > 0) this.retryLater();
      if ((isLockConflict(error) || isValueRefused(error)) && requests.length > 0) {
        await this.oneByOne(requests);
        return false;
      }
      for (const { reject } of requests) reject(error);
      throw error;
    } finally {
      this.sent = new Map();
    }
  }

  private retryLater(): void {
    if (this.isRetryDue) return;
    this.isRetryDue = true;
    this.options.clock().startTimer(RETRY_MS, () => {
      this.isRetryDue = false;
      if (this.marks.size > 0) this.gather();
    });
  }

  /**
   * Some event of the batch is in another instance's open transaction: the others must not wait for its handler. Or it has an
   * id that the database refuses: the others have not.
   */
  private async oneByOne(requests: readonly Request[]): Promise<void> {
    for (const request of requests) {
      try {
        this.answer([request], await this.send([request], new Map()));
      } catch (error) {
        if (!isLockConflict(error)) request.reject(error);
        else request.resolve({ ...UNKNOWN, isHeld: true });
      }
    }
  }

  /** Returns the events whose claims are granted, and whether they are behind dead letters. */
  private async send(
    requests: readonly Request[],
    marks: ReadonlyMap<string, PendingMark>,
  ): Promise<ReadonlyMap<string, boolean>> {
    const { instanceId, gone, claimMs, markTtlMs, idempotencyTtlMs } = this.options;
    const finished = [...marks.values()];
    const ordered = requests.flatMap(({ eventId, order }) => (order ? [{ eventId, ...order }] : []));
    this.sql ??= exchangeSql(this.database.tables);
    const rows = await this.database.hotQuery<{ event_id: string; is_behind: boolean }>(this.sql, [
      [...marks.keys()],
      finished.map(({ status }) => status),
      finished.map(({ generation }) => generation),
      requests.map(({ eventId }) => eventId),
      requests.map(({ generation }) => generation),
      requests.filter(({ purpose }) => purpose === 'replay').map(({ eventId }) => eventId),
      instanceId,
      [...gone],
      claimMs,
      markTtlMs,
      idempotencyTtlMs,
      ordered.map(({ eventId }) => eventId),
      ordered.map(({ source }) => source),
      ordered.map(({ orderKey }) => storableText(orderKey)),
      [...marks].flatMap(([eventId, { isClaimed }]) => (isClaimed ? [] : [eventId])),
    ]);
    return new Map(rows.map(({ event_id: eventId, is_behind: isBehind }) => [eventId, isBehind]));
  }

  private answer(requests: readonly Request[], granted: ReadonlyMap<string, boolean>): void {
    const refused = requests.filter(({ eventId }) => !granted.has(eventId));
    for (const { eventId, resolve } of requests) {
      const isBehind = granted.get(eventId);
      if (isBehind !== undefined) resolve(isBehind ? 'claimed-behind' : 'claimed');
    }
    if (refused.length > 0) void this.explain(refused);
  }

  /** Not part of the exchange: those who were granted theirs, and the next ones, need not wait for it. */
  private async explain(refused: readonly Request[]): Promise<void> {
    const { database, options } = this;
    const ids = refused.map(({ eventId }) => eventId);
    try {
      const rows = await database.query<HolderRow>(holdersSql(database.tables), [ids, options.claimMs]);
      const byId = new Map(rows.map((row) => [row.event_id, row]));
      for (const { eventId, resolve } of refused) resolve(answerOfRow(byId.get(eventId)));
    } catch (error) {
      for (const { reject } of refused) reject(error);
    }
  }
}

const UNKNOWN = {
  status: undefined,
  generation: 0,
  claimedBy: undefined,
  isHeld: false,
  heldForMs: 0,
} as const;

function answerOfRow(row: HolderRow | undefined): RefusedClaim {
  if (!row) return UNKNOWN;
  return {
    status: row.status === 'claimed' ? undefined : row.status,
    generation: row.generation,
    claimedBy: row.claimed_by ?? undefined,
    isHeld: row.held === true,
    heldForMs: Number(row.held_for_ms ?? 0),
  };
}
