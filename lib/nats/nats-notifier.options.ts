import type { NodeConnectionOptions } from '@nats-io/transport-node';
import {
  PathwaysConfigurationError,
  type ConfigurationProblem,
} from '../errors/pathways-configuration.error.js';

/** What the connections carry besides their servers. */
export type NatsCredentials = Pick<
  NodeConnectionOptions,
  'name' | 'user' | 'pass' | 'token' | 'authenticator' | 'tls'
>;

/** Which NATS servers announce stored events, and as whom to connect to them. */
export interface NatsNotifierOptions extends NatsCredentials {
  /** `host`, `host:port` or `nats://host:port`, one or several. A connection goes to the first that answers. */
  servers: string | readonly string[];
}

const KNOWN: Record<keyof NatsNotifierOptions, true> = {
  servers: true,
  name: true,
  user: true,
  pass: true,
  token: true,
  authenticator: true,
  tls: true,
};

/** What a server must look like. */
export const SERVER_FORM = 'must be host, host:port or nats://host:port';

const DEFAULT_PORT = 4222;

/** Where a server listens. */
export interface NatsAddress {
  /** As messages name it, and as the package takes it. */
  readonly server: string;
  readonly host: string;
  readonly port: number;
}

export interface ResolvedNatsNotifierOptions {
  readonly addresses: readonly NatsAddress[];
  readonly credentials: NatsCredentials;
}

/** @throws PathwaysConfigurationError listing every problem. */
export function resolveNatsNotifierOptions(options: NatsNotifierOptions): ResolvedNatsNotifierOptions {
  const problems: ConfigurationProblem[] = [];
  const refuse = (path: string, message: string) => problems.push({ path, message });
  for (const key of Object.keys(options)) {
    if (!Object.hasOwn(KNOWN, key)) refuse(key, `is not an option. Known: ${Object.keys(KNOWN).join(', ')}`);
  }
  const { servers, ...credentials } = options;
  const list: readonly unknown[] = Array.isArray(servers) ? servers : [servers];
  if (list.length === 0) refuse('servers', 'must name at least one server');
  const addresses = list.flatMap((server, at) => {
    const path = Array.isArray(servers) ? `servers[${at}]` : 'servers';
    const address = typeof server === 'string' ? addressOf(server) : undefined;
    if (address) return [address];
    refuse(path, `${SERVER_FORM}. Credentials go into user and pass, or token`);
    return [];
  });
  if ((options.user === undefined) !== (options.pass === undefined)) {
    refuse(options.user === undefined ? 'user' : 'pass', 'is missing: user and pass are given together');
  }
  if (problems.length > 0) throw new PathwaysConfigurationError(problems, 'The options of natsNotifier');
  return { addresses, credentials };
}

/** `undefined` for what names no server. */
export function addressOf(server: string): NatsAddress | undefined {
  const text = server.includes('://') ? server : `nats://${server}`;
  if (!URL.canParse(text)) return undefined;
  const { protocol, hostname, port, username, password, pathname } = new URL(text);
  const isPlain = username === '' && password === '' && pathname.length <= 1;
  if ((protocol !== 'nats:' && protocol !== 'tls:') || hostname === '' || !isPlain) return undefined;
  const host = hostname.replace(/^\[|\]$/g, '');
  return { server, host, port: Number(port || DEFAULT_PORT) };
}
