/** A page of stored events. Items are unchecked: one odd event must not make the page unusable (protocol §14.2 D7). */
export interface EventPage {
  readonly events: readonly unknown[];
  /** Size of the page as received; what the pump bounds its buffer with. */
  readonly bytes: number;
  /** Continue with this; absent when the bucket is exhausted for now. */
  readonly nextCursor?: string;
}

/** Which page of a bucket to read (protocol §4.3). */
export interface EventPageQuery {
  readonly eventTypeIds: readonly string[];
  readonly timeBucket: string;
  readonly pageSize: number;
  readonly cursor?: string;
  /** Exclusive position; may be an id of another bucket or of no event. Ignored when `fromEventId` is given. */
  readonly afterEventId?: string;
  /** Inclusive position. */
  readonly fromEventId?: string;
  /** Inclusive end. */
  readonly toEventId?: string;
}

/** Reads stored events. Every call has a time limit and ends early when the signal aborts. */
export interface EventSource {
  /** Ids of the named event types, in any order. Rejects with PlatformNotFoundError while one does not exist. */
  resolveEventTypeIds(
    flowType: string,
    eventTypes: readonly string[],
    signal?: AbortSignal,
  ): Promise<readonly string[]>;
  /** Hours that hold events of any of these types, ascending, without duplicates; all pages. */
  listTimeBuckets(
    eventTypeIds: readonly string[],
    range: { from?: string; to?: string },
    signal?: AbortSignal,
  ): Promise<readonly string[]>;
  fetchEvents(query: EventPageQuery, signal?: AbortSignal): Promise<EventPage>;
}
