import { sleep, type Clock } from '../../event/clock.interface.js';
import { errorFields } from '../../event/logger.interface.js';
import type {
  ClaimPurpose,
  EventClaim,
  EventStatus,
  PathwayState,
} from '../../state/pathway-state.interface.js';
import type { OrderedClaim } from '../../state/pathways-store.interface.js';
import type { Database } from '../database.js';
import { answerOf, GONE_AFTER_MS, HELD_LOOK_MS, outlasts, type Mark } from './claim-rules.util.js';
import type { InstanceLiveness } from './instance-liveness.js';
import { StateExchange, type ClaimOrder, type RefusedClaim } from './state.exchange.js';
import { releaseSql, renewSql, statusSql } from './state.sql.js';

/** What the state works with. */
export interface TypeOrmPathwayStateOptions {
  readonly database: Database;
  readonly liveness: InstanceLiveness;
  readonly instanceId: string;
  readonly markTtlMs: number;
  /** The same for marks of events with an idempotency id. */
  readonly idempotencyTtlMs: number;
  readonly clock: () => Clock;
}

type Granted = 'claimed' | 'claimed-behind';

/** A claim lasts this long without being renewed; an instance that dies is noticed earlier. */
export const CLAIM_MS = 60_000;

/**
 * Marks and claims in Postgres, for handlers that run outside a transaction: at least once, deduplicated.
 *
 * Claims of many events travel in one statement, together with the marks of those that have just finished. A mark is
 * written behind: the event counts as finished when its handler is, and `flush` is awaited before a cursor relies on it.
 */
export class TypeOrmPathwayState implements PathwayState {
  readonly isRemote = true;
  readonly markTtlMs: number;

  private readonly exchange: StateExchange;
  /** Events this process holds, and its deliveries that wait for their ends. */
  private readonly held = new Map<string, (() => void)[]>();
  /** Instances found to be gone. Instance ids are never used again. */
  private readonly gone = new Set<string>();

  constructor(private readonly options: TypeOrmPathwayStateOptions) {
    this.markTtlMs = options.markTtlMs;
    this.exchange = new StateExchange(options.database, {
      instanceId: options.instanceId,
      claimMs: CLAIM_MS,
      markTtlMs: options.markTtlMs,
      idempotencyTtlMs: options.idempotencyTtlMs,
      clock: options.clock,
      gone: this.gone,
    });
  }

  async claim(eventId: string, generation: number, purpose: ClaimPurpose = 'delivery'): Promise<EventClaim> {
    const claim = await this.claimWith(eventId, generation, purpose, undefined);
    return claim === 'claimed-behind' ? 'claimed' : claim;
  }

  /** The same, with a look for dead letters of its key. */
  claimInOrder({ eventId, generation, purpose, ...order }: OrderedClaim): Promise<Granted | EventStatus> {
    return this.claimWith(eventId, generation, purpose, order);
  }

  private async claimWith(
    eventId: string,
    generation: number,
    purpose: ClaimPurpose,
    order: ClaimOrder | undefined,
  ): Promise<Granted | EventStatus> {
    for (;;) {
      const waiting = this.held.get(eventId);
      if (waiting) {
        await letGoOf(waiting);
        continue;
      }
      const pending = this.exchange.pendingMark(eventId);
      if (pending) {
        const answer = answerOf(pending, generation, purpose);
        if (answer !== 'claimed') return answer;
        await this.exchange.flush();
        continue;
      }
      this.held.set(eventId, []);
      try {
        const claim = await this.claimHere(eventId, generation, purpose, order);
        if (claim !== 'claimed' && claim !== 'claimed-behind') this.letGo(eventId);
        return claim;
      } catch (error) {
        this.letGo(eventId);
        throw error;
      }
    }
  }

  /** Returns before the mark is written, unless too many wait for that already. */
  complete(eventId: string, generation: number, status: EventStatus): void | Promise<void> {
    const pending = this.exchange.pendingMark(eventId);
    // In its place it would be written as if the other one had never been made.
    if (pending && outlasts(pending, { status, generation })) return this.letGo(eventId);
    // Made again because it could not be written: it still ends the claim, although that was let go of.
    const isAgain = pending?.status === status && pending.generation === generation && pending.isClaimed;
    const isClaimed = isAgain || this.isHeld(eventId);
    const written = this.exchange.mark(eventId, { status, generation, isClaimed });
    this.letGo(eventId);
    return written;
  }

  async release(eventId: string): Promise<void> {
    const { database, instanceId } = this.options;
    try {
      await database.query(releaseSql(database.tables), [eventId, instanceId]);
    } finally {
      this.letGo(eventId);
    }
  }

  /** Whether this process has a claim, as far as it knows: another instance may have taken it over. */
  isHeld(eventId: string): boolean {
    return this.held.has(eventId);
  }

  /** The event was marked by a statement of another part. */
  settled(eventId: string): void {
    this.letGo(eventId);
  }

  async statusOf(eventId: string): Promise<EventStatus | undefined> {
    const pending = this.exchange.pendingMark(eventId);
    if (pending) return pending.status;
    const { database } = this.options;
    const [row] = await database.query<{ status: string }>(statusSql(database.tables), [[eventId]]);
    return row === undefined || row.status === 'claimed' ? undefined : (row.status as EventStatus);
  }

  /** Resolves when no mark of this event is still on its way: a transaction must see it. */
  async written(eventId: string): Promise<void> {
    if (this.exchange.pendingMark(eventId)) await this.exchange.flush();
  }

  /**
   * Resolves when no delivery of this process has the event, and no claim of it is left here: one whose release failed would
   * keep transactions out until its time is over.
   */
  async freed(eventId: string): Promise<void> {
    await this.written(eventId);
    for (let waiting = this.held.get(eventId); waiting; waiting = this.held.get(eventId)) {
      await letGoOf(waiting);
      // A claim that is given back under its mark would have that refused.
      await this.written(eventId);
    }
    this.held.set(eventId, []);
    await this.release(eventId);
  }

  /** Resolves when every mark up to now is written. */
  flush(): Promise<void> {
    return this.exchange.flush();
  }

  /** Claims of long handlers must not run out under them. To be called more often than `CLAIM_MS`. */
  async renewClaims(): Promise<void> {
    if (this.held.size === 0) return;
    const { database, instanceId } = this.options;
    try {
      await database.query(renewSql(database.tables), [[...this.held.keys()], instanceId, CLAIM_MS]);
    } catch (error) {
      database.logger.warn('Claims could not be renewed', errorFields(error));
    }
  }

  private async claimHere(
    eventId: string,
    generation: number,
    purpose: ClaimPurpose,
    order: ClaimOrder | undefined,
  ): Promise<Granted | EventStatus> {
    for (let looks = 0; ; looks++) {
      const answer = await this.exchange.claim(eventId, generation, purpose, order);
      if (typeof answer === 'string') return answer;
      const mark = markOf(answer);
      // The own one is forgotten: its release failed. To wait for it would be for ever, because what waits is renewed.
      const holder = answer.claimedBy === this.options.instanceId ? undefined : answer.claimedBy;
      const isHeld = answer.isHeld && holder !== undefined && !this.gone.has(holder);
      if (!isHeld && mark) {
        const status = answerOf(mark, generation, purpose);
        if (status !== 'claimed') return status;
      }
      if (isHeld) await this.noticeIfGone(answer);
      await sleep(this.options.clock(), Math.min(HELD_LOOK_MS.first * 2 ** looks, HELD_LOOK_MS.longest));
    }
  }

  private async noticeIfGone({ claimedBy, heldForMs }: RefusedClaim): Promise<void> {
    if (claimedBy === undefined || heldForMs < GONE_AFTER_MS) return;
    if (await this.options.liveness.isGone(claimedBy)) this.gone.add(claimedBy);
  }

  private letGo(eventId: string): void {
    const waiting = this.held.get(eventId);
    this.held.delete(eventId);
    waiting?.forEach((resume) => resume());
  }
}

function letGoOf(waiting: (() => void)[]): Promise<void> {
  return new Promise((resume) => void waiting.push(resume));
}

function markOf({ status, generation }: RefusedClaim): Mark | undefined {
  return status === undefined ? undefined : { status, generation };
}
