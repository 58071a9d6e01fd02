/** Handlers at once, per pump. */
export interface PumpConcurrency {
  /** @default 1 */
  default?: number;
  /** By flow type name. */
  byFlowType?: Record<string, number>;
  /** By `flowType::group`; wins over `byFlowType`. */
  byPumpGroup?: Record<string, number>;
}

/** A place in a pump's stream. `live`: after everything stored so far. `beginning`: before it. A string is an event id. */
export type PumpPosition = 'live' | 'beginning' | Date | string | { timeBucket: string; eventId?: string };

/** {@link PumpOptions} with every default applied. */
export type ResolvedPumpOptions = Required<PumpOptions>;

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
   * How a pump learns of new events: one lasting WebSocket per flow type, or asking every `pollIntervalMs`.
   *
   * @default 'websocket'
   */
  notifier?: 'websocket' | 'poller';

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
