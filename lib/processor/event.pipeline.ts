import type { PathwayContract } from '../contract/pathway-contract.interface.js';
import { EncryptionKeyUnavailableError } from '../errors/encryption-key-unavailable.error.js';
import type { Clock } from '../event/clock.interface.js';
import type { FlowcoreEvent, PathwayEvent } from '../event/flowcore-event.interface.js';
import { isPromiseLike } from '../event/maybe-promise.type.js';
import type { PathwaysStore } from '../state/pathways-store.interface.js';
import type { TransactionRunner } from '../state/transaction-runner.interface.js';
import type { CallbackNotifier } from './callback.notifier.js';
import { claimIdOf } from './claim-id.util.js';
import { toError } from './error-fingerprint.util.js';
import type { EventDelivery, EventOutcome } from './event-delivery.interface.js';
import { discreet, type EventDecoder } from './event.decoder.js';
import type { EventEnding } from './event.ending.js';
import type { FileCollector } from './files/file.collector.js';
import type { HandlerBinding } from './handler-binding.interface.js';
import type { HandlerRegistry, PathwayBindings } from './handler.registry.js';
import type { Failed, HandlerFailure, HandlerRunner, RunEnd } from './handler.runner.js';
import { mayBeParked } from './order-key.reader.js';
import type { OrderedClaims } from './ordered.claims.js';
import { PlainEventPath } from './plain-event.path.js';

/** The parts the pipeline works with. */
export interface EventPipelineDependencies {
  readonly handlers: HandlerRegistry;
  readonly store: PathwaysStore;
  readonly clock: Clock;
  readonly runner: HandlerRunner;
  readonly callbacks: CallbackNotifier;
  readonly ending: EventEnding;
  readonly decoder: EventDecoder;
  readonly claims: OrderedClaims;
  readonly files: FileCollector;
}

/** What a batch has already done for an event that it cannot end itself. */
export interface ResumedEvent {
  readonly isClaimed: boolean;
  /** Audit and observers *before* have been told. */
  readonly isObserved: boolean;
  /** The attempt that failed. */
  readonly failed: Failed | undefined;
  /** A transaction of it found a dead letter of its key. */
  readonly isBehind?: boolean;
}

/** An event that may reach its handler, or what became of it before. */
export type Admission = { readonly handled: PathwayEvent } | { readonly outcome: EventOutcome };

const ABORTED: EventOutcome = { status: 'aborted' };
const NOBODY: readonly [] = [];
const JUST_CLAIMED: ResumedEvent = { isClaimed: true, isObserved: false, failed: undefined };

/**
 * Takes an event that is whole to its end:
 *
 * claim → decrypt and validate a copy → audit → observers *before* → handler with retries → mark → wake waiting writes →
 * observers *after*. What finally fails becomes a dead letter; nothing is dropped. In a store with transactions, claim,
 * handler and mark are one transaction per attempt.
 */
export class EventPipeline {
  private readonly plain: PlainEventPath;

  constructor(private readonly deps: EventPipelineDependencies) {
    this.plain = new PlainEventPath({
      ...deps,
      behind: ({ pathway, event, delivery, bindings }) =>
        this.takeWithClaim(pathway, event, delivery, bindings, JUST_CLAIMED),
      refuse: ({ pathway, event, delivery, bindings }, thrown) =>
        this.refuse(pathway, event, delivery, bindings, thrown),
      unfinished: ({ pathway, event, delivery }, end) => this.unfinished(pathway, event, delivery, end),
    });
  }

  /** @param resumed of an event that comes out of a batch. */
  take(
    pathway: PathwayContract,
    bindings: PathwayBindings,
    event: FlowcoreEvent,
    delivery: EventDelivery,
    resumed?: ResumedEvent,
  ): Promise<EventOutcome> {
    const { transactions } = this.deps.store;
    const { handler } = bindings;
    if (transactions && handler && handler.transaction !== false) {
      return this.takeInTransaction(pathway, event, delivery, bindings, handler, transactions, resumed);
    }
    return handler && !resumed && this.plain.isOpenTo(pathway, bindings)
      ? this.plain.take(pathway, event, delivery, bindings, handler)
      : this.takeWithClaim(pathway, event, delivery, bindings, resumed);
  }

  private async takeWithClaim(
    pathway: PathwayContract,
    event: FlowcoreEvent,
    delivery: EventDelivery,
    bindings: PathwayBindings,
    resumed: ResumedEvent | undefined,
  ): Promise<EventOutcome> {
    const claimId = claimIdOf(event);
    let mayBeBehind = mayBeParked(pathway, delivery);
    if (!resumed?.isClaimed) {
      const claimed = this.deps.claims.claim(pathway, event, delivery);
      const claim = isPromiseLike(claimed) ? await claimed : claimed;
      if (claim === 'processed' || claim === 'dead-lettered') {
        return this.deps.ending.earlier(pathway, event, claim);
      }
      mayBeBehind = claim === 'claimed-behind';
    }
    try {
      if (mayBeBehind) {
        // Its order key is in the payload.
        if (pathway.encrypted) await this.deps.decoder.readable(pathway, event);
        const parked = await this.deps.ending.parked({ pathway, event, delivery });
        if (parked) return parked;
      }

      let handled: PathwayEvent;
      try {
        // Not by `read`: it would cost every event a promise.
        const decoded = pathway.encrypted ? await this.deps.decoder.decode(pathway, event) : event;
        const parsed = pathway.parse(this.payloadOf(pathway, event, decoded));
        const payload = isPromiseLike(parsed) ? await parsed : parsed;
        handled = { ...decoded, payload };
      } catch (thrown) {
        if (thrown instanceof EncryptionKeyUnavailableError) throw thrown;
        return await this.refuse(pathway, event, delivery, bindings, discreet(pathway, thrown));
      }

      const { handler, before, after } = bindings;
      const isWatched = before.length > 0 || this.deps.handlers.auditHandlers().length > 0;
      if (isWatched && !resumed?.isObserved) this.observe(bindings, 'before', handled, pathway, delivery);
      if (handler) {
        const failed = resumed?.failed;
        const running = { handler, bindings, event: handled, claimId, pathway, delivery, failed };
        const run = this.deps.runner.run(running);
        const end: RunEnd = isPromiseLike(run) ? await run : run;
        if (end !== undefined) return await this.unfinished(pathway, event, delivery, end);
      }

      const marked = this.deps.ending.mark(claimId, delivery);
      if (isPromiseLike(marked)) await marked;
      const outcome = this.deps.ending.processed(event.eventId, claimId);
      if (after.length > 0) this.observe(bindings, 'after', handled, pathway, delivery);
      return outcome;
    } catch (error) {
      // Only a store gets here. Without the release every later delivery would wait for this claim for ever.
      await this.deps.ending.release(claimId);
      throw error;
    }
  }

  private async takeInTransaction(
    pathway: PathwayContract,
    event: FlowcoreEvent,
    delivery: EventDelivery,
    bindings: PathwayBindings,
    handler: HandlerBinding,
    transactions: TransactionRunner,
    resumed: ResumedEvent | undefined,
  ): Promise<EventOutcome> {
    const { failed, isBehind } = resumed ?? {};
    const runFirst =
      failed || isBehind ? undefined : await this.deps.claims.runnerOf(pathway, event, delivery);
    // What cannot be read never gets to its transaction, and is parked rather than refused.
    const read = runFirst && (await this.read(pathway, event).catch(() => undefined));
    const admission = read ?? (await this.admit(pathway, event, delivery, false));
    if ('outcome' in admission) return admission.outcome;
    const { handled } = admission;

    const claimId = claimIdOf(event);
    const run = { handler, bindings, event: handled, claimId, pathway, delivery, failed, runFirst };
    const end = await this.deps.runner.runInTransaction(run, transactions, () => {
      if (!resumed?.isObserved) this.observe(bindings, 'before', handled, pathway, delivery);
    });
    if (end === 'aborted') return ABORTED;
    if (end === 'behind') {
      const behind = { isClaimed: false, isObserved: false, failed, ...resumed, isBehind: true };
      return this.takeInTransaction(pathway, event, delivery, bindings, handler, transactions, behind);
    }
    if (end !== undefined) {
      if ('earlier' in end) return this.deps.ending.earlier(pathway, event, end.earlier);
      return this.underClaim(pathway, event, delivery, () =>
        this.deps.ending.failed({ pathway, event, delivery }, end),
      );
    }
    const outcome = this.deps.ending.processed(event.eventId, claimId);
    this.observe(bindings, 'after', handled, pathway, delivery);
    return outcome;
  }

  /**
   * Everything between an event and its handler. What cannot reach it is ended.
   *
   * @param mayBeBehind false when it is known that no dead letter holds it back.
   */
  async admit(
    pathway: PathwayContract,
    event: FlowcoreEvent,
    delivery: EventDelivery,
    isClaimed: boolean,
    mayBeBehind = true,
  ): Promise<Admission> {
    if (mayBeBehind && (await this.deps.claims.isBehind(pathway, event, delivery))) {
      const claimed = { pathway, event, delivery };
      const parked = isClaimed
        ? await this.deps.ending.parked(claimed)
        : await this.underClaim(pathway, event, delivery, async () => {
            const outcome = await this.deps.ending.parked(claimed);
            if (!outcome) await this.deps.ending.release(claimIdOf(event));
            return outcome;
          });
      if (parked) return { outcome: parked };
    }
    try {
      return await this.read(pathway, event);
    } catch (thrown) {
      if (thrown instanceof EncryptionKeyUnavailableError) throw thrown;
      const error = discreet(pathway, thrown);
      const { handlers } = this.deps;
      return {
        outcome: isClaimed
          ? await this.refuse(pathway, event, delivery, handlers.of(pathway.key), error)
          : await this.refuseUnclaimed(pathway, event, delivery, error),
      };
    }
  }

  /** Decrypted, and as its schema makes it. Rejects when it cannot be. */
  private async read(pathway: PathwayContract, event: FlowcoreEvent): Promise<{ handled: PathwayEvent }> {
    const decoded = pathway.encrypted ? await this.deps.decoder.decode(pathway, event) : event;
    const parsed = pathway.parse(this.payloadOf(pathway, event, decoded));
    const payload = isPromiseLike(parsed) ? await parsed : parsed;
    return { handled: { ...decoded, payload } };
  }

  /** What the pathway's schema is asked about. */
  private payloadOf(pathway: PathwayContract, event: FlowcoreEvent, decoded: FlowcoreEvent): unknown {
    return pathway.isFilePathway ? this.deps.files.payloadOf(pathway, event) : decoded.payload;
  }

  /** What is written about an event outside its transaction must not meet another delivery that just finished it. */
  private async underClaim<T>(
    pathway: PathwayContract,
    event: FlowcoreEvent,
    delivery: EventDelivery,
    write: () => Promise<T>,
  ): Promise<T | EventOutcome> {
    const claimId = claimIdOf(event);
    const claim = await this.deps.store.state.claim(claimId, delivery.generation, delivery.purpose);
    if (claim !== 'claimed') return this.deps.ending.earlier(pathway, event, claim);
    try {
      return await write();
    } catch (error) {
      await this.deps.ending.release(claimId);
      throw error;
    }
  }

  private async unfinished(
    pathway: PathwayContract,
    event: FlowcoreEvent,
    delivery: EventDelivery,
    end: Exclude<RunEnd, undefined>,
  ): Promise<EventOutcome> {
    if (end === 'aborted') {
      await this.deps.ending.release(claimIdOf(event));
      return ABORTED;
    }
    return this.deps.ending.failed({ pathway, event, delivery }, end);
  }

  private async refuse(
    pathway: PathwayContract,
    event: FlowcoreEvent,
    delivery: EventDelivery,
    bindings: PathwayBindings,
    thrown: unknown,
  ): Promise<EventOutcome> {
    const final = toError(thrown);
    const failure: HandlerFailure = { attempts: [{ at: this.deps.clock.now(), error: final }], final };
    const context = this.deps.runner.createAttempt(event, pathway, delivery, 1);
    this.deps.callbacks.attemptFailed(bindings, final, event, pathway, context);
    return this.deps.ending.invalid({ pathway, event, delivery }, failure);
  }

  /** Tells audit and observers. */
  observe(
    bindings: PathwayBindings,
    stage: 'before' | 'after',
    event: PathwayEvent,
    pathway: PathwayContract,
    delivery: EventDelivery,
  ): void {
    const observers = bindings[stage];
    const auditors = stage === 'before' ? this.deps.handlers.auditHandlers() : NOBODY;
    if (observers.length + auditors.length === 0) return;
    const context = this.deps.runner.createAttempt(event, pathway, delivery, 1);
    this.deps.callbacks.audited(auditors, event, pathway, context);
    this.deps.callbacks.observed(observers, stage, event, pathway, context);
  }

  /** An event that never reaches its handler, and is not claimed yet. */
  refuseUnclaimed(
    pathway: PathwayContract,
    event: FlowcoreEvent,
    delivery: EventDelivery,
    thrown: unknown,
  ): Promise<EventOutcome> {
    return this.underClaim(pathway, event, delivery, () =>
      this.refuse(pathway, event, delivery, this.deps.handlers.of(pathway.key), thrown),
    );
  }
}
