import { errorFields, type PathwaysLogger } from './logger.interface.js';
import { isPromiseLike } from './maybe-promise.type.js';
import type { Telemetry } from './telemetry.interface.js';

/** Every method stands here, those the telemetry lacks as `undefined`: a new one cannot be forgotten. */
type Guarded = { readonly [Method in keyof Required<Telemetry>]: Telemetry[Method] };

/**
 * The telemetry as the engine calls it: whatever it throws or rejects with is logged, once per method, and goes no
 * further. A counter that fails must not fail an event, and least of all a write that is stored already.
 */
export function guardTelemetry(telemetry: Telemetry, logger: PathwaysLogger): Guarded {
  const failed = new Set<string>();
  const report = (method: string, error: unknown) => {
    if (failed.has(method)) return;
    failed.add(method);
    logger.error(
      `telemetry.${method} failed; what it reports is incomplete, everything else goes on. Said once per method.`,
      errorFields(error),
    );
  };
  const safe = <TArgs extends unknown[], TResult>(
    method: keyof Telemetry,
    call: ((...args: TArgs) => TResult) | undefined,
  ): ((...args: TArgs) => TResult | undefined) | undefined => {
    if (!call) return undefined;
    return (...args) => {
      try {
        const result = call.apply(telemetry, args);
        // Nothing stops an async method from being given, and its rejection would end the process.
        if (isPromiseLike(result)) result.then(undefined, (error: unknown) => report(method, error));
        return result;
      } catch (error) {
        report(method, error);
        return undefined;
      }
    };
  };
  const observePumps = safe('observePumps', telemetry.observePumps);
  return {
    eventFinished: safe('eventFinished', telemetry.eventFinished),
    handlerFinished: safe('handlerFinished', telemetry.handlerFinished),
    attemptFailed: safe('attemptFailed', telemetry.attemptFailed),
    callbackFailed: safe('callbackFailed', telemetry.callbackFailed),
    deadLettered: safe('deadLettered', telemetry.deadLettered),
    eventsWritten: safe('eventsWritten', telemetry.eventsWritten),
    requestFinished: safe('requestFinished', telemetry.requestFinished),
    deliveryStarted: safe('deliveryStarted', telemetry.deliveryStarted),
    deliveryFinished: safe('deliveryFinished', telemetry.deliveryFinished),
    observePumps:
      observePumps &&
      ((pumps) => {
        const forget = observePumps(pumps);
        return typeof forget === 'function' ? safe('observePumps', forget) : undefined;
      }),
  };
}
