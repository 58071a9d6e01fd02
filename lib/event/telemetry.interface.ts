import type { FlowcoreEvent } from './flowcore-event.interface.js';
import type { PathwayKey } from './pathway-key.util.js';

/** How an event left the pipeline. */
export type EventOutcomeStatus = 'processed' | 'skipped' | 'dead-lettered' | 'halted' | 'aborted';

/** What of a pump is worth observing; a part of its status. */
export interface ObservedPump {
  readonly flowType: string;
  readonly pumpGroup: string;
  readonly state: string;
  /** Milliseconds; see PumpStatus. */
  readonly bufferAgeMs: number;
  /** Milliseconds; see PumpStatus. */
  readonly lagMs: number;
  readonly backlog: readonly ObservedBacklog[];
}

/** The fetched and unfinished events of one event type. */
export interface ObservedBacklog {
  readonly eventType: string;
  /** Those that are being handled included. */
  readonly events: number;
  /** Their size as received. */
  readonly bytes: number;
  /** Of these, being handled now. */
  readonly inFlight: number;
}

/**
 * What pump, processor and writer report about their work. Every method is optional and called on the hot path: keep
 * implementations cheap. What they throw is logged once per method and changes nothing. `observability/` turns these
 * calls into metrics and spans.
 */
export interface Telemetry {
  /** An event went through the pipeline. */
  eventFinished?(pathway: PathwayKey, status: EventOutcomeStatus, durationMs: number): void;
  /** An attempt of a handler is over: it succeeded, failed, or was given up. */
  handlerFinished?(pathway: PathwayKey, durationMs: number): void;
  /** A handler attempt failed. */
  attemptFailed?(pathway: PathwayKey, attempt: number, error: unknown): void;
  /** An observer, error handler or other callback of the user threw; processing went on. */
  callbackFailed?(pathway: PathwayKey, callback: string, error: unknown): void;
  /** A dead letter was written, also of what is no event at all and may have names no pathway has. */
  deadLettered?(pathway: PathwayKey, reason: 'failed' | 'invalid' | 'parked'): void;
  /** Events were accepted by the platform. */
  eventsWritten?(pathway: PathwayKey, count: number, durationMs: number): void;
  /** An attempt of a request to the platform finished; status 0 means no answer. Attempts count from 1. */
  requestFinished?(operation: string, status: number, durationMs: number, attempt: number): void;
  /** A pump hands an event to the processor; again at each redelivery. */
  deliveryStarted?(event: FlowcoreEvent): void;
  /** The processor is done with it. Not called when a store failed and the event is delivered again. */
  deliveryFinished?(event: FlowcoreEvent, status: EventOutcomeStatus): void;
  /**
   * Called once, before anything starts.
   *
   * @param pumps reads what the pumps are doing at the moment of the call.
   * @returns called once, when the pumps have stopped for good.
   */
  observePumps?(pumps: () => readonly ObservedPump[]): (() => void) | void;
}

/** What a telemetry gets to know of the engine it is made for. */
export interface TelemetryContext {
  /** The configured names. */
  readonly tenant: string;
  readonly dataCore: string;
}

/** Makes a telemetry for each engine. What `prometheusTelemetry()` returns: several engines may share its registry. */
export interface TelemetryFactory {
  createTelemetry(context: TelemetryContext): Telemetry;
}

/** Reports nothing. */
export const noTelemetry: Telemetry = {};

/** True for what `prometheusTelemetry()` returns; false for a telemetry. */
export function isTelemetryFactory(value: unknown): value is TelemetryFactory {
  return typeof (value as Partial<TelemetryFactory> | null | undefined)?.createTelemetry === 'function';
}
