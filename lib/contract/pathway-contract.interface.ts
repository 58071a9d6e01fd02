import type { FlowcoreEvent } from '../event/flowcore-event.interface.js';
import type { MaybePromise } from '../event/maybe-promise.type.js';
import type { PathwayKey } from '../event/pathway-key.util.js';
import type { ExhaustedPolicy, PayloadSchema, RetryBackoff } from './pathway.options.js';

/**
 * Checks a payload and returns what handlers get: a copy, never the input changed. Synchronous where the schema is.
 *
 * @throws EventPayloadInvalidError with every problem and its path.
 */
export type PayloadParser = (payload: unknown) => MaybePromise<unknown>;

/** A pathway with every default applied. Immutable; shared by writer, processor, pump and router. */
export interface PathwayContract {
  readonly key: PathwayKey;
  readonly flowType: string;
  readonly eventType: string;
  /** Where the contract was declared, for error messages: a class name, or `forFeature`. */
  readonly declaredBy: string;
  readonly schema: PayloadSchema | undefined;
  readonly parse: PayloadParser;
  readonly description: string | undefined;
  readonly flowTypeDescription: string | undefined;
  readonly writable: boolean;
  readonly subscribe: boolean;
  /** `undefined`: whatever is subscribed. */
  readonly handledElsewhere: boolean | undefined;
  readonly pumpGroup: string;
  readonly maxRetries: number;
  readonly retryDelayMs: number;
  readonly backoff: RetryBackoff;
  /** `undefined`: the module's default. */
  readonly handlerTimeoutMs: number | undefined;
  /** `undefined`: the module's default. */
  readonly timeoutMs: number | undefined;
  readonly orderBy: ((event: FlowcoreEvent) => string) | undefined;
  readonly onExhausted: ExhaustedPolicy;
  /** Whole payloads travel and rest encrypted. */
  readonly encrypted: boolean;
  /** Its events are parts of files. */
  readonly isFilePathway: boolean;
  /** `undefined`: the module's default. */
  readonly outbox: boolean | undefined;
}
