import type { PathwayKey } from './pathway-key.util.js';

/** How an event left the pipeline. */
export type EventOutcomeStatus = 'processed' | 'skipped' | 'dead-lettered' | 'halted' | 'aborted';

/**
 * What pump, processor and writer report about their work. Every method is optional and called on the hot path: keep
 * implementations cheap and never throw. `observability/` turns these calls into metrics and spans.
 */
export interface Telemetry {
  /** An event went through the pipeline. */
  eventFinished?(pathway: PathwayKey, status: EventOutcomeStatus, durationMs: number): void;
  /** A handler attempt failed. */
  attemptFailed?(pathway: PathwayKey, attempt: number, error: unknown): void;
  /** An observer, error handler or other callback of the user threw; processing went on. */
  callbackFailed?(pathway: PathwayKey, callback: string, error: unknown): void;
  /** Events were accepted by the platform. */
  eventsWritten?(pathway: PathwayKey, count: number, durationMs: number): void;
  /** A request to the platform finished; status 0 means no answer. */
  requestFinished?(operation: string, status: number, durationMs: number): void;
}

/** Reports nothing. */
export const noTelemetry: Telemetry = {};
