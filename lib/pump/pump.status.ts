/** What a pump is doing; see the state machine in pump.ts. */
export type PumpState = 'stopped' | 'starting' | 'catching-up' | 'live' | 'paused' | 'backing-off' | 'halted';

/** A pump at one moment. */
export interface PumpStatus {
  /** `flowType::group`. */
  readonly pump: string;
  readonly flowType: string;
  readonly pumpGroup: string;
  readonly eventTypes: readonly string[];
  readonly state: PumpState;
  readonly concurrency: number;
  /** Everything up to here is finished. */
  readonly cursor: { readonly timeBucket: string; readonly eventId?: string } | undefined;
  readonly generation: number;
  /** Fetched, and the cursor not past them. */
  readonly bufferedEvents: number;
  readonly bufferedBytes: number;
  /** Handlers running now. */
  readonly inFlight: number;
  /** Milliseconds the oldest unfinished event has been in the buffer; 0 when it is empty. */
  readonly bufferAgeMs: number;
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
