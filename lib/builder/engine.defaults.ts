import { systemClock, type Clock } from '../event/clock.interface.js';
import { consoleLogger } from '../event/console.logger.js';
import type { PathwaysLogger } from '../event/logger.interface.js';
import { guardTelemetry } from '../event/telemetry.guard.js';
import { isTelemetryFactory, noTelemetry, type Telemetry } from '../event/telemetry.interface.js';
import type { ApiKeyProvider } from '../platform/api-key-provider.type.js';
import type { PlatformHosts } from '../platform/platform-hosts.js';
import type { PumpReaderFactory } from '../pump/pump-reader.interface.js';
import type { PumpOptions, ResolvedPumpOptions } from '../pump/pump.options.js';
import { EncryptionPolicy } from '../security/encryption/encryption-policy.js';
import type { PathwaysStore } from '../state/pathways-store.interface.js';
import { isStoreFactory } from '../state/store-factory.util.js';
import { resolveChunkingOptions, type ResolvedChunkingOptions } from '../writer/chunks/chunking.options.js';
import {
  MemorySessionUserResolverStore,
  type SessionUserResolverStore,
} from '../writer/session-user-resolver.store.js';
import type { AuditOptions } from './audit.options.js';
import { resolveOutboxOptions, type ResolvedOutboxOptions } from '../writer/outbox/outbox.options.js';
import {
  resolveProvisioningOptions,
  type ResolvedProvisioningOptions,
} from '../provisioning/provisioning.options.js';
import {
  resolveControlPlaneOptions,
  type ResolvedControlPlaneOptions,
} from '../provisioning/control-plane.options.js';
import { pathwayModeIn } from './control-plane-options.validation.js';
import type { PathwayMode, PathwaysEngineOptions, RuntimeEnv } from './engine.options.js';
import { resolveNotifier } from './notifier-option.check.js';
import { assertEngineOptions, assertPumpOptions } from './engine-options.validation.js';

/** {@link PathwaysEngineOptions} with every default applied. */
export interface ResolvedEngineOptions {
  readonly tenant: string;
  readonly dataCore: string;
  readonly apiKey: string | ApiKeyProvider;
  readonly baseUrl: string | undefined;
  readonly hosts: Partial<PlatformHosts>;
  readonly runtimeEnv: RuntimeEnv;
  readonly pathwayMode: PathwayMode;
  readonly startupFailure: 'continue' | 'throw';
  readonly provisioning: ResolvedProvisioningOptions;
  readonly controlPlane: ResolvedControlPlaneOptions;
  readonly store: Partial<PathwaysStore>;
  readonly pathwayTimeoutMs: number;
  readonly handlerTimeoutMs: number;
  readonly shutdownTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly maxBatchSize: number;
  readonly audit: AuditOptions;
  readonly sessionUserResolvers: SessionUserResolverStore;
  readonly sessionUserResolverTtlMs: number;
  readonly chunking: ResolvedChunkingOptions;
  readonly outbox: ResolvedOutboxOptions;
  readonly writeParsedPayloads: boolean;
  /** Whether this process pulls events at all. */
  readonly pumpEnabled: boolean;
  readonly pump: ResolvedPumpOptions;
  /** Who reads for the pumps; `own` is the library's own reader. */
  readonly pumpReader: PumpReaderFactory | 'own';
  readonly encryption: EncryptionPolicy;
  readonly logPayloads: boolean;
  readonly redact: readonly string[];
  readonly logger: PathwaysLogger;
  readonly telemetry: Telemetry;
  readonly clock: Clock;
}

export const SESSION_USER_RESOLVER_TTL_MS = 3_600_000;

/** Names that Local Flowcore creates by itself; a hosted platform needs real ones. */
const LOCAL_NAMES = { tenant: 'local', dataCore: 'local', apiKey: 'fc_local_development' } as const;

/**
 * The only place that knows defaults.
 *
 * @throws PathwaysConfigurationError listing every problem.
 */
export function resolveEngineOptions(options: PathwaysEngineOptions): ResolvedEngineOptions {
  const nodeEnv = process.env['NODE_ENV'];
  const runtimeEnv = options.runtimeEnv ?? runtimeEnvOf(nodeEnv);
  assertEngineOptions(options, runtimeEnv);
  const logger = options.logger ?? consoleLogger;
  // "prod" or "staging" would otherwise run by the rules of development without anybody noticing.
  if (options.runtimeEnv === undefined && nodeEnv && nodeEnv !== runtimeEnv)
    logger.warn(unknownNodeEnv(nodeEnv));
  const clock = options.clock ?? systemClock;
  const pathwayMode = options.pathwayMode ?? pathwayModeIn(runtimeEnv);
  const provisioning = resolveProvisioningOptions(options, runtimeEnv !== 'test');
  const registers = registersIn(options, pathwayMode, runtimeEnv, provisioning);
  // Who asks for it by name means it, but never by mistake what production has.
  const mayRegister =
    provisioning.stages.pathway &&
    (runtimeEnv !== 'development' || options.allowDevelopmentPathwayRegistration === true);
  const isManaged = pathwayMode === 'managed';
  const resolved: ResolvedEngineOptions = {
    tenant: options.tenant ?? LOCAL_NAMES.tenant,
    dataCore: options.dataCore ?? LOCAL_NAMES.dataCore,
    apiKey: options.apiKey ?? LOCAL_NAMES.apiKey,
    baseUrl: options.baseUrl,
    hosts: { ...options.hosts, ...(options.pulseUrl !== undefined && { controlPlane: options.pulseUrl }) },
    runtimeEnv,
    pathwayMode,
    startupFailure: options.startupFailure ?? 'continue',
    provisioning,
    controlPlane: resolveControlPlaneOptions(options, { registers, mayRegister, isManaged }),
    store: isStoreFactory(options.store) ? options.store.createStore() : (options.store ?? {}),
    pathwayTimeoutMs: options.pathwayTimeoutMs ?? 10_000,
    handlerTimeoutMs: options.handlerTimeoutMs ?? 30_000,
    shutdownTimeoutMs: options.shutdownTimeoutMs ?? 10_000,
    requestTimeoutMs: options.requestTimeoutMs ?? 10_000,
    maxBatchSize: options.maxBatchSize ?? 25,
    audit: options.audit ?? {},
    sessionUserResolvers: options.sessionUserResolvers ?? memorySessions(clock, logger),
    sessionUserResolverTtlMs: options.sessionUserResolverTtlMs ?? SESSION_USER_RESOLVER_TTL_MS,
    chunking: resolveChunkingOptions(options.chunking),
    outbox: resolveOutboxOptions(options.outbox),
    writeParsedPayloads: options.writeParsedPayloads ?? false,
    pumpEnabled: options.pump !== false && pullsIn(pathwayMode, runtimeEnv, registers),
    pump: withPumpDefaults(options.pump || {}),
    pumpReader: (options.pump || {}).reader ?? 'own',
    logger,
    telemetry: telemetryOf(options, logger),
    clock,
    encryption: new EncryptionPolicy(options.encryption ?? {}, clock),
    logPayloads: options.logPayloads ?? false,
    redact: options.redact ?? [],
  };
  // Whoever prints the options must not print the key.
  return Object.defineProperty(resolved, 'apiKey', { enumerable: false });
}

/** The same for the pump alone. @throws PathwaysConfigurationError listing every problem. */
export function resolvePumpOptions(pump: PumpOptions): ResolvedPumpOptions {
  assertPumpOptions(pump);
  return withPumpDefaults(pump);
}

function withPumpDefaults(pump: PumpOptions): ResolvedPumpOptions {
  return {
    autoStart: pump.autoStart ?? true,
    concurrency: pump.concurrency ?? 1,
    startFrom: pump.startFrom ?? 'live',
    ...resolveNotifier(pump),
    bufferSize: pump.bufferSize ?? 1_000,
    bufferBytes: pump.bufferBytes ?? 32 * 1024 * 1024,
    lookBackMs: pump.lookBackMs ?? 300_000,
    commitIntervalMs: pump.commitIntervalMs ?? 500,
  };
}

function telemetryOf(
  { telemetry, tenant, dataCore }: PathwaysEngineOptions,
  logger: PathwaysLogger,
): Telemetry {
  const names = { tenant: tenant ?? LOCAL_NAMES.tenant, dataCore: dataCore ?? LOCAL_NAMES.dataCore };
  const given = isTelemetryFactory(telemetry) ? telemetry.createTelemetry(names) : telemetry;
  return given ? guardTelemetry(given, logger) : noTelemetry;
}

/** Anything but the three known names counts as development. */
export function runtimeEnvOf(nodeEnv: string | undefined): RuntimeEnv {
  return nodeEnv === 'production' || nodeEnv === 'test' ? nodeEnv : 'development';
}

/**
 * Managed pathways are delivered by the platform, which cannot reach a developer's machine: there the pumps do it. Not
 * when the pathway is registered all the same: both would handle every event.
 */
function pullsIn(mode: PathwayMode, runtimeEnv: RuntimeEnv, registers: boolean): boolean {
  return mode === 'virtual' || (runtimeEnv !== 'production' && !registers);
}

/** Never in tests, and in development only where somebody insists; of a virtual pathway, those who pull. */
function registersIn(
  { allowDevelopmentPathwayRegistration, pump }: PathwaysEngineOptions,
  mode: PathwayMode,
  runtimeEnv: RuntimeEnv,
  { stages }: ResolvedProvisioningOptions,
): boolean {
  const isAllowed =
    runtimeEnv === 'production' ||
    (runtimeEnv === 'development' && allowDevelopmentPathwayRegistration === true);
  return stages.pathway && isAllowed && (mode === 'managed' || pump !== false);
}

/** One warning: where sessions are opened faster than they expire, every further one would bring another. */
export function memorySessions(clock: Clock, logger: PathwaysLogger): SessionUserResolverStore {
  let isWarned = false;
  const onDropped = () => {
    if (isWarned) return;
    isWarned = true;
    logger.warn(
      'More sessions have a user resolver than memory keeps; the one unused for longest was dropped, and its writes have no session user any more. Lower sessionUserResolverTtlMs, or give sessionUserResolvers: new MemorySessionUserResolverStore({ maxSessions }). Said once.',
    );
  };
  return new MemorySessionUserResolverStore({ clock, onDropped });
}

const unknownNodeEnv = (nodeEnv: string): string =>
  `NODE_ENV is "${nodeEnv}", which is none of production, development and test, so the rules of development apply: memory stores are accepted, and Local Flowcore stands in for a platform that is not configured. Set runtimeEnv.`;
