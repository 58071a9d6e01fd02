import type { PathwayContract } from '../contract/pathway-contract.interface.js';
import { TransactionLostError } from '../errors/transaction-lost.error.js';
import type { FlowcoreEvent, PathwayEvent } from '../event/flowcore-event.interface.js';
import { errorFields, type PathwaysLogger } from '../event/logger.interface.js';
import type { PathwaysStore } from '../state/pathways-store.interface.js';
import type { TransactionRunner } from '../state/transaction-runner.interface.js';
import type { BatchBinding } from './batch-binding.interface.js';
import type { BatchClaims } from './batch.claims.js';
import { BatchedEvent, byOrderKey, settleAll } from './batched.event.js';
import { claimIdOf } from './claim-id.util.js';
import type { EventDelivery, EventOutcome } from './event-delivery.interface.js';
import type { EventEnding } from './event.ending.js';
import type { EventPipeline } from './event.pipeline.js';
import type { HandlerRegistry, PathwayBindings } from './handler.registry.js';
import { type BatchEnd, Failed, type HandlerRunner } from './handler.runner.js';
import { mayBeParked, type OrderKeyReader } from './order-key.reader.js';
import type { BatchListener } from './pump-processor.interface.js';

/** The parts the pipeline works with. */
export interface BatchPipelineDependencies {
  readonly handlers: HandlerRegistry;
  readonly store: PathwaysStore;
  readonly logger: PathwaysLogger;
  readonly runner: HandlerRunner;
  readonly ending: EventEnding;
  readonly orderKeys: OrderKeyReader;
  readonly claims: BatchClaims;
  /** Takes the events that do not go with the others. */
  readonly pipeline: EventPipeline;
}

/** What all events of a batch have in common. */
interface Batch {
  readonly pathway: PathwayContract;
  readonly delivery: EventDelivery;
  readonly bindings: PathwayBindings;
  readonly where: string;
  readonly handler: BatchBinding;
  /** The handler runs inside them. */
  readonly transactions: TransactionRunner | undefined;
}

/** How a call left the events it was made for. What is in neither list is called again. */
interface CallOutcome {
  /** Handled; not marked yet when there is no transaction. */
  readonly done: readonly BatchedEvent[];
  /** To be taken alone, after the attempt that failed. */
  readonly alone: ReadonlyMap<BatchedEvent, Failed | undefined>;
}

const ABORTED: EventOutcome = { status: 'aborted' };

/**
 * Takes several events of one pathway to their ends, with one call of their handler:
 *
 * claim → what stands between each event and the handler (see EventPipeline) → *called* → handled: marked and told;
 * failed: *alone*, through the EventPipeline, with its retries and its dead letter; behind a failed one of its key: *held*
 * until that has ended, then *called* again.
 *
 * In a store with transactions, the claims, the call and the marks are one. A failed event rolls all of it back: the others
 * are *called* again without it. A call that throws says nothing of single events: each of them goes *alone*.
 */
export class BatchPipeline {
  constructor(private readonly deps: BatchPipelineDependencies) {}

  /** Rejects when a store failed, once nothing is running any more. */
  async take(
    pathway: PathwayContract,
    events: readonly FlowcoreEvent[],
    delivery: EventDelivery,
    onEnd: BatchListener,
  ): Promise<void> {
    const { handlers, store, orderKeys } = this.deps;
    const bindings = handlers.of(pathway.key);
    const { handler } = bindings;
    if (!handler?.batch) throw new TypeError(`${pathway.key} has no batch handler`);
    const transactions = handler.transaction === false ? undefined : store.transactions;
    const batch = { pathway, delivery, bindings, where: handler.where, handler: handler.batch, transactions };
    const known = new Map<string, BatchedEvent>();
    const firsts: BatchedEvent[] = [];
    const copies: (readonly [copy: BatchedEvent, first: BatchedEvent])[] = [];
    for (const [index, event] of events.entries()) {
      const claimId = claimIdOf(event);
      const orderKey = orderKeys.of(pathway, event) ?? '';
      const item = new BatchedEvent(event, claimId, orderKey, (outcome) => onEnd(index, outcome));
      // Two stored copies of one write have one claim, which the first one ends.
      const first = known.get(claimId);
      if (first) copies.push([item, first]);
      else firsts.push(item);
      known.set(claimId, first ?? item);
    }
    try {
      await this.settle(batch, firsts);
      for (const [copy, { outcome }] of copies) {
        const isUnfinished = outcome?.status === 'aborted' || outcome?.status === 'halted';
        copy.end(isUnfinished ? outcome : await this.alone(batch, copy, undefined));
      }
    } finally {
      await this.deps.claims.release(firsts);
    }
  }

  private async settle(batch: Batch, items: readonly BatchedEvent[]): Promise<void> {
    const { pathway, delivery, transactions } = batch;
    // A store that cannot mark several events in one transaction marks each in its own.
    if (items.length < 2 || (transactions && !transactions.runBatch)) {
      return settleAll(byOrderKey(items).map((sameKey) => this.oneByOne(batch, sameKey, NOTHING.alone)));
    }
    if (!transactions) await this.deps.claims.claim(pathway, items, delivery);
    const mayBeBehind = await this.lookBehind(batch, items);
    await settleAll(byOrderKey(items).map((sameKey) => this.admit(batch, sameKey, mayBeBehind)));
    const ready = items.filter(({ handled, outcome }) => handled && !outcome);
    await this.follow(batch, items, ready.length > 0 ? await this.call(batch, ready) : NOTHING);
  }

  /** One look at the dead letters of all keys. Tells of which events a look of their own must say whether they are behind one. */
  private async lookBehind(
    { pathway, delivery }: Batch,
    items: readonly BatchedEvent[],
  ): Promise<(item: BatchedEvent) => boolean> {
    const { deadLetters } = this.deps.store;
    // The key of an encrypted event may be there later only.
    if (!mayBeParked(pathway, delivery) || pathway.encrypted || !deadLetters.blockedKeys) return () => true;
    const keys = new Set(items.map(({ orderKey }) => orderKey));
    const blocked = new Set(await deadLetters.blockedKeys(delivery.source, [...keys]));
    return ({ orderKey }) => blocked.has(orderKey);
  }

  /** Lets the events of a key through, up to one that has to wait. */
  private async admit(
    { pathway, delivery }: Batch,
    sameKey: readonly BatchedEvent[],
    mayBeBehind: (item: BatchedEvent) => boolean,
  ): Promise<void> {
    for (const item of sameKey) item.handled = undefined;
    // An event that is refused here is a dead letter itself, which the look at all of them came too early for.
    let isRefused = false;
    for (const item of sameKey) {
      if (item.outcome) continue;
      if (item.pendingClaim) return;
      const { event, isClaimed } = item;
      const mustLook = isRefused || mayBeBehind(item);
      const admission = await this.deps.pipeline.admit(pathway, event, delivery, isClaimed, mustLook);
      if ('handled' in admission) {
        item.handled = admission.handled;
        continue;
      }
      isRefused = true;
      item.isClaimed = false;
      item.end(admission.outcome);
    }
  }

  private async call(batch: Batch, ready: readonly BatchedEvent[]): Promise<CallOutcome> {
    const { transactions, delivery } = batch;
    if (delivery.signal?.aborted) return this.abort(ready);
    if (transactions) return this.callInTransaction(batch, ready, transactions);
    const end = await this.invoke(batch, ready, undefined);
    if (end.failed) return this.allFailed(batch, ready, end.failed);
    const alone = failuresOf(ready, end);
    return { done: handledOf(ready, alone), alone };
  }

  private async callInTransaction(
    batch: Batch,
    ready: readonly BatchedEvent[],
    transactions: TransactionRunner,
  ): Promise<CallOutcome> {
    const { pathway, delivery } = batch;
    const { generation, purpose = 'delivery' } = delivery;
    const eventIds = ready.map(({ claimId }) => claimId);
    let called: readonly BatchedEvent[] = [];
    let end: BatchEnd | undefined;
    try {
      const answers = await transactions.runBatch?.(
        { eventIds, generation, purpose },
        async (manager, claimed) => {
          called = ready.filter(({ claimId }) => claimed.has(claimId));
          end = await this.invoke(batch, called, manager);
          // Thrown on, because that is what rolls back.
          if (end.failed) throw end.failed.thrown;
          if (end.failures.size > 0) throw new Error('Rolled back for the sake of the events that failed');
        },
      );
      const held = ready.filter(({ claimId }) => answers?.get(claimId) === 'held');
      for (const item of ready) {
        const claim = answers?.get(item.claimId);
        if (claim !== 'processed' && claim !== 'dead-lettered') continue;
        item.end(await this.deps.ending.earlier(pathway, item.event, claim));
      }
      return { done: called, alone: new Map(held.map((item) => [item, undefined])) };
    } catch (error) {
      if (!end || error instanceof TransactionLostError) throw error;
      if (end.failures.size > 0) return { done: [], alone: failuresOf(called, end) };
      // What ends a transaction after its attempt is the handler's doing, such as a constraint checked at the commit.
      const failed = end.failed ?? new Failed(error, end.attempt, called.length > 1);
      return this.allFailed(batch, called, failed);
    }
  }

  private invoke(batch: Batch, called: readonly BatchedEvent[], transaction: unknown): Promise<BatchEnd> {
    const { pathway, delivery, bindings, where } = batch;
    const events = called.map(({ handled }) => handled as PathwayEvent);
    for (const [index, item] of called.entries()) {
      if (item.isObserved) continue;
      item.isObserved = true;
      this.deps.pipeline.observe(bindings, 'before', events[index] as PathwayEvent, pathway, delivery);
    }
    return this.deps.runner.runBatch({ batch: batch.handler, where, events, pathway, delivery, transaction });
  }

  private allFailed(batch: Batch, called: readonly BatchedEvent[], failed: Failed): CallOutcome {
    const { delivery, pathway, where } = batch;
    if (delivery.signal?.aborted) return this.abort(called);
    if (failed.isShared) {
      this.deps.logger.warn(
        `${where} failed for a batch of ${called.length} events of ${pathway.key}; they are handled one by one`,
        errorFields(failed.thrown),
      );
    }
    return { done: [], alone: new Map(called.map((item) => [item, failed])) };
  }

  private abort(items: readonly BatchedEvent[]): CallOutcome {
    for (const item of items) item.end(ABORTED);
    return NOTHING;
  }

  /** What comes after a call. Keys go on independently of each other. */
  private async follow(
    batch: Batch,
    items: readonly BatchedEvent[],
    { done, alone }: CallOutcome,
  ): Promise<void> {
    await settleAll(done.map((item) => this.finish(batch, item)));
    const unfinished = byOrderKey(items.filter(({ outcome }) => !outcome)).map((sameKey) => {
      const stop = sameKey.findIndex((item) => alone.has(item) || item.pendingClaim);
      const free = stop < 0 ? sameKey : sameKey.slice(0, stop);
      return { free, stopped: sameKey.slice(free.length) };
    });
    const again = this.settle(
      batch,
      inOrderOf(
        items,
        unfinished.flatMap(({ free }) => free),
      ),
    );
    const behind = unfinished.map(async ({ free, stopped }) => {
      const before = free.at(-1);
      if (before) await Promise.race([again.catch(() => {}), before.whenEnded()]);
      // Without an outcome the store has failed, and `again` says so.
      if (before && (!before.outcome || this.isStopped(before.outcome, stopped))) return;
      await this.oneByOne(batch, stopped, alone);
    });
    await settleAll([again, ...behind]);
  }

  /** Events of one key that do not go with others; what stands behind them does again, when they have ended. */
  private async oneByOne(
    batch: Batch,
    sameKey: readonly BatchedEvent[],
    failures: CallOutcome['alone'],
  ): Promise<void> {
    for (const [index, item] of sameKey.entries()) {
      const failed = failures.get(item);
      if (index > 0 && !failed?.isShared) return this.settle(batch, sameKey.slice(index));
      const outcome = await this.alone(batch, item, failed);
      item.end(outcome);
      if (this.isStopped(outcome, sameKey.slice(index + 1))) return;
    }
  }

  private async alone(
    { pathway, bindings, delivery }: Batch,
    item: BatchedEvent,
    failed: Failed | undefined,
  ): Promise<EventOutcome> {
    if (delivery.signal?.aborted) return ABORTED;
    const claim = await item.pendingClaim;
    item.pendingClaim = undefined;
    if (claim && claim !== 'claimed') return this.deps.ending.earlier(pathway, item.event, claim);
    const { isObserved } = item;
    const resumed = { isClaimed: item.isClaimed || claim === 'claimed', isObserved, failed };
    item.isClaimed = false; // The pipeline completes it or gives it back.
    return this.deps.pipeline.take(pathway, bindings, item.event, delivery, resumed);
  }

  /** An event that stays unfinished keeps those behind it unfinished, for the same reason. */
  private isStopped(outcome: EventOutcome, behind: readonly BatchedEvent[]): boolean {
    if (outcome.status !== 'aborted' && outcome.status !== 'halted') return false;
    for (const item of behind) if (!item.outcome) item.end(outcome);
    return true;
  }

  private async finish(batch: Batch, item: BatchedEvent): Promise<void> {
    const { bindings, delivery, pathway, transactions } = batch;
    if (!transactions) await this.deps.ending.mark(item.claimId, delivery);
    item.isClaimed = false;
    item.end(this.deps.ending.processed(item.event.eventId, item.claimId));
    this.deps.pipeline.observe(bindings, 'after', item.handled as PathwayEvent, pathway, delivery);
  }
}

const NOTHING: CallOutcome = { done: [], alone: new Map() };

function failuresOf(called: readonly BatchedEvent[], { failures, attempt }: BatchEnd): CallOutcome['alone'] {
  const failed = called.filter(({ event }) => failures.has(event.eventId));
  return new Map(failed.map((item) => [item, new Failed(failures.get(item.event.eventId), attempt)]));
}

/** What was handled, although an event before it in its key was not, counts as not handled. */
function handledOf(called: readonly BatchedEvent[], alone: CallOutcome['alone']): BatchedEvent[] {
  return byOrderKey(called).flatMap((sameKey) => {
    const first = sameKey.findIndex((item) => alone.has(item));
    return first < 0 ? sameKey : sameKey.slice(0, first);
  });
}

function inOrderOf(items: readonly BatchedEvent[], chosen: readonly BatchedEvent[]): BatchedEvent[] {
  const isChosen = new Set(chosen);
  return items.filter((item) => isChosen.has(item));
}
