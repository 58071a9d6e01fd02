import type { EventLog, LogChunk, LogCount, LogEntry, LogOrder, LogRange } from './event-log.interface.js';
import type { ResourceRecord } from './resource.interface.js';
import { insertSorted, lowerBound } from './sorted-list.util.js';

interface Segment {
  readonly keys: string[];
  readonly texts: string[];
}

interface TypeLog {
  readonly buckets: string[];
  readonly segments: Map<string, Segment>;
}

const EMPTY: LogChunk = { keys: [], texts: [] };

/** Keeps everything in memory, gone with the process: sorted arrays per event type and bucket. */
export class MemoryEventLog implements EventLog {
  private readonly types = new Map<string, TypeLog>();
  private readonly records = new Map<string, ResourceRecord>();
  private liveKey: string | undefined;

  append(entries: readonly LogEntry[]): void {
    for (const entry of entries) {
      const segment = this.segmentOf(entry);
      const at = insertSorted(segment.keys, entry.sortKey);
      if (at < 0) throw new Error('An event with this id is stored already.');
      if (at === segment.texts.length) segment.texts.push(entry.text);
      else segment.texts.splice(at, 0, entry.text);
      if (entry.live && (this.liveKey === undefined || entry.sortKey > this.liveKey)) {
        this.liveKey = entry.sortKey;
      }
    }
  }

  read(eventTypeId: string, timeBucket: string, range: LogRange, limit: number, order: LogOrder): LogChunk {
    const segment = this.types.get(eventTypeId)?.segments.get(timeBucket);
    if (!segment) return EMPTY;
    const { keys, texts } = segment;
    const start = Math.max(
      range.after === undefined ? 0 : lowerBound(keys, range.after, true),
      range.from === undefined ? 0 : lowerBound(keys, range.from),
    );
    const end = Math.min(
      range.before === undefined ? keys.length : lowerBound(keys, range.before),
      range.to === undefined ? keys.length : lowerBound(keys, range.to, true),
    );
    if (start >= end) return EMPTY;
    if (order === 'asc') {
      const stop = Math.min(end, start + limit);
      return { keys: keys.slice(start, stop), texts: texts.slice(start, stop) };
    }
    const stop = Math.max(start, end - limit);
    return { keys: keys.slice(stop, end).reverse(), texts: texts.slice(stop, end).reverse() };
  }

  timeBuckets(eventTypeId: string): readonly string[] {
    return this.types.get(eventTypeId)?.buckets ?? [];
  }

  lastKeyBefore(timeBucket: string, before: string): string | undefined {
    let last: string | undefined;
    for (const { segments } of this.types.values()) {
      const keys = segments.get(timeBucket)?.keys;
      const key = keys?.[lowerBound(keys, before) - 1];
      if (key !== undefined && (last === undefined || key > last)) last = key;
    }
    return last;
  }

  lastLiveKey(): string | undefined {
    return this.liveKey;
  }

  counts(): readonly LogCount[] {
    return [...this.types].flatMap(([eventTypeId, { segments }]) =>
      [...segments].map(([timeBucket, { keys }]) => ({ eventTypeId, timeBucket, events: keys.length })),
    );
  }

  resources(): readonly ResourceRecord[] {
    return [...this.records.values()];
  }

  saveResource(record: ResourceRecord): void {
    this.records.set(record.id, record);
  }

  documents(): readonly { readonly id: string; readonly text: string }[] {
    return [];
  }

  /** Whoever saves it remembers it as well; nobody reads it back within one process. */
  saveDocument(): void {}

  deleteDocument(): void {}

  close(): void {
    this.types.clear();
  }

  private segmentOf({ eventTypeId, timeBucket }: LogEntry): Segment {
    let type = this.types.get(eventTypeId);
    if (!type) this.types.set(eventTypeId, (type = { buckets: [], segments: new Map() }));
    let segment = type.segments.get(timeBucket);
    if (!segment) {
      type.segments.set(timeBucket, (segment = { keys: [], texts: [] }));
      insertSorted(type.buckets, timeBucket);
    }
    return segment;
  }
}
