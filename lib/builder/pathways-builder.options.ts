import type { Clock } from '../event/clock.interface.js';
import type { PathwaysLogger } from '../event/logger.interface.js';
import type { MaybePromise } from '../event/maybe-promise.type.js';
import type { ApiKeyProvider } from '../platform/api-key-provider.type.js';
import type { AutoProvision } from '../provisioning/provisioning.options.js';
import type { PumpOptions } from '../pump/pump.options.js';
import type { SessionUserResolverStore } from '../writer/session-user-resolver.store.js';
import type { UserResolver } from '../writer/user-resolver.interface.js';
import type { Logger } from './builder.logger.js';
import { memorySessions, SESSION_USER_RESOLVER_TTL_MS } from './engine.defaults.js';
import type { PathwaysEngineOptions } from './engine.options.js';
import type { PumpStateManagerFactory } from './pump-state-manager.js';

/** Options of `PathwaysBuilder`: the engine's, under the names that services on the reference client have. */
export interface PathwaysBuilderOptions extends Omit<
  PathwaysEngineOptions,
  'baseUrl' | 'tenant' | 'dataCore' | 'apiKey' | 'audit' | 'logger' | 'pump' | 'sessionUserResolvers'
> {
  /**
   * Base URL of the platform. A host of `flowcore.io` is where events are written, and every other service keeps its own
   * public host; any other URL (Local Flowcore, a gateway) stands for all of them. `hosts` names single ones.
   */
  baseUrl: string;

  /** Tenant name. */
  tenant: string;

  /** Data core name. */
  dataCore: string;

  /**
   * API key, `fc_<id>_<secret>`. Never logged.
   *
   * A function is asked for every request and for every connection, so that a key that is rotated counts without a restart.
   * It should keep what is slow to read in memory for a while. When it fails, or takes longer than `requestTimeoutMs`, the
   * request is tried again and then rejects with PlatformApiKeyUnavailableError; pumps go on by themselves.
   */
  apiKey: string | ApiKeyProvider;

  /**
   * Where lines go.
   *
   * @default warnings and errors on the console; with `compatibility: 'reference'` nothing
   */
  logger?: Logger;

  /**
   * Lets sessions have user resolvers of their own; `false` refuses `withSessionUserResolver`.
   *
   * @default true; with `compatibility: 'reference'` false
   */
  enableSessionUserResolvers?: boolean;

  /**
   * Where sessions keep who writes in them. A store without `delete` is used as it is.
   *
   * @default the memory of this process
   */
  overrideSessionUserResolvers?: SessionResolverStore;

  /**
   * How events are pulled once `startPump` is called, which may say otherwise.
   *
   * @default the pump's own defaults
   */
  pump?: Omit<PumpOptions, 'autoStart'>;

  /**
   * Where pumps keep their positions, for those who do not call `startPump` themselves (a Nest application that hosts the
   * builder) or write before they do. `startPump` may say otherwise.
   *
   * @default as `startPump` says
   */
  stateManagerFactory?: PumpStateManagerFactory;

  /**
   * `true` stores what the schema makes of a payload instead of the payload as given: unknown keys are dropped where the
   * schema drops them. A schema that transforms then transforms twice, when writing and when handling.
   *
   * @default false; with `compatibility: 'reference'` true
   */
  writeParsedPayloads?: boolean;

  /**
   * `reference` behaves like the reference client wherever that is safe; docs/migration.md names every difference. Options
   * given beside it win.
   *
   * @default none
   */
  compatibility?: 'reference';

  /**
   * `true` is all but `pathway`, `false` nothing; heeded only without `autoProvision`.
   *
   * @default none
   * @deprecated use `autoProvision`
   */
  defaultAutoProvision?: boolean;

  /**
   * Without effect, as in the reference.
   *
   * @default none
   * @deprecated remove it
   */
  advertisedUrl?: string;

  /**
   * Without effect, as in the reference.
   *
   * @default none
   * @deprecated remove it
   */
  resetSecret?: string;

  /**
   * Without effect, as in the reference.
   *
   * @default none
   * @deprecated remove it
   */
  resetPath?: string;

  /**
   * Without effect: every line has its level, and your logger decides which it shows.
   *
   * @default none
   * @deprecated remove it
   */
  logLevel?: Readonly<Record<string, string>>;
}

/** A session resolver store as the reference has it. */
export type SessionResolverStore = Pick<SessionUserResolverStore, 'set'> & {
  get(sessionId: string, ttlMs: number): MaybePromise<UserResolver | undefined>;
} & Partial<Pick<SessionUserResolverStore, 'delete'>>;

/** Options of `startPump`. What is left out is as the constructor's `pump` says. */
export interface StartPumpOptions extends Omit<PumpOptions, 'autoStart' | 'reader'> {
  /**
   * Where pumps keep their positions.
   *
   * @default the constructor's, else the database of `withPathwayState(createPostgresPathwayState(…))`, else the memory of
   * this process
   */
  stateManagerFactory?: PumpStateManagerFactory;

  /**
   * Which kinds of names this start creates. It leaves out, and cannot switch on what the constructor switched off; fields
   * left out are on, but `pathway`.
   *
   * @default what the constructor says
   */
  autoProvision?: boolean | AutoProvision;

  /**
   * Without effect: an event is handled until it succeeds or is kept as a dead letter.
   *
   * @default none
   * @deprecated remove it
   */
  maxRedeliveryCount?: number;

  /**
   * Without effect: `pulseUrl` and `pulseIntervalMs` are options of the constructor.
   *
   * @default none
   * @deprecated remove it
   */
  pulse?: object;
}

/** Builder options as the engine takes them. */
export interface EngineParts {
  readonly options: PathwaysBuilderOptions;
  readonly store: NonNullable<PathwaysEngineOptions['store']>;
  readonly pump: Omit<PumpOptions, 'autoStart'>;
  readonly logger: PathwaysLogger;
  readonly clock: Clock;
}

/** Options of the builder alone, which the engine does not know. */
type OwnOption = Exclude<keyof PathwaysBuilderOptions, keyof PathwaysEngineOptions>;

const OWN_OPTIONS: Readonly<Record<OwnOption, true>> = {
  enableSessionUserResolvers: true,
  overrideSessionUserResolvers: true,
  stateManagerFactory: true,
  compatibility: true,
  defaultAutoProvision: true,
  advertisedUrl: true,
  resetSecret: true,
  resetPath: true,
  logLevel: true,
};

const WITHOUT_EFFECT = ['advertisedUrl', 'resetSecret', 'resetPath', 'logLevel'] as const;

export function engineOptionsOf({ options, store, pump, logger, clock }: EngineParts): PathwaysEngineOptions {
  const engine = Object.fromEntries(
    Object.entries(options).filter(([name, value]) => !(name in OWN_OPTIONS) && value !== undefined),
  ) as Partial<PathwaysBuilderOptions>;
  const { baseUrl, hosts, pathwayTimeoutMs, logger: _logger, pump: _pump, store: _store, ...rest } = engine;
  const { defaultAutoProvision } = options;
  const isReference = options.compatibility === 'reference';
  const { encryption } = rest;
  return {
    ...(isReference && REFERENCE_DEFAULTS),
    ...(defaultAutoProvision !== undefined && { autoProvision: defaultAutoProvision }),
    ...rest,
    ...(isReference && { encryption: { allowPlaintext: true, ...encryption } }),
    ...platformOf(baseUrl, hosts),
    // The reference takes 0 for "as usual".
    ...(pathwayTimeoutMs !== undefined && pathwayTimeoutMs !== 0 && { pathwayTimeoutMs }),
    store,
    pump: { ...pump, autoStart: false },
    logger,
    clock,
  };
}

/** What a user believes to have configured and has not. */
export function ineffectiveOptionsOf(options: PathwaysBuilderOptions): string[] {
  return WITHOUT_EFFECT.filter((name) => options[name] !== undefined);
}

/** See docs/migration.md, where each has its row. */
const REFERENCE_DEFAULTS = {
  writeParsedPayloads: true,
  handlerTimeoutMs: 0,
  sessionUserResolverTtlMs: 10_000,
} as const satisfies PathwaysEngineOptions;

function platformOf(
  baseUrl: string | undefined,
  hosts: PathwaysBuilderOptions['hosts'],
): Pick<PathwaysEngineOptions, 'baseUrl' | 'hosts'> {
  if (baseUrl === undefined) return hosts ? { hosts } : {};
  if (!isHosted(baseUrl)) return { baseUrl, ...(hosts && { hosts }) };
  return { hosts: { ingestion: baseUrl, ...hosts } };
}

function isHosted(baseUrl: string): boolean {
  return URL.canParse(baseUrl) && /(^|\.)flowcore\.io$/.test(new URL(baseUrl).hostname);
}

/** Made with the builder, which can then answer for sessions at once. */
export function sessionStoreOf(
  { overrideSessionUserResolvers: given }: PathwaysBuilderOptions,
  clock: Clock,
  logger: PathwaysLogger,
): SessionUserResolverStore {
  return given ? withDelete(given) : memorySessions(clock, logger);
}

export function sessionTtlOf({ sessionUserResolverTtlMs, compatibility }: PathwaysBuilderOptions): number {
  if (sessionUserResolverTtlMs !== undefined) return sessionUserResolverTtlMs;
  return compatibility === 'reference'
    ? REFERENCE_DEFAULTS.sessionUserResolverTtlMs
    : SESSION_USER_RESOLVER_TTL_MS;
}

function withDelete(store: SessionResolverStore): SessionUserResolverStore {
  return {
    get: (sessionId, ttlMs) => store.get(sessionId, ttlMs),
    set: (sessionId, resolver, ttlMs) => store.set(sessionId, resolver, ttlMs),
    delete: (sessionId) => store.delete?.(sessionId),
  };
}
