import type { PathwayContract } from '../contract/pathway-contract.interface.js';
import { PathwayHandlerTimeoutError } from '../errors/pathway-handler-timeout.error.js';
import { PathwaysNotReadyError } from '../errors/pathways-not-ready.error.js';
import { UnrecoverableEventError } from '../errors/unrecoverable-event.error.js';
import { sleep, type Clock } from '../event/clock.interface.js';
import type { FlowcoreEvent, PathwayEvent } from '../event/flowcore-event.interface.js';
import { errorFields, type PathwaysLogger } from '../event/logger.interface.js';
import { isPromiseLike } from '../event/maybe-promise.type.js';
import type { PathwayKey } from '../event/pathway-key.util.js';
import type { Telemetry } from '../event/telemetry.interface.js';
import { AttemptWatch } from './attempt-watch.js';
import { Attempt } from './attempt.js';
import { toError } from './error-fingerprint.util.js';
import type { EventDelivery } from './event-delivery.interface.js';
import type { ObservedStage, ObserverBinding } from './handler-binding.interface.js';
import type { HandlerRegistry, PathwayBindings } from './handler.registry.js';
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

/** The parts the runner works with. */
export interface HandlerRunnerDependencies {
  readonly handlers: HandlerRegistry;
  readonly clock: Clock;
  readonly logger: PathwaysLogger;
  readonly telemetry: Telemetry;
  /** Milliseconds; 0 is no limit. */
  readonly handlerTimeoutMs: number;
}

/** Runs user code: handlers with time limit and retries; observers and error handlers so that they can break nothing. */
export class HandlerRunner {
  private readonly watch: AttemptWatch;

  constructor(private readonly deps: HandlerRunnerDependencies) {
    this.watch = new AttemptWatch(deps.clock, (attempt, cause) => {
      attempt.abort(
        cause === 'deadline'
          ? new PathwayHandlerTimeoutError(attempt.pathway, attempt.eventId, attempt.timeoutMs)
          : new PathwaysNotReadyError('shutting down'),
      );
    });
  }

  /** Nothing on success; `aborted` when the deliverer gave up, which is no failure of the handler. */
  async run(
    bindings: PathwayBindings,
    event: PathwayEvent,
    pathway: PathwayContract,
    delivery: EventDelivery,
  ): Promise<HandlerFailure | 'aborted' | undefined> {
    const { handler } = bindings;
    if (!handler) return undefined;
    const attempts: FailedAttempt[] = [];
    for (let number = 1; ; number++) {
      if (delivery.signal?.aborted) return 'aborted';
      const attempt = this.attempt(event, pathway, delivery, number);
      try {
        const result = handler.invoke(event, attempt);
        if (isPromiseLike(result)) await this.supervise(result, attempt);
        return undefined;
      } catch (thrown) {
        if (delivery.signal?.aborted) return 'aborted';
        const error = toError(thrown);
        attempts.push({ at: this.deps.clock.now(), error });
        this.notifyErrorHandlers(bindings, error, event, pathway, delivery, number);
        const isFinal = number > pathway.maxRetries || error instanceof UnrecoverableEventError;
        if (isFinal) return { attempts, final: error };
        await this.pause(pathway, event, number, handler.where, error, delivery.signal);
      }
    }
  }

  /** Called once per failed attempt. */
  notifyErrorHandlers(
    bindings: PathwayBindings,
    error: Error,
    event: FlowcoreEvent,
    pathway: PathwayContract,
    delivery: EventDelivery,
    number: number,
  ): void {
    this.deps.telemetry.attemptFailed?.(pathway.key, number, error);
    const anyHandlers = this.deps.handlers.anyErrorHandlers();
    if (bindings.onError.length === 0 && anyHandlers.length === 0) return;
    const context = this.attempt(event, pathway, delivery, number);
    for (const binding of [...bindings.onError, ...anyHandlers]) {
      this.callSafely(pathway.key, binding.where, () => binding.invoke(error, event, pathway.key, context));
    }
  }

  notifyObservers(
    observers: readonly ObserverBinding[],
    stage: ObservedStage,
    event: PathwayEvent,
    pathway: PathwayContract,
    delivery: EventDelivery,
  ): void {
    const context = this.attempt(event, pathway, delivery, 1);
    for (const observer of observers) {
      this.callSafely(pathway.key, observer.where, () => observer.invoke(event, stage, context));
    }
  }

  private attempt(
    event: FlowcoreEvent,
    pathway: PathwayContract,
    delivery: EventDelivery,
    number: number,
  ): Attempt {
    const timeoutMs = pathway.handlerTimeoutMs ?? this.deps.handlerTimeoutMs;
    return new Attempt(event.eventId, pathway.key, delivery.source, number, timeoutMs, delivery.signal);
  }

  private async supervise(result: PromiseLike<unknown>, attempt: Attempt): Promise<void> {
    if (attempt.timeoutMs > 0) attempt.deadline = this.deps.clock.now() + attempt.timeoutMs;
    const outcome = attempt.outcomeOf(result);
    this.watch.add(attempt);
    try {
      await outcome;
    } finally {
      this.watch.remove(attempt);
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

  /** A user's callback around the handler must neither break processing nor become an unhandled rejection. */
  private callSafely(pathway: PathwayKey, where: string, call: () => unknown): void {
    const report = (error: unknown) => {
      this.deps.telemetry.callbackFailed?.(pathway, where, error);
      this.deps.logger.error(`${where} threw; processing of ${pathway} goes on`, errorFields(error));
    };
    try {
      const result = call();
      if (isPromiseLike(result)) result.then(undefined, report);
    } catch (error) {
      report(error);
    }
  }
}
