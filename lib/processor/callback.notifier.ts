import type { PathwayContract } from '../contract/pathway-contract.interface.js';
import type { FlowcoreEvent, PathwayEvent } from '../event/flowcore-event.interface.js';
import { errorFields, type PathwaysLogger } from '../event/logger.interface.js';
import { isPromiseLike } from '../event/maybe-promise.type.js';
import type { PathwayKey } from '../event/pathway-key.util.js';
import type { Telemetry } from '../event/telemetry.interface.js';
import type { EventContext } from './event-context.interface.js';
import type { AuditBinding, ObservedStage, ObserverBinding } from './handler-binding.interface.js';
import type { HandlerRegistry, PathwayBindings } from './handler.registry.js';

/** The parts the notifier works with. */
export interface CallbackNotifierDependencies {
  readonly handlers: HandlerRegistry;
  readonly logger: PathwaysLogger;
  readonly telemetry: Telemetry;
}

/** Calls observers and error handlers so that they can break nothing. */
export class CallbackNotifier {
  constructor(private readonly deps: CallbackNotifierDependencies) {}

  /** Called once per failed attempt. */
  attemptFailed(
    bindings: PathwayBindings,
    error: Error,
    event: FlowcoreEvent,
    pathway: PathwayContract,
    context: EventContext,
  ): void {
    this.deps.telemetry.attemptFailed?.(pathway.key, context.attempt, error);
    for (const binding of [...bindings.onError, ...this.deps.handlers.anyErrorHandlers()]) {
      this.callSafely(pathway.key, binding.where, () => binding.invoke(error, event, pathway.key, context));
    }
  }

  /** Called once per event that is about to be handled. */
  audited(
    bindings: readonly AuditBinding[],
    event: PathwayEvent,
    pathway: PathwayContract,
    context: EventContext,
  ): void {
    for (const { where, invoke } of bindings) {
      this.callSafely(pathway.key, where, () => invoke(event, context));
    }
  }

  observed(
    observers: readonly ObserverBinding[],
    stage: ObservedStage,
    event: PathwayEvent,
    pathway: PathwayContract,
    context: EventContext,
  ): void {
    for (const observer of observers) {
      this.callSafely(pathway.key, observer.where, () => observer.invoke(event, stage, context));
    }
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
