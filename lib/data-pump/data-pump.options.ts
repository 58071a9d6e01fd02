import {
  PathwaysConfigurationError,
  type ConfigurationProblem,
} from '../errors/pathways-configuration.error.js';
import { resolvePlatformHosts } from '../platform/platform-hosts.js';
import { isResourceId } from '../platform/resources.client.js';
import type { ReaderPlatform } from '../pump/pump-reader.interface.js';
import type { DataPumpNotifier } from './data-pump-package.interface.js';
import { importDataPump } from './load-data-pump.js';

/** How `@flowcore/data-pump` reads. */
export interface DataPumpOptions {
  /**
   * How the package learns of new events, in its own words. Its WebSocket always goes to the public hosts, so it is refused
   * where `baseUrl` or `hosts` name others; its poller waits at most one second, whatever `intervalMs` says.
   *
   * @default websocket on the public hosts, otherwise a poller of 1_000
   */
  notifier?: DataPumpNotifier;

  /**
   * Passed on: the package then asks the platform for no dedicated hosts.
   *
   * @default false
   */
  directMode?: boolean;

  /**
   * Loads the package: for one that is installed under another name, `() => import('…')`.
   *
   * @default import('@flowcore/data-pump')
   */
  load?: () => Promise<unknown>;
}

/** {@link DataPumpOptions} of one engine, with every default applied. */
export interface ResolvedDataPumpOptions {
  readonly notifier: DataPumpNotifier;
  readonly directMode: boolean;
  /** Absent: the public hosts. */
  readonly baseUrlOverride: string | undefined;
}

const KNOWN: Record<keyof DataPumpOptions, true> = { notifier: true, directMode: true, load: true };

/** What the package asks; all of it follows one override. */
const ASKED = ['eventSource', 'tenant', 'dataCore', 'flowType', 'eventType'] as const;

/** What can be told without a platform. @throws PathwaysConfigurationError listing every problem. */
export function assertDataPumpOptions(options: DataPumpOptions): void {
  const problems: ConfigurationProblem[] = [];
  const refuse = (path: string, message: string) => problems.push({ path, message });
  for (const key of Object.keys(options)) {
    if (!Object.hasOwn(KNOWN, key)) refuse(key, `is not an option. Known: ${Object.keys(KNOWN).join(', ')}`);
  }
  const { notifier, directMode, load = importDataPump } = options;
  if (notifier !== undefined && !isNotifier(notifier)) {
    refuse(
      'notifier',
      "must be { type: 'websocket' }, { type: 'poller', intervalMs } or { type: 'nats', servers: [...] }",
    );
  }
  if (directMode !== undefined && typeof directMode !== 'boolean')
    refuse('directMode', 'must be true or false');
  if (typeof load !== 'function') refuse('load', "must be a function: () => import('…')");
  if (problems.length > 0) throw new PathwaysConfigurationError(problems, 'The options of dataPump');
}

/** @throws PathwaysConfigurationError listing why the package cannot read this platform. */
export function resolveDataPumpOptions(
  options: DataPumpOptions,
  { hosts, dataCore }: Pick<ReaderPlatform, 'hosts' | 'dataCore'>,
): ResolvedDataPumpOptions {
  const problems: ConfigurationProblem[] = [];
  const others = resolvePlatformHosts();
  const isPublic = ASKED.every((service) => hosts[service] === others[service]);
  const hasPublicSocket = isPublic && hosts.notifications === others.notifications;
  if (!isPublic && new Set(ASKED.map((service) => hosts[service])).size > 1) {
    const message = `${ASKED.join(', ')} must be one URL: @flowcore/data-pump knows one for all of them`;
    problems.push({ path: 'hosts', message });
  }
  if (options.notifier?.type === 'websocket' && !hasPublicSocket) {
    const message = 'always connects to the public hosts, whatever baseUrl and hosts say; use poller or nats';
    problems.push({ path: 'pump.reader: notifier websocket', message });
  }
  if (isResourceId(dataCore))
    problems.push({ path: 'dataCore', message: 'must be a name: @flowcore/data-pump looks it up by name' });
  if (problems.length > 0) throw new PathwaysConfigurationError(problems, 'The options for dataPump()');
  const fitting: DataPumpNotifier = hasPublicSocket
    ? { type: 'websocket' }
    : { type: 'poller', intervalMs: MOST_POLL_MS };
  return {
    notifier: options.notifier ?? fitting,
    directMode: options.directMode ?? false,
    baseUrlOverride: isPublic ? undefined : hosts.eventSource,
  };
}

/** The package waits no longer (protocol §6.2). */
const MOST_POLL_MS = 1_000;

function isNotifier(value: unknown): boolean {
  const { type, intervalMs, servers } = Object(value) as Record<string, unknown>;
  if (type === 'websocket') return true;
  if (type === 'poller') return Number.isInteger(intervalMs) && (intervalMs as number) > 0;
  const isList = Array.isArray(servers) && servers.length > 0;
  return type === 'nats' && isList && servers.every((server) => typeof server === 'string');
}
