import type { EventLog, LogOrder, LogRange } from './event-log.interface.js';

/** What a client asked for, ids turned into places. */
export interface PageQuery {
  readonly eventTypeIds: readonly string[];
  readonly timeBucket: string;
  readonly range: LogRange;
  readonly pageSize: number;
  readonly order: LogOrder;
}

export interface EventPage {
  readonly texts: readonly string[];
  /** Place of the last event, when more events follow it. */
  readonly continueAt?: string;
}

/** Ends a page early, so that large events cannot exhaust the memory of either side. In UTF-16 units. */
const MAX_PAGE_LENGTH = 16_000_000;

/** Events of one read ahead; a page of 10,000 large ones must not be loaded at once. */
const CHUNK_EVENTS = 1_000;

/** Reads one page over several event types, in the order of their ids. */
export function readEventPage(log: EventLog, query: PageQuery): EventPage {
  const ids = [...new Set(query.eventTypeIds)];
  // Asking every type for a whole page would read most events several times.
  const ahead = Math.min(CHUNK_EVENTS, Math.ceil(query.pageSize / Math.max(1, ids.length)) + 1);
  const readers = ids.map((id) => new TypeReader(log, id, query, ahead));
  const texts: string[] = [];
  let length = 0;
  let lastKey: string | undefined;
  for (;;) {
    const reader = firstOf(readers, query.order);
    if (!reader) return { texts };
    if (lastKey !== undefined && (texts.length >= query.pageSize || length >= MAX_PAGE_LENGTH)) {
      return { texts, continueAt: lastKey };
    }
    lastKey = reader.key;
    const text = reader.take();
    length += text.length;
    texts.push(text);
  }
}

/** The range that continues behind a place. */
export function continueRange(range: LogRange, place: string, order: LogOrder): LogRange {
  return order === 'asc'
    ? { ...range, from: undefined, after: place }
    : { ...range, to: undefined, before: place };
}

class TypeReader {
  /** Place of the next event; `undefined` at the end. */
  key: string | undefined;
  private keys: readonly string[] = [];
  private texts: readonly string[] = [];
  private at = 0;

  constructor(
    private readonly log: EventLog,
    private readonly eventTypeId: string,
    private readonly query: PageQuery,
    private readonly chunk: number,
  ) {
    this.load(query.range);
  }

  take(): string {
    const text = this.texts[this.at++] as string;
    const last = this.key as string;
    if (this.at < this.keys.length) this.key = this.keys[this.at];
    else if (this.keys.length < this.chunk) this.key = undefined;
    else this.load(continueRange(this.query.range, last, this.query.order));
    return text;
  }

  private load(range: LogRange): void {
    const { timeBucket, order } = this.query;
    ({ keys: this.keys, texts: this.texts } = this.log.read(
      this.eventTypeId,
      timeBucket,
      range,
      this.chunk,
      order,
    ));
    this.at = 0;
    this.key = this.keys[0];
  }
}

function firstOf(readers: readonly TypeReader[], order: LogOrder): TypeReader | undefined {
  let first: TypeReader | undefined;
  for (const reader of readers) {
    if (reader.key === undefined) continue;
    if (first?.key === undefined) first = reader;
    else if (order === 'asc' ? reader.key < first.key : reader.key > first.key) first = reader;
  }
  return first;
}
