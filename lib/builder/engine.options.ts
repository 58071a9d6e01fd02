import type { Clock } from '../event/clock.interface.js';
import type { PathwaysLogger } from '../event/logger.interface.js';
import type { Telemetry, TelemetryFactory } from '../event/telemetry.interface.js';
import type { ApiKeyProvider } from '../platform/api-key-provider.type.js';
import type { PlatformHosts } from '../platform/platform-hosts.js';
import type { ControlPlaneOptions } from '../provisioning/control-plane.options.js';
import type { ProvisioningOptions } from '../provisioning/provisioning.options.js';
import type { PumpOptions } from '../pump/pump.options.js';
import type { EncryptionOptions } from '../security/encryption/encryption.options.js';
import type { ChunkingOptions } from '../writer/chunks/chunking.options.js';
import type { OutboxOptions } from '../writer/outbox/outbox.options.js';
import type { PathwaysStore, PathwaysStoreFactory } from '../state/pathways-store.interface.js';
import type { SessionUserResolverStore } from '../writer/session-user-resolver.store.js';
import type { AuditOptions } from './audit.options.js';

/** Names the environment's rules: see `runtimeEnv`. */
export type RuntimeEnv = 'production' | 'development' | 'test';

/** Who brings events here: see `pathwayMode`. */
export type PathwayMode = 'virtual' | 'managed';

/** What the engine (platform client, writer, processor, pump) needs. The Nest module and the builder share it. */
export interface PathwaysEngineOptions extends ProvisioningOptions, ControlPlaneOptions {
  /**
   * Tenant name.
   *
   * @default none; required unless Local Flowcore is used
   */
  tenant?: string;

  /**
   * Data core name.
   *
   * @default none; required unless Local Flowcore is used
   */
  dataCore?: string;

  /**
   * API key, `fc_<id>_<secret>`. Never logged.
   *
   * A function is asked for every request and for every connection, so that a key that is rotated counts without a restart.
   * It should keep what is slow to read in memory for a while. When it fails, or takes longer than `requestTimeoutMs`, the
   * request is tried again and then rejects with PlatformApiKeyUnavailableError; pumps go on by themselves.
   *
   * @default none; required unless Local Flowcore is used
   */
  apiKey?: string | ApiKeyProvider;

  /**
   * One base URL for every service of the platform: ingestion, event source, names, notifications. Point it at Local
   * Flowcore or a gateway.
   *
   * @default the public hosts of the hosted platform, one per service (protocol §2.1)
   */
  baseUrl?: string;

  /**
   * Base URLs of single services; they win over `baseUrl`.
   *
   * @default every service at `baseUrl`
   */
  hosts?: Partial<PlatformHosts>;

  /**
   * `production` refuses memory stores, and missing options instead of falling back to Local Flowcore. `test` provisions
   * nothing by itself. See `pathwayMode` for what else it decides.
   *
   * @default the environment variable NODE_ENV when it is one of the three, otherwise `development`
   */
  runtimeEnv?: RuntimeEnv;

  /**
   * Who brings events here. `virtual`: the pumps of this process pull them. `managed`: the platform posts them to the
   * webhook; in production no pump runs then, and elsewhere pumps stand in for a platform that cannot reach the
   * developer's machine.
   *
   * @default 'managed' when `runtimeEnv` is `production`, otherwise 'virtual'
   */
  pathwayMode?: PathwayMode;

  /**
   * `true` says that never more than one process of this application runs, not even for a moment during a deployment. In
   * production with `pathwayMode: 'virtual'` it may then do without a store of `leases`, `delivery` and `commands`, which
   * is refused otherwise. Two processes that say so both handle every event, and a restart forgets pauses.
   *
   * @default false
   */
  singleInstance?: boolean;

  /**
   * What happens when the platform cannot be reached at start. `continue`: the service starts, its pumps keep trying,
   * and its health says so. `throw`: the start fails.
   *
   * @default 'continue'
   */
  startupFailure?: 'continue' | 'throw';

  /**
   * Where cursors, processed marks and dead letters live: `typeOrmStore()`, or parts of your own. Parts left out are kept
   * in memory.
   *
   * @default memory: development and tests only, refused in production
   */
  store?: Partial<PathwaysStore> | PathwaysStoreFactory;

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

  /**
   * Who writes events, and who is told of those that are handled.
   *
   * @default no event carries a user, and nobody is told
   */
  audit?: AuditOptions;

  /**
   * Where sessions keep who writes in them: `set` by `writer.session(id).withUserResolver(…)`, `get` by every write that
   * names the session.
   *
   * @default the memory of this process, for the 10_000 sessions used last
   */
  sessionUserResolvers?: SessionUserResolverStore;

  /**
   * Milliseconds a session's user resolver is kept after its last use. After that, writes of the session have the user
   * that applies without one.
   *
   * @default 3_600_000
   */
  sessionUserResolverTtlMs?: number;

  /**
   * How events are written that are too large for the platform. Handlers get them whole.
   *
   * @default {}: split when the store can put parts together
   */
  chunking?: ChunkingOptions;

  /**
   * The outbox: writes as part of the caller's database transaction, sent after its commit. `true`, or an object, sends
   * every write through it that does not say `outbox: false`. Without it, pathways and single writes may still ask for it.
   *
   * @default false
   */
  outbox?: boolean | OutboxOptions;

  /**
   * `true` stores what the schema makes of a payload instead of the payload as given: unknown keys are dropped where the
   * schema drops them. A schema that transforms then transforms twice, when writing and when handling.
   *
   * @default false
   */
  writeParsedPayloads?: boolean;

  /**
   * How events are pulled; `false` pulls nothing (deliveries arrive at the webhook, or another service handles them).
   *
   * @default {}: every option has its default
   */
  pump?: PumpOptions | false;

  /**
   * Keys for the pathways with `encrypted: true`.
   *
   * @default none; an application with such a pathway then does not start
   */
  encryption?: EncryptionOptions;

  /**
   * `true` adds payloads to the debug lines about events. Those of encrypted pathways are shown as they are stored.
   *
   * @default false: no line of the log carries a payload
   */
  logPayloads?: boolean;

  /**
   * Metadata keys, in any case, whose values are `***` in the log.
   *
   * @default []
   */
  redact?: readonly string[];

  /**
   * Who gets the log lines.
   *
   * @default warnings and errors on the console; Nest's logger inside the Nest module
   */
  logger?: PathwaysLogger;

  /**
   * Who is told what happens: `prometheusTelemetry()`, or methods of your own. What they throw is logged and changes
   * nothing.
   *
   * @default nothing is reported
   */
  telemetry?: Telemetry | TelemetryFactory;

  /**
   * Where "now" and every wait come from; tests give one they move.
   *
   * @default the machine's clock
   */
  clock?: Clock;
}
