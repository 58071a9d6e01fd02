import type { Clock } from '../event/clock.interface.js';
import type { PathwaysLogger } from '../event/logger.interface.js';
import type { Telemetry } from '../event/telemetry.interface.js';
import type { PlatformHosts } from '../platform/platform-hosts.js';
import type { PumpOptions } from '../pump/pump.options.js';
import type { PathwaysStore } from '../state/pathways-store.interface.js';

/** Names the environment's rules: see `runtimeEnv`. */
export type RuntimeEnv = 'production' | 'development' | 'test';

/** What the engine (platform client, writer, processor, pump) needs. The Nest module and the builder share it. */
export interface PathwaysEngineOptions {
  /** Tenant name. Required unless Local Flowcore is used. */
  tenant?: string;

  /** Data core name. Required unless Local Flowcore is used. */
  dataCore?: string;

  /** API key, `fc_<id>_<secret>`. Required unless Local Flowcore is used. Never logged. */
  apiKey?: string;

  /**
   * One base URL for every service of the platform: ingestion, event source, names, notifications. Point it at Local
   * Flowcore or a gateway.
   *
   * @default the public hosts of the hosted platform, one per service (protocol §2.1)
   */
  baseUrl?: string;

  /** Base URLs of single services; they win over `baseUrl`. */
  hosts?: Partial<PlatformHosts>;

  /**
   * `production` refuses memory stores, and missing options instead of falling back to Local Flowcore.
   *
   * @default the environment variable NODE_ENV when it is one of the three, otherwise `development`
   */
  runtimeEnv?: RuntimeEnv;

  /**
   * Where cursors, processed marks and dead letters live. Parts left out are kept in memory.
   *
   * @default memory: development and tests only, refused in production
   */
  store?: Partial<PathwaysStore>;

  /**
   * Milliseconds a waiting `write` waits until its event is processed. It then rejects although the event is stored.
   *
   * @default 10_000
   */
  pathwayTimeoutMs?: number;

  /**
   * Milliseconds one attempt of a handler may take; 0 switches the limit off.
   *
   * @default 30_000
   */
  handlerTimeoutMs?: number;

  /**
   * Milliseconds that work in flight gets at shutdown before its signals abort. Keep it below the time your
   * orchestrator waits before it kills the process.
   *
   * @default 10_000
   */
  shutdownTimeoutMs?: number;

  /**
   * Milliseconds one request to the platform may take, connecting and reading included.
   *
   * @default 10_000
   */
  requestTimeoutMs?: number;

  /**
   * Most events one ingestion request carries; larger batches are split and sent in order (protocol §3.1: 25 is the
   * platform's documented limit).
   *
   * @default 25
   */
  maxBatchSize?: number;

  /** How events are pulled; `false` pulls nothing (deliveries arrive at the webhook, or another service handles them). */
  pump?: PumpOptions | false;

  /** @default warnings and errors on the console; Nest's logger inside the Nest module */
  logger?: PathwaysLogger;

  /** @default nothing is reported */
  telemetry?: Telemetry;

  /** @default the machine's clock */
  clock?: Clock;
}
