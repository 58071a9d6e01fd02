import { systemClock, type Clock } from '../event/clock.interface.js';
import { consoleLogger } from '../event/console.logger.js';
import type { PathwaysLogger } from '../event/logger.interface.js';
import { noTelemetry, type Telemetry } from '../event/telemetry.interface.js';
import type { PlatformHosts } from '../platform/platform-hosts.js';
import type { ResolvedPumpOptions } from '../pump/pump.options.js';
import type { PathwaysStore } from '../state/pathways-store.interface.js';
import type { PathwaysEngineOptions, RuntimeEnv } from './engine.options.js';
import { assertEngineOptions } from './engine-options.validation.js';

/** {@link PathwaysEngineOptions} with every default applied. */
export interface ResolvedEngineOptions {
  readonly tenant: string;
  readonly dataCore: string;
  readonly apiKey: string;
  readonly baseUrl: string | undefined;
  readonly hosts: Partial<PlatformHosts>;
  readonly runtimeEnv: RuntimeEnv;
  readonly store: Partial<PathwaysStore>;
  readonly pathwayTimeoutMs: number;
  readonly handlerTimeoutMs: number;
  readonly shutdownTimeoutMs: number;
  readonly requestTimeoutMs: number;
  readonly maxBatchSize: number;
  readonly pumpEnabled: boolean;
  readonly pump: ResolvedPumpOptions;
  readonly logger: PathwaysLogger;
  readonly telemetry: Telemetry;
  readonly clock: Clock;
}

/** Names that Local Flowcore creates by itself; a hosted platform needs real ones. */
export const LOCAL_NAMES = { tenant: 'local', dataCore: 'local', apiKey: 'fc_local_development' } as const;

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
  const pump = options.pump || {};
  return {
    tenant: options.tenant ?? LOCAL_NAMES.tenant,
    dataCore: options.dataCore ?? LOCAL_NAMES.dataCore,
    apiKey: options.apiKey ?? LOCAL_NAMES.apiKey,
    baseUrl: options.baseUrl,
    hosts: options.hosts ?? {},
    runtimeEnv,
    store: options.store ?? {},
    pathwayTimeoutMs: options.pathwayTimeoutMs ?? 10_000,
    handlerTimeoutMs: options.handlerTimeoutMs ?? 30_000,
    shutdownTimeoutMs: options.shutdownTimeoutMs ?? 10_000,
    requestTimeoutMs: options.requestTimeoutMs ?? 10_000,
    maxBatchSize: options.maxBatchSize ?? 25,
    pumpEnabled: options.pump !== false,
    pump: {
      autoStart: pump.autoStart ?? true,
      concurrency: pump.concurrency ?? 1,
      startFrom: pump.startFrom ?? 'live',
      notifier: pump.notifier ?? 'websocket',
      bufferSize: pump.bufferSize ?? 1_000,
      bufferBytes: pump.bufferBytes ?? 32 * 1024 * 1024,
      pollIntervalMs: pump.pollIntervalMs ?? 2_000,
      lookBackMs: pump.lookBackMs ?? 300_000,
      commitIntervalMs: pump.commitIntervalMs ?? 500,
    },
    logger,
    telemetry: options.telemetry ?? noTelemetry,
    clock: options.clock ?? systemClock,
  };
}

/** Anything but the three known names counts as development. */
export function runtimeEnvOf(nodeEnv: string | undefined): RuntimeEnv {
  return nodeEnv === 'production' || nodeEnv === 'test' ? nodeEnv : 'development';
}

const unknownNodeEnv = (nodeEnv: string): string =>
  `NODE_ENV is "${nodeEnv}", which is none of production, development and test, so the rules of development apply: memory stores are accepted, and Local Flowcore stands in for a platform that is not configured. Set runtimeEnv.`;
