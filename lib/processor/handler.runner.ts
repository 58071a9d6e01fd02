import type { PathwayContract } from '../contract/pathway-contract.interface.js';
import { PathwayHandlerTimeoutError } from '../errors/pathway-handler-timeout.error.js';
import { PathwaysNotReadyError } from '../errors/pathways-not-ready.error.js';
import { TransactionLostError } from '../errors/transaction-lost.error.js';
import { UnrecoverableEventError } from '../errors/unrecoverable-event.error.js';
import { sleep, type Clock } from '../event/clock.interface.js';
import type { FlowcoreEvent, PathwayEvent } from '../event/flowcore-event.interface.js';
import { errorFields, type PathwaysLogger } from '../event/logger.interface.js';
import { isPromiseLike, type MaybePromise } from '../event/maybe-promise.type.js';
import type { Telemetry } from '../event/telemetry.interface.js';
import type { EventStatus } from '../state/pathway-state.interface.js';
import type { TransactionRunner } from '../state/transaction-runner.interface.js';
import { AttemptWatch } from './attempt-watch.js';
import { Attempt } from './attempt.js';
import type { BatchBinding } from './batch-binding.interface.js';
import { readBatchAnswer } from './batch-handler.js';
import type { CallbackNotifier } from './callback.notifier.js';
import { toError } from './error-fingerprint.util.js';
import type { EventDelivery } from './event-delivery.interface.js';
import type { HandlerBinding } from './handler-binding.interface.js';
import type { PathwayBindings } from './handler.registry.js';
import type { RunInOrder } from './ordered.claims.js';
import { retryDelayOf } from './retry-policy.util.js';

/** One attempt that failed. */
export interface FailedAttempt {
  /** Unix milliseconds. */
  readonly at: number;
  readonly error: Error;
}

/** A handler that finally failed: every attempt, and the error that counts. */
export interface HandlerFailure {
  readonly attempts: readonly FailedAttempt[];
  readonly final: Error;
}

/**
 * How a run ended: nothing on success; `aborted` when the deliverer gave up, which is no failure of the handler.
 */
export type RunEnd = HandlerFailure | 'aborted' | undefined;

/**
 * The same inside transactions; `earlier` when one found that another delivery had ended the event, `behind` when the first
 * found a dead letter of the event's key.
 */
export type TransactionRunEnd = RunEnd | 'behind' | { readonly earlier: EventStatus };

/** A handler and the event it runs for. */
export interface HandlerRun {
  readonly handler: HandlerBinding;
  readonly bindings: PathwayBindings;
  readonly event: PathwayEvent;
  /** Of the event as it was delivered; see claimIdOf. */
  readonly claimId: string;
  readonly pathway: PathwayContract;
  readonly delivery: EventDelivery;
  /** The first attempt, when it was one of a batch: this run goes on after it. */
  readonly failed?: Failed | undefined;
  /** Runs the first attempt's transaction, where that has to look for dead letters of its key. */
  readonly runFirst?: RunInOrder | undefined;
}

/** A batch handler and the events it runs for. */
export interface BatchRun {
  readonly batch: BatchBinding;
  readonly where: string;
  readonly events: readonly PathwayEvent[];
  readonly pathway: PathwayContract;
  readonly delivery: EventDelivery;
  readonly transaction?: unknown;
}

/** How a call of a batch handler ended: which events it says failed, or that all did. */
export interface BatchEnd {
  readonly attempt: Attempt;
  readonly failed: Failed | undefined;
  readonly failures: ReadonlyMap<string, unknown>;
}

/** The parts the runner works with. */
export interface HandlerRunnerDependencies {
  readonly callbacks: CallbackNotifier;
  readonly clock: Clock;
  readonly logger: PathwaysLogger;
  readonly telemetry: Telemetry;
  /** Milliseconds; 0 is no limit. */
  readonly handlerTimeoutMs: number;
}

/** An attempt that failed. A value, so that whatever rejects beside it is a failure of the store. */
export class Failed {
  constructor(
    readonly thrown: unknown,
    readonly attempt: Attempt,
    /** Of a whole batch, which says nothing of one of its events: each is tried alone before it counts as failed. */
    readonly isShared = false,
  ) {}
}

type Execute<TEnd> = (number: number) => MaybePromise<TEnd | Failed>;

/** Runs handlers, with time limit and retries. */
export class HandlerRunner {
  private readonly watch: AttemptWatch;

  constructor(private readonly deps: HandlerRunnerDependencies) {
    this.watch = new AttemptWatch(deps.clock, (attempt, cause) => {
      attempt.abort(
        cause === 'deadline'
          ? new PathwayHandlerTimeoutError(
              attempt.pathway,
              attempt.eventId,
              attempt.timeoutMs,
              attempt.events,
            )
          : new PathwaysNotReadyError('shutting down'),
      );
    });
  }

  /** Runs the handler until it succeeds or finally fails. A handler that answers at once is answered for at once. */
  run(run: HandlerRun): MaybePromise<RunEnd> {
    if (run.delivery.signal?.aborted) return 'aborted';
    const failed = run.failed ?? this.attempt(run, 1);
    if (isPromiseLike(failed)) return failed.then((end) => end && this.retried(run, end));
    return failed && this.retried(run, failed);
  }

  /**
   * The same for whoever has a promise to settle already: one more is felt for every event.
   *
   * @param done called once, with a promise when the first attempt failed.
   */
  start(run: HandlerRun, done: (end: MaybePromise<RunEnd>) => void): void {
    if (run.delivery.signal?.aborted) return done('aborted');
    const attempt = this.createAttempt(run.event, run.pathway, run.delivery, 1);
    this.call(run, attempt, done as () => void, (thrown) =>
      done(this.retried(run, new Failed(thrown, attempt))),
    );
  }

  /**
   * The same inside the store's transaction, one for each attempt.
   *
   * @param onStart called when the first transaction has its claim, before the handler.
   * Rejects when the store failed, which says nothing about the handler.
   */
  async runInTransaction(
    run: HandlerRun,
    transactions: TransactionRunner,
    onStart: () => void,
  ): Promise<TransactionRunEnd> {
    if (run.delivery.signal?.aborted) return 'aborted';
    const execute = (number: number) => this.attemptInTransaction(run, transactions, number, onStart);
    const end = run.failed ?? (await execute(1));
    return end instanceof Failed ? this.afterFailure(run, end, execute) : end;
  }

  /** One call of a batch handler. Never rejects. */
  async runBatch({ batch, where, events, pathway, delivery, transaction }: BatchRun): Promise<BatchEnd> {
    const [event] = events as [PathwayEvent];
    const attempt = this.createAttempt(event, pathway, delivery, 1);
    attempt.transaction = transaction;
    attempt.events = events.length;
    let failures: BatchEnd['failures'] = new Map();
    const invoke = async () => {
      failures = readBatchAnswer(await batch.invoke(events, attempt), events, where);
    };
    const failed = await this.invoke({ handler: { invoke }, event }, attempt, events.length > 1);
    return { attempt, failed, failures };
  }

  /** Also the context of observers, which see the first attempt's. */
  createAttempt(
    event: FlowcoreEvent,
    pathway: PathwayContract,
    delivery: EventDelivery,
    number: number,
  ): Attempt {
    const timeoutMs = pathway.handlerTimeoutMs ?? this.deps.handlerTimeoutMs;
    return new Attempt(event.eventId, pathway.key, delivery.source, number, timeoutMs, delivery.signal);
  }

  private attempt(run: HandlerRun, number: number): MaybePromise<undefined | Failed> {
    const attempt = this.createAttempt(run.event, run.pathway, run.delivery, number);
    return this.invoke(run, attempt);
  }

  private async attemptInTransaction(
    run: HandlerRun,
    transactions: TransactionRunner,
    number: number,
    onStart: () => void,
  ): Promise<TransactionRunEnd | Failed> {
    const { event, claimId: eventId, pathway, delivery } = run;
    const { generation, purpose = 'delivery' } = delivery;
    const attempt = this.createAttempt(event, pathway, delivery, number);
    try {
      const attemptOnce = async (transaction: unknown) => {
        attempt.transaction = transaction;
        if (number === 1) onStart();
        const failed = await this.invoke(run, attempt);
        // Thrown on, because that is what rolls back.
        if (failed) throw failed.thrown;
      };
      const claim =
        number === 1 && run.runFirst
          ? await run.runFirst(attemptOnce)
          : await transactions.run({ eventId, generation, purpose }, attemptOnce);
      if (claim === 'behind') return claim;
      return claim === 'claimed' ? undefined : { earlier: claim };
    } catch (error) {
      // Whatever else ends a transaction is the handler's doing, such as a constraint checked at the commit.
      if (error instanceof TransactionLostError) throw error;
      return new Failed(error, attempt);
    }
  }

  /** One call of the handler; `undefined` when it succeeds. */
  private invoke(
    target: { handler: Pick<HandlerBinding, 'invoke'>; event: PathwayEvent },
    attempt: Attempt,
    isShared = false,
  ): MaybePromise<Failed | undefined> {
    let end: Failed | undefined;
    let resolve: ((end: Failed | undefined) => void) | undefined;
    let isOver = false;
    const finish = (failed: Failed | undefined) => {
      isOver = true;
      end = failed;
      resolve?.(failed);
    };
    this.call(
      target,
      attempt,
      () => finish(undefined),
      (thrown) => finish(new Failed(thrown, attempt, isShared)),
    );
    return isOver ? end : new Promise((settle) => (resolve = settle));
  }

  /** Calls the handler, and then one of the two, once: at once when the handler answers so, or is given up. */
  private call(
    { handler, event }: { handler: Pick<HandlerBinding, 'invoke'>; event: PathwayEvent },
    attempt: Attempt,
    succeed: () => void,
    fail: (thrown: unknown) => void,
  ): void {
    const { telemetry, clock } = this.deps;
    const startedAt = telemetry.handlerFinished ? clock.now() : 0;
    let result: unknown;
    try {
      result = handler.invoke(event, attempt);
    } catch (thrown) {
      telemetry.handlerFinished?.(attempt.pathway, clock.now() - startedAt);
      return fail(thrown);
    }
    if (!isPromiseLike(result)) {
      telemetry.handlerFinished?.(attempt.pathway, clock.now() - startedAt);
      return succeed();
    }
    if (attempt.timeoutMs > 0) attempt.deadline = clock.now() + attempt.timeoutMs;
    const failOnce = (thrown: unknown) => {
      if (this.endsNow(attempt, startedAt)) fail(thrown);
    };
    attempt.onGivenUp(failOnce);
    const succeedOnce = () => {
      if (this.endsNow(attempt, startedAt)) succeed();
    };
    result.then(succeedOnce, failOnce);
    this.watch.add(attempt);
  }

  /** False for a handler that was given up and ends all the same: it must not be retried twice. */
  private endsNow(attempt: Attempt, startedAt: number): boolean {
    if (attempt.isOver) return false;
    attempt.isOver = true;
    this.watch.remove(attempt);
    this.deps.telemetry.handlerFinished?.(attempt.pathway, this.deps.clock.now() - startedAt);
    return true;
  }

  private retried(run: HandlerRun, failed: Failed): Promise<RunEnd> {
    return this.afterFailure(run, failed, (number) => this.attempt(run, number));
  }

  private async afterFailure<TEnd extends TransactionRunEnd>(
    run: HandlerRun,
    first: Failed,
    execute: Execute<TEnd>,
  ): Promise<TEnd | HandlerFailure | 'aborted'> {
    const { bindings, event, pathway, delivery, handler } = run;
    const attempts: FailedAttempt[] = [];
    let { thrown, attempt } = first;
    for (let number = 1; ; number++) {
      if (delivery.signal?.aborted) return 'aborted';
      const error = toError(thrown);
      attempts.push({ at: this.deps.clock.now(), error });
      this.deps.callbacks.attemptFailed(bindings, error, event, pathway, attempt);
      if (number > 1 || !first.isShared) {
        const isFinal = number > pathway.maxRetries || error instanceof UnrecoverableEventError;
        if (isFinal) return { attempts, final: error };
        await this.pause(pathway, event, number, handler.where, error, delivery.signal);
      }
      if (delivery.signal?.aborted) return 'aborted';
      const end = await execute(number + 1);
      if (!(end instanceof Failed)) return end;
      ({ thrown, attempt } = end);
    }
  }

  private async pause(
    pathway: PathwayContract,
    event: FlowcoreEvent,
    number: number,
    where: string,
    error: Error,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const delayMs = retryDelayOf(pathway, number);
    this.deps.logger.warn(
      `${where} failed for event ${event.eventId} of ${pathway.key}, attempt ${number} of ${pathway.maxRetries + 1}; next in ${delayMs} ms`,
      errorFields(error),
    );
    await sleep(this.deps.clock, delayMs, signal);
  }
}
