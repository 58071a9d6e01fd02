import type { MaybePromise } from '../event/maybe-promise.type.js';
import type { ResourceRecord } from './resource.interface.js';

/** One event as the log keeps it: its place, and the ready-made JSON text it is served as. */
export interface LogEntry {
  readonly eventTypeId: string;
  readonly timeBucket: string;
  /** `sortableTimeUuid` of the event id: sorts as text in event order. Unique within event type and bucket. */
  readonly sortKey: string;
  /** The whole event as JSON, so that a page is served by joining strings. */
  readonly text: string;
  /** Stored "now", not at a time the writer gave. The log remembers the highest place of these. */
  readonly live: boolean;
}

/** Where a read starts and ends. All bounds are sort keys, compared, never looked up. */
export interface LogRange {
  /** Exclusive lower bound. */
  readonly after?: string;
  /** Inclusive lower bound. */
  readonly from?: string;
  /** Exclusive upper bound. */
  readonly before?: string;
  /** Inclusive upper bound. */
  readonly to?: string;
}

/** A run of entries in the order asked for; both arrays have the same length. */
export interface LogChunk {
  readonly keys: readonly string[];
  readonly texts: readonly string[];
}

export type LogOrder = 'asc' | 'desc';

/** How often something was stored, for `eventCount` and the start page. */
export interface LogCount {
  readonly eventTypeId: string;
  readonly timeBucket: string;
  readonly events: number;
}

/**
 * Where Local Flowcore keeps events, resources and what its control plane knows. An entry is readable, and as durable as the log promises,
 * when `append` has settled; entries become readable in the order they were appended.
 */
export interface EventLog {
  append(entries: readonly LogEntry[]): MaybePromise<void>;
  /** At most `limit` entries of one event type in one bucket. */
  read(eventTypeId: string, timeBucket: string, range: LogRange, limit: number, order: LogOrder): LogChunk;
  /** Buckets that hold an event of this type, ascending. */
  timeBuckets(eventTypeId: string): readonly string[];
  /** Highest place in a bucket, over all event types, below `before`. */
  lastKeyBefore(timeBucket: string, before: string): string | undefined;
  /** Highest place a live event ever had. */
  lastLiveKey(): string | undefined;
  counts(): readonly LogCount[];
  resources(): readonly ResourceRecord[];
  /** Adds a resource, or replaces the one with this id. Becomes durable no later than the next `append`. */
  saveResource(record: ResourceRecord): void;
  /** Small records of the control plane, in no order. */
  documents(collection: string): readonly { readonly id: string; readonly text: string }[];
  /** Adds a document, or replaces the one with this id. Durable when it returns, as far as the log promises. */
  saveDocument(collection: string, id: string, text: string): void;
  deleteDocument(collection: string, id: string): void;
  /** Finishes what was appended, then lets go of files. */
  close(): MaybePromise<void>;
}
