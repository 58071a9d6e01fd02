import {
  PathwaysConfigurationError,
  type ConfigurationProblem,
} from '../errors/pathways-configuration.error.js';
import { PumpPositionInvalidError } from '../errors/pump-position-invalid.error.js';
import { isTelemetryFactory, type Telemetry } from '../event/telemetry.interface.js';
import { chunkingOptions } from './chunking-options.validation.js';
import { CONTROL_PLANE_CHECKS, missingForRegistration } from './control-plane-options.validation.js';
import { cursorOf } from '../pump/pump-position.util.js';
import {
  resolveProvisioningOptions,
  type ProvisioningOptions,
  type ProvisionRetry,
} from '../provisioning/provisioning.options.js';
import type { PumpOptions, PumpPosition } from '../pump/pump.options.js';
import { encryptionOption } from './encryption-options.check.js';
import type { OutboxOptions } from '../writer/outbox/outbox.options.js';
import type { PathwaysEngineOptions, RuntimeEnv } from './engine.options.js';
import { contradictingIntervals, notifierOption } from './notifier-option.check.js';
import { missingInProduction } from './production-options.validation.js';
import { meaninglessWithReader, readerOption } from './reader-option.check.js';
import { isStoreFactory } from '../state/store-factory.util.js';
import { auditCheck, sessionStoreCheck, userResolverCheck } from './audit-options.check.js';
import {
  either,
  flag,
  listOf,
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

const storeParts = shape({
  state: pathwayState,
  cursors: withMethods('load', 'save', 'clear'),
  deadLetters: withMethods(
    'add',
    'park',
    'get',
    'list',
    'count',
    'countByFingerprint',
    'remove',
    'blockerOf',
  ),
  leases: withMethods('acquire', 'renew', 'release'),
  chunks: withMethods('storePart', 'load', 'finish', 'takeExpired'),
  fileParts: withMethods('storePart', 'discard'),
  transactions: withMethods('run'),
  signals: withMethods('waitFor', 'ended'),
  outbox: withMethods(
    'add',
    'onAdded',
    'pending',
    'assign',
    'sent',
    'failed',
    'hold',
    'held',
    'retry',
    'discard',
    'clean',
  ),
  writes: withMethods('begin', 'answer', 'release'),
  delivery: withMethods('pausedPumps', 'pause', 'resume'),
  commands: withMethods('begin', 'finish', 'reported', 'find', 'unreported'),
  endAsDeadLetter: callable,
  claimInOrder: callable,
  runInOrder: callable,
  open: callable,
  close: callable,
});

/** A factory makes the whole store later; parts are looked at one by one. */
const storeOption: OptionCheck = (value, path) => (isStoreFactory(value) ? [] : storeParts(value, path));

const TELEMETRY: Record<keyof Telemetry, OptionCheck> = {
  eventFinished: callable,
  handlerFinished: callable,
  attemptFailed: callable,
  callbackFailed: callable,
  deadLettered: callable,
  eventsWritten: callable,
  requestFinished: callable,
  deliveryStarted: callable,
  deliveryFinished: callable,
  observePumps: callable,
};

/** A factory makes the telemetry later; methods are looked at one by one. */
const telemetryOption: OptionCheck = (value, path) =>
  isTelemetryFactory(value) ? [] : shape(TELEMETRY)(value, path);

const PUMP: Record<keyof PumpOptions, OptionCheck> = {
  autoStart: flag,
  concurrency: either(
    positive,
    shape({ default: positive, byFlowType: mapOf(positive), byPumpGroup: mapOf(positive) }),
  ),
  startFrom: position,
  notifier: notifierOption,
  reader: readerOption,
  bufferSize: positive,
  bufferBytes: positive,
  pollIntervalMs: positive,
  lookBackMs: milliseconds,
  commitIntervalMs: milliseconds,
};

const pumpOption: OptionCheck = (value, path) => [
  ...shape(PUMP)(value, path),
  ...contradictingIntervals(value),
  ...meaninglessWithReader(value),
];

const OUTBOX: Record<keyof OutboxOptions, OptionCheck> = {
  enabled: flag,
  concurrency: positive,
  pollIntervalMs: positive,
  maxRetryDelayMs: positive,
  retentionMs: milliseconds,
  relay: flag,
};

const failurePolicy = oneOf('throw', 'continue');

/** A share between nothing and all. */
const ratio: OptionCheck = (value, path) =>
  typeof value === 'number' && value >= 0 && value <= 1
    ? []
    : [{ path, message: 'must be a number from 0 to 1' }];

/** A longest wait below the first one: one of them would silently not hold. */
const provisionRetry: OptionCheck = (value, path) => {
  const problems = shape({
    maxAttempts: positive,
    baseDelayMs: milliseconds,
    maxDelayMs: milliseconds,
    jitterRatio: ratio,
  })(value, path);
  if (problems.length > 0) return problems;
  const { baseDelayMs, maxDelayMs } = resolveProvisioningOptions({
    provisionRetry: value as ProvisionRetry,
  }).retry;
  if (maxDelayMs >= baseDelayMs) return [];
  return [{ path: `${path}.maxDelayMs`, message: `must be at least baseDelayMs (${baseDelayMs})` }];
};

const PROVISIONING: Record<keyof ProvisioningOptions, OptionCheck> = {
  autoProvision: either(flag, shape({ dataCore: flag, flowType: flag, eventType: flag, pathway: flag })),
  dataCoreDescription: text,
  dataCoreAccessControl: oneOf('public', 'private'),
  dataCoreDeleteProtection: flag,
  provisionFailure: either(failurePolicy, shape({ check: failurePolicy, apply: failurePolicy })),
  provisionRetry,
  provisionConcurrency: positive,
};

/** Checks of every engine option, for the modules that add options of their own. */
export const ENGINE_OPTION_CHECKS: Record<keyof PathwaysEngineOptions, OptionCheck> = {
  tenant: text,
  dataCore: text,
  apiKey: either(text, callable),
  baseUrl: url,
  hosts: shape({
    ingestion: url,
    eventSource: url,
    tenant: url,
    dataCore: url,
    flowType: url,
    eventType: url,
    controlPlane: url,
    notifications: url,
  }),
  ...PROVISIONING,
  ...CONTROL_PLANE_CHECKS,
  runtimeEnv: oneOf('production', 'development', 'test'),
  pathwayMode: oneOf('virtual', 'managed'),
  singleInstance: flag,
  startupFailure: oneOf('continue', 'throw'),
  store: storeOption,
  pathwayTimeoutMs: positive,
  handlerTimeoutMs: milliseconds,
  shutdownTimeoutMs: milliseconds,
  requestTimeoutMs: positive,
  maxBatchSize: positive,
  audit: auditCheck(userResolverCheck),
  sessionUserResolvers: sessionStoreCheck,
  sessionUserResolverTtlMs: positive,
  chunking: chunkingOptions,
  outbox: either(flag, shape(OUTBOX)),
  pump: either(oneOf(false), pumpOption),
  encryption: encryptionOption,
  writeParsedPayloads: flag,
  logPayloads: flag,
  redact: either(emptyList, listOf(text)),
  logger: withMethods('debug', 'info', 'warn', 'error'),
  telemetry: telemetryOption,
  clock: withMethods('now', 'startTimer'),
};

/** @throws PathwaysConfigurationError listing every problem. */
export function assertEngineOptions(options: PathwaysEngineOptions, runtimeEnv: RuntimeEnv): void {
  const problems = [...shape(ENGINE_OPTION_CHECKS)(options, ''), ...missingIn(options, runtimeEnv)];
  if (problems.length > 0) throw new PathwaysConfigurationError(problems);
}

/** The same for the pump's options alone. */
export function assertPumpOptions(options: PumpOptions): void {
  const problems = pumpOption(options, 'pump');
  if (problems.length > 0) throw new PathwaysConfigurationError(problems, 'The options of the pumps');
}

/** What the service cannot run without as it is configured. */
export function missingIn(
  options: Omit<PathwaysEngineOptions, 'audit'>,
  runtimeEnv: RuntimeEnv,
): ConfigurationProblem[] {
  return [...missingForRegistration(options, runtimeEnv), ...missingInProduction(options, runtimeEnv)];
}

function pathwayState(value: unknown, path: string): ConfigurationProblem[] {
  const problems = withMethods('claim', 'complete', 'release', 'statusOf')(value, path);
  if (problems.length > 0) return problems;
  return positive((value as { markTtlMs?: unknown }).markTtlMs, `${path}.markTtlMs`);
}

function emptyList(value: unknown, path: string): ConfigurationProblem[] {
  return Array.isArray(value) && value.length === 0
    ? []
    : [{ path, message: 'must be a list of metadata keys' }];
}

function callable(value: unknown, path: string): ConfigurationProblem[] {
  return typeof value === 'function' ? [] : [{ path, message: 'must be a function' }];
}
