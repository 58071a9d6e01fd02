import type { ConfigurationProblem } from '../errors/pathways-configuration.error.js';
import { natsNotifier } from '../nats/index.js';
import { addressOf, SERVER_FORM } from '../nats/nats-notifier.options.js';
import type { NotifierFactory } from '../platform/notification-source.interface.js';
import type { PumpOptions, ResolvedPumpOptions } from '../pump/pump.options.js';
import { listOf, oneOf, shape, text, wholeNumber, type OptionCheck } from './option-check.util.js';

const natsServer: OptionCheck = (value, path) =>
  typeof value === 'string' && addressOf(value)
    ? []
    : [{ path, message: `${SERVER_FORM}. Credentials need natsNotifier(…) from nestjs-pathways/nats` }];

const KINDS: Readonly<Record<string, OptionCheck>> = {
  websocket: shape({ type: text }),
  poller: shape({ type: text, pollerIntervalMs: wholeNumber(1) }),
  nats: shape({ type: text, natsServers: listOf(natsServer) }),
};

const NATS_SERVERS_MISSING =
  "needs servers: { type: 'nats', natsServers: [...] }, or natsNotifier({ servers }) from nestjs-pathways/nats";

/** Refuses what a reader would take for another notifier than the one that would run. */
export const notifierOption: OptionCheck = (value, path) => {
  if (value === 'nats') return [{ path, message: NATS_SERVERS_MISSING }];
  if (typeof value === 'string') return oneOf('websocket', 'poller')(value, path);
  if (isNotifierFactory(value)) return [];
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return [{ path, message: "must be 'websocket', 'poller', an object with a type, or natsNotifier(…)" }];
  }
  const { type, natsServers } = value as { type?: unknown; natsServers?: unknown };
  const check = typeof type === 'string' && Object.hasOwn(KINDS, type) ? KINDS[type] : undefined;
  if (!check) return oneOf(...Object.keys(KINDS))(type, `${path}.type`);
  const missing =
    type === 'nats' && natsServers === undefined
      ? [{ path: `${path}.natsServers`, message: NATS_SERVERS_MISSING }]
      : [];
  return [...missing, ...check(value, path)];
};

/** Two intervals that differ: one of them would silently not hold. */
export function contradictingIntervals(options: unknown): ConfigurationProblem[] {
  const { notifier, pollIntervalMs } = (options ?? {}) as { notifier?: unknown; pollIntervalMs?: unknown };
  const { pollerIntervalMs } = Object(notifier) as { pollerIntervalMs?: unknown };
  if (pollerIntervalMs === undefined || pollIntervalMs === undefined || pollerIntervalMs === pollIntervalMs)
    return [];
  const message = 'differs from pump.pollIntervalMs, which is the same interval; give one of them';
  return [{ path: 'pump.notifier.pollerIntervalMs', message }];
}

/** The short forms, and the interval that belongs to them. */
export function resolveNotifier(
  options: Pick<PumpOptions, 'notifier' | 'pollIntervalMs'>,
): Pick<ResolvedPumpOptions, 'notifier' | 'pollIntervalMs'> {
  const { notifier = 'websocket', pollIntervalMs = 2_000 } = options;
  if (typeof notifier === 'string' || isNotifierFactory(notifier)) return { notifier, pollIntervalMs };
  if (notifier.type === 'nats') {
    return { notifier: natsNotifier({ servers: notifier.natsServers }), pollIntervalMs };
  }
  if (notifier.type === 'websocket') return { notifier: 'websocket', pollIntervalMs };
  return { notifier: 'poller', pollIntervalMs: notifier.pollerIntervalMs ?? pollIntervalMs };
}

/** True for what `natsNotifier()` returns. */
function isNotifierFactory(value: unknown): value is NotifierFactory {
  return typeof (value as Partial<NotifierFactory> | null | undefined)?.createNotifier === 'function';
}
