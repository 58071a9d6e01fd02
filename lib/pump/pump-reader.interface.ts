import type { Clock } from '../event/clock.interface.js';
import type { PathwaysLogger } from '../event/logger.interface.js';
import type { ApiKeyProvider } from '../platform/api-key-provider.type.js';
import type { EventSource } from '../platform/event-source.interface.js';
import type { PlatformHosts } from '../platform/platform-hosts.js';
import type { PumpProcessor } from '../processor/pump-processor.interface.js';
import type { PumpId } from '../state/cursor-store.interface.js';
import type { AnnouncedEvents } from './announced-events.js';
import type { KnownEventType } from './event-type.resolver.js';
import type { FetchBufferLimits } from './fetch-buffer.js';
import type { PumpItem } from './pump-item.interface.js';
import type { PumpStart } from './pump-start.interface.js';

/** Reads the events of a pump, in order, from a start on. One reader serves one session. */
export interface PumpReader {
  /** Everything stored so far has been read, as far as is known. */
  readonly isExhausted: boolean;
  /** There is more to read: `readAll` ended all the same, so that other work gets its turn, and is to be called at once. */
  readonly mustReadOn: boolean;
  /** Looks at the whole stream that have begun. */
  readonly looks: number;
  /** Number of the latest of them that came to its end. */
  readonly wholeLook: number;
  /** Everything up to the start's `stopAt` has been read. Readers that know no stop are never given one. */
  readonly hasReachedStop: boolean;
  /**
   * When the latest read of everything there is began, Unix milliseconds. A reader that does not know leaves it out: its
   * pump never says that it has caught up.
   */
  readonly fullyReadAt?: number;
  /** Read, and the cursor not past them. */
  readonly bufferedEvents: number;
  readonly bufferedBytes: number;
  /** Everything up to here has been read; the id may belong to no event. */
  readonly fetchedTo: { readonly timeBucket: string; readonly eventId: string };
  /** An event was stored. Tells whether it is news. */
  announce(eventId: string): boolean;
  /** The cursor passed a buffered event: its room is free. */
  release(item: PumpItem): void;
  /** Makes the next read a full one. */
  distrust(): void;
  /** A gap in the announcements: the next sweep begins anew. */
  lookBack(): void;
  /** Nothing up to this id is needed any more: no sweep reaches behind it. */
  settle?(eventId: string): void;
  /** Event types that exist only now: their events are read from where this pump began. */
  addEventTypes(eventTypes: readonly KnownEventType[], signal: AbortSignal): Promise<void>;
  /** Reads until nothing more is there, or `mustReadOn`. The signal is the same at every call of a session, and ends what was begun. */
  readAll(signal: AbortSignal): Promise<void>;
  /** Reads what may have been stored late while nobody listened. */
  sweep(signal: AbortSignal): Promise<void>;
}

/** How much a reader may hold, and how often it looks; milliseconds. */
interface ReadingLimits extends FetchBufferLimits {
  readonly pollIntervalMs: number;
  readonly lookBackMs: number;
}

/** What a reader works with. */
export interface PumpReaderContext {
  readonly id: PumpId;
  readonly pumpKey: string;
  /** Those that exist. */
  readonly eventTypes: readonly KnownEventType[];
  /** Everything after its cursor is read. */
  readonly start: PumpStart;
  readonly options: ReadingLimits;
  readonly source: EventSource;
  readonly clock: Clock;
  readonly processor: PumpProcessor;
  readonly announced: AnnouncedEvents;
  accept(item: PumpItem): void;
  /** Ends the wait between two reads. */
  wake(): void;
  /** Something failed that does not end the reading. */
  onFailure(error: unknown): void;
}

/** Makes the reader of a session. */
export type CreatePumpReader = (context: PumpReaderContext) => PumpReader;

/** Readers of one engine's pumps. */
export interface PumpReaders {
  /** Loads what the readers need; asked once. @throws OptionalPackageMissingError */
  open(): Promise<CreatePumpReader>;
}

/** Which platform to read, and as whom. */
export interface ReaderPlatform {
  readonly tenant: string;
  readonly dataCore: string;
  /** A function is asked whenever a reader connects. */
  readonly apiKey: string | ApiKeyProvider;
  readonly hosts: PlatformHosts;
  readonly clock: Clock;
  readonly logger: PathwaysLogger;
}

/** Makes the readers of an engine: what `dataPump()` of `nestjs-pathways/data-pump` returns. */
export interface PumpReaderFactory {
  /** @throws PathwaysConfigurationError when the platform cannot be read that way. */
  createReaders(platform: ReaderPlatform): PumpReaders;
}
