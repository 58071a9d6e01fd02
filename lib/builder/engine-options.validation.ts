import {
  PathwaysConfigurationError,
  type ConfigurationProblem,
} from '../errors/pathways-configuration.error.js';
import { PumpPositionInvalidError } from '../errors/pump-position-invalid.error.js';
import { cursorOf } from '../pump/pump-position.util.js';
import type { PumpOptions, PumpPosition } from '../pump/pump.options.js';
import type { PathwaysEngineOptions, RuntimeEnv } from './engine.options.js';
import {
  either,
  flag,
  mapOf,
  oneOf,
  shape,
  text,
  wholeNumber,
  withMethods,
  type OptionCheck,
} from './option-check.util.js';

const milliseconds = wholeNumber(0);
const positive = wholeNumber(1);

const url: OptionCheck = (value, path) =>
  typeof value === 'string' && /^(?:https?|wss?):\/\/[^\s]+$/.test(value)
    ? []
    : [{ path, message: 'must be an absolute URL' }];

const position: OptionCheck = (value, path) => {
  try {
    cursorOf(value as PumpPosition, 0);
    return [];
  } catch (error) {
    if (error instanceof PumpPositionInvalidError) return [{ path, message: error.message }];
    throw error;
  }
};

const PUMP: Record<keyof PumpOptions, OptionCheck> = {
  autoStart: flag,
  concurrency: either(
    positive,
    shape({ default: positive, byFlowType: mapOf(positive), byPumpGroup: mapOf(positive) }),
  ),
  startFrom: position,
  notifier: oneOf('websocket', 'poller'),
  bufferSize: positive,
  bufferBytes: positive,
  pollIntervalMs: positive,
  lookBackMs: milliseconds,
  commitIntervalMs: milliseconds,
};

/** Checks of every engine option, for the modules that add options of their own. */
export const ENGINE_OPTION_CHECKS: Record<keyof PathwaysEngineOptions, OptionCheck> = {
  tenant: text,
  dataCore: text,
  apiKey: text,
  baseUrl: url,
  hosts: shape({
    ingestion: url,
    eventSource: url,
    tenant: url,
    dataCore: url,
    flowType: url,
    eventType: url,
    notifications: url,
  }),
  runtimeEnv: oneOf('production', 'development', 'test'),
  store: shape({
    state: pathwayState,
    cursors: withMethods('load', 'save', 'clear'),
    deadLetters: withMethods('add', 'get', 'list', 'count', 'remove', 'blockerOf'),
    leases: withMethods('acquire', 'renew', 'release'),
  }),
  pathwayTimeoutMs: positive,
  handlerTimeoutMs: milliseconds,
  shutdownTimeoutMs: milliseconds,
  requestTimeoutMs: positive,
  maxBatchSize: positive,
  pump: either(oneOf(false), shape(PUMP)),
  logger: withMethods('debug', 'info', 'warn', 'error'),
  telemetry: shape({
    eventFinished: callable,
    attemptFailed: callable,
    callbackFailed: callable,
    eventsWritten: callable,
    requestFinished: callable,
  }),
  clock: withMethods('now', 'startTimer'),
};

/** @throws PathwaysConfigurationError listing every problem. */
export function assertEngineOptions(options: PathwaysEngineOptions, runtimeEnv: RuntimeEnv): void {
  const problems = [...shape(ENGINE_OPTION_CHECKS)(options, ''), ...missingIn(options, runtimeEnv)];
  if (problems.length > 0) throw new PathwaysConfigurationError(problems);
}

/** What a production service cannot run without. Elsewhere Local Flowcore and memory stand in. */
export function missingIn(options: PathwaysEngineOptions, runtimeEnv: RuntimeEnv): ConfigurationProblem[] {
  if (runtimeEnv !== 'production') return [];
  const required = (['tenant', 'dataCore', 'apiKey'] as const).filter((name) => options[name] === undefined);
  const problems = required.map((path) => ({ path, message: 'is required in production' }));
  const inMemory = (['state', 'cursors', 'deadLetters'] as const).filter(
    (part) => options.store?.[part] === undefined,
  );
  return inMemory.length === 0
    ? problems
    : [
        ...problems,
        {
          path: 'store',
          message: `keeps ${inMemory.join(', ')} in memory, which a restart forgets; production needs a durable store for each`,
        },
      ];
}

function pathwayState(value: unknown, path: string): ConfigurationProblem[] {
  const problems = withMethods('claim', 'complete', 'release', 'statusOf')(value, path);
  if (problems.length > 0) return problems;
  return positive((value as { markTtlMs?: unknown }).markTtlMs, `${path}.markTtlMs`);
}

function callable(value: unknown, path: string): ConfigurationProblem[] {
  return typeof value === 'function' ? [] : [{ path, message: 'must be a function' }];
}
