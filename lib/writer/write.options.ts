/** How one write behaves. */
export interface WriteOptions {
  /**
   * `true` resolves as soon as the platform has stored the event; otherwise `write` waits until it is processed.
   *
   * @default false
   */
  fireAndForget?: boolean;

  /**
   * Milliseconds to wait for processing.
   *
   * @default the pathway's `timeoutMs`, then the module's `pathwayTimeoutMs`
   */
  timeoutMs?: number;

  /** Gives up when it aborts. An event the platform already stored stays stored. */
  signal?: AbortSignal;

  /** Time of the event; decides its id and time bucket (protocol §3.2). Applies to every event of a batch. */
  eventTime?: Date;

  /** Time from which the fact is valid; information for handlers. */
  validTime?: Date;

  /** Name of the payload key that holds each event's time, for backfills in batches. */
  eventTimeKey?: string;

  /** Name of the payload key that holds each event's valid time. */
  validTimeKey?: string;
}

/** Extra facts about an event. Strings travel unchanged, other JSON values are serialised. */
export type WriteMetadata = Readonly<Record<string, unknown>>;

/** One event to write. */
export interface WriteInput<TPayload> {
  data: TPayload;
  metadata?: WriteMetadata;
  options?: WriteOptions;
  batch?: false;
}

/** Several events of one pathway, stored in the order given. */
export interface BatchWriteInput<TPayload> {
  batch: true;
  data: readonly TPayload[];
  metadata?: WriteMetadata;
  options?: WriteOptions;
}
