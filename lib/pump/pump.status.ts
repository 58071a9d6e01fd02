import type { ObservedBacklog, ObservedPump } from '../event/telemetry.interface.js';

/** What a pump is doing; see the state machine in pump.loop.ts. */
export type PumpState =
  'stopped' | 'starting' | 'catching-up' | 'live' | 'paused' | 'backing-off' | 'halted' | 'done';

/** A pump at one moment. */
export interface PumpStatus extends ObservedPump {
  /** `flowType::group`. */
  readonly pump: string;
  readonly flowType: string;
  readonly pumpGroup: string;
  readonly eventTypes: readonly string[];
  readonly state: PumpState;
  readonly concurrency: number;
  /** Everything up to here is finished. */
  readonly cursor: { readonly timeBucket: string; readonly eventId?: string } | undefined;
  /** Everything up to here has been read. `undefined` while this instance does not run the pump. */
  readonly fetched: { readonly timeBucket: string; readonly eventId: string } | undefined;
  readonly generation: number;
  /** The last place that is delivered, of a reset with `stopAt`; in state `done` it is reached. As far as is known here. */
  readonly stopAt: { readonly timeBucket: string; readonly eventId: string } | undefined;
  /** Fetched, and the cursor not past them. */
  readonly bufferedEvents: number;
  readonly bufferedBytes: number;
  /** Handlers running now. */
  readonly inFlight: number;
  /** Fetched and unfinished, for each event type of the pump. */
  readonly backlog: readonly ObservedBacklog[];
  /** Milliseconds the oldest unfinished event has been in the buffer; 0 when it is empty. */
  readonly bufferAgeMs: number;
  /**
   * Milliseconds since an event last ended here, while others are waiting; 0 when none is. Long means that the pump is
   * stuck, however alive the process looks.
   */
  readonly stalledMs: number;
  /** Milliseconds between now and the time of the event finished last; 0 when everything stored is finished. */
  readonly lagMs: number;
  readonly counters: {
    readonly fetched: number;
    readonly processed: number;
    readonly skipped: number;
    readonly deadLettered: number;
    readonly failures: number;
  };
  /** Message of the latest failure; kept until the pump is restarted. */
  readonly lastError: string | undefined;
}
