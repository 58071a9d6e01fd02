import type { MaybePromise } from '../event/maybe-promise.type.js';

// What is used of `@flowcore/data-pump`, as its documentation describes it (protocol §13.5, newer features §12). The
// package is declared here because not every registry has it.

/** A position as the package keeps it. `null` would mean: from now on. */
export interface DataPumpState {
  readonly timeBucket: string;
  readonly eventId?: string;
}

/** How the package learns of new events. */
export type DataPumpNotifier =
  | { readonly type: 'websocket' }
  | { readonly type: 'poller'; readonly intervalMs: number }
  | { readonly type: 'nats'; readonly servers: readonly string[] };

/** Where the package logs. */
export interface DataPumpLogger {
  debug(message: string): void;
  info(message: string): void;
  warn(message: string): void;
  error(message: string | Error): void;
}

/** What one of the package's pumps is made with. Without a `processor`, it hands events out when asked: pull mode. */
export interface DataPumpConfiguration {
  readonly auth: { readonly apiKey: string; readonly apiKeyId?: string };
  readonly dataSource: {
    readonly tenant: string;
    readonly dataCore: string;
    readonly flowType: string;
    readonly eventTypes: readonly string[];
  };
  readonly stateManager: {
    getState(): MaybePromise<DataPumpState | null>;
    setState(state: DataPumpState): MaybePromise<void>;
  };
  readonly notifier: DataPumpNotifier;
  readonly bufferSize: number;
  /** -1: no limit. */
  readonly maxRedeliveryCount: number;
  readonly baseUrlOverride?: string;
  readonly directMode?: boolean;
  readonly logger: DataPumpLogger;
}

/** One of the package's pumps. */
export interface DataPumpInstance {
  readonly isRunning?: boolean;
  /** With a callback, its loop heals itself; the callback is told when it ended for good. */
  start(onEnd: (error?: unknown) => void): MaybePromise<unknown>;
  stop(): unknown;
  /** Waits for at least one event; an empty list when it is stopped. */
  reserve(most: number): Promise<readonly unknown[]>;
  acknowledge(eventIds: readonly string[]): MaybePromise<unknown>;
}

/** What the package exports. */
export interface DataPumpPackage {
  readonly FlowcoreDataPump: { create(configuration: DataPumpConfiguration): DataPumpInstance };
}
