import type { PathwaysEngineOptions } from './builder/engine.options.js';
import type { HostedBuilder } from './builder/pathways-builder.js';
import type { LocalPlatformOptions } from './nest/pathways.runtime.js';
import type { PathwaysAuditOptions, PathwaysSessionOptions } from './nest/write-context.options.js';
import type { PathwaysStore, PathwaysStoreFactory } from './state/pathways-store.interface.js';

/** The entrance for events that the platform posts to this application. */
export interface WebhookOptions {
  /** The shared secret; several while one replaces the other. */
  secrets: string | string[];

  /**
   * Path of the controller. With `forRootAsync` it stands beside the factory, because controllers exist before options.
   *
   * @default 'pathways/events'
   */
  path?: string;

  /**
   * Header that carries the secret.
   *
   * @default 'x-webhook-secret'
   */
  header?: string;

  /**
   * Largest body in bytes, whatever the HTTP adapter allows on other routes. A compressed body, and one that a parser of
   * your own has read already, is also bound by the limit of the adapter.
   *
   * @default 1_048_576
   */
  maxBodyBytes?: number;

  /**
   * Most events in one array.
   *
   * @default 1000
   */
  maxEvents?: number;
}

/** Options of `PathwaysModule`. */
export interface PathwaysModuleOptions extends Omit<PathwaysEngineOptions, 'audit'> {
  /**
   * Who writes events, and who is told of those that are handled.
   *
   * @default no event carries a user, and nobody but `@OnAudit()` methods is told
   */
  audit?: PathwaysAuditOptions;

  /**
   * Where a write finds session and user without being told.
   *
   * @default a write is in the session it names, or in none
   */
  session?: PathwaysSessionOptions;

  /**
   * Hosts an existing builder: its pathways and handlers, and those of decorated methods, share its pumps and its state. It
   * is started and closed with the application, and brings every other option but `session` and `webhook` itself.
   *
   * @default none; the module makes an engine of its own
   */
  builder?: HostedBuilder;

  /**
   * The entrance for events that the platform posts; `false` has none.
   *
   * @default no webhook
   */
  webhook?: WebhookOptions | false;

  /**
   * Local Flowcore inside this process, for development.
   *
   * @default true when no platform is configured and `runtimeEnv` is not `production`
   */
  local?: boolean | LocalPlatformOptions;
}

/** What must be known before options are: it shapes the module. */
export interface PathwaysModuleStructure {
  /**
   * Name of the instance, when an application works with several data cores.
   *
   * @default 'default'
   */
  name?: string;

  /**
   * Whether other modules can inject the writer without importing this one.
   *
   * @default true
   */
  isGlobal?: boolean;
}

/** What stands beside the factory of `forRootAsync`. */
export interface PathwaysModuleAsyncStructure extends PathwaysModuleStructure {
  /**
   * Declares the webhook; its secrets come from the factory.
   *
   * @default no controller; a webhook that the factory gives is then refused
   */
  webhook?: Pick<WebhookOptions, 'path'>;

  /**
   * The store, when it needs nothing from the factory.
   *
   * @default the `store` that the factory gives
   */
  store?: Partial<PathwaysStore> | PathwaysStoreFactory;
}

/** Makes the options of an instance, for `useClass` and `useExisting`. */
export interface PathwaysOptionsFactory {
  createPathwaysOptions(): PathwaysModuleOptions | Promise<PathwaysModuleOptions>;
}

/** The structure of an instance, with its defaults. `forRoot` gives the webhook as a whole, `forRootAsync` its path. */
export interface ResolvedStructure {
  readonly name: string;
  readonly isGlobal: boolean;
  readonly webhook: Partial<WebhookOptions> | false | undefined;
  readonly store: Partial<PathwaysStore> | PathwaysStoreFactory | undefined;
}
