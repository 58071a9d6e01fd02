import type { PathwaysEngineOptions } from './builder/engine.options.js';
import type { LocalPlatformOptions } from './nest/pathways.runtime.js';

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
   * Largest body in bytes. The HTTP adapter's own parser has a limit too (100 kB on Express, 1 MiB on Fastify) and the
   * smaller one counts: raise that with `app.useBodyParser('json', { limit })` or Fastify's `bodyLimit`.
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
export interface PathwaysModuleOptions extends PathwaysEngineOptions {
  /** @default no webhook */
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
