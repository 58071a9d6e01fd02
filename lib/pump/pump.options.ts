import type { NotifierFactory } from '../platform/notification-source.interface.js';
import type { PumpReaderFactory } from './pump-reader.interface.js';

/** Handlers at once, per pump. */
export interface PumpConcurrency {
  /** Of every pump that the two below do not name. @default 1 */
  default?: number;
  /** By flow type name. @default {} */
  byFlowType?: Record<string, number>;
  /** By `flowType::group`; wins over `byFlowType`. @default {} */
  byPumpGroup?: Record<string, number>;
}

/** A place in a pump's stream. `live`: after everything stored so far. `beginning`: before it. A string is an event id. */
export type PumpPosition = 'live' | 'beginning' | Date | string | { timeBucket: string; eventId?: string };

/** A place a pump stops at, after everything up to and including it: a whole hour, a moment, or an event. A string is an event id. */
export type PumpStop = Date | string | { timeBucket: string; eventId?: string };

/**
 * How a pump learns of new events.
 *
 * - `websocket`: one lasting connection per flow type to the platform's notification service.
 * - `poller`: no connection; it looks every `pollIntervalMs`, which `pollerIntervalMs` is another name of.
 * - `nats`: one lasting connection per flow type to NATS servers on which the platform announces stored events
 *   (protocol §6.3). `natsNotifier()` of `nestjs-pathways/nats` also takes credentials. Needs the package
 *   `@nats-io/transport-node`.
 */
export type PumpNotifier =
  | 'websocket'
  | 'poller'
  | { readonly type: 'websocket' }
  | { readonly type: 'poller'; readonly pollerIntervalMs?: number }
  | { readonly type: 'nats'; readonly natsServers: readonly string[] }
  | NotifierFactory;

/** {@link PumpOptions} with every default applied. */
export interface ResolvedPumpOptions extends Required<Omit<PumpOptions, 'notifier' | 'reader'>> {
  notifier: 'websocket' | 'poller' | NotifierFactory;
}

/** How the pumps pull and hand out events. */
export interface PumpOptions {
  /**
   * `false` creates the pumps without starting them; start them with `PumpManager.start()`.
   *
   * @default true
   */
  autoStart?: boolean;

  /**
   * Handlers running at once: a number for every pump, or per flow type and group. Order per key holds at any value.
   *
   * @default 1
   */
  concurrency?: number | PumpConcurrency;

  /**
   * Where a pump without a stored cursor begins.
   *
   * @default 'live' on a hosted platform, 'beginning' on Local Flowcore
   */
  startFrom?: PumpPosition;

  /**
   * How a pump learns of new events. Whatever it is, the pump also looks every `pollIntervalMs`.
   *
   * @default 'websocket'
   */
  notifier?: PumpNotifier;

  /**
   * Who reads the events: `dataPump()` of `nestjs-pathways/data-pump` has the published `@flowcore/data-pump` do it. It
   * keeps less than the library's own reader, and has a notifier of its own.
   *
   * @default the library's own reader
   */
  reader?: PumpReaderFactory;

  /**
   * Most events a pump holds in memory, fetched but not finished.
   *
   * @default 1000
   */
  bufferSize?: number;

  /**
   * Most bytes of events (as received) a pump holds in memory. One event may exceed it alone.
   *
   * @default 33_554_432 (32 MiB)
   */
  bufferBytes?: number;

  /**
   * Milliseconds between two looks for new events when nothing announces them: the net below lost notifications. Keep it
   * shorter than `pathwayTimeoutMs`, or waiting writes time out when a notification is lost.
   *
   * @default 2_000
   */
  pollIntervalMs?: number;

  /**
   * Milliseconds before the cursor that are read again after the connection was lost, to catch events that were stored
   * late with an earlier time while nobody listened. Marks must be kept at least that long.
   *
   * @default 300_000
   */
  lookBackMs?: number;

  /**
   * Most milliseconds between two writes of the cursor while events flow. A crash redelivers what was finished since.
   *
   * @default 500
   */
  commitIntervalMs?: number;
}
