import { PathwayBatchIncompleteError } from '../../errors/pathway-batch-incomplete.error.js';
import type { PathwayContract } from '../../contract/pathway-contract.interface.js';
import type { IngestionClient, IngestionHeaders } from '../../platform/ingestion.client.js';
import { wireRequests, type WireItem, type WireRequest } from './wire.requests.js';

/** The parts the sender works with. */
export interface WireSenderOptions {
  readonly ingestion: IngestionClient;
  readonly maxBatchSize: number;
}

/** A write whose events are not one to one with its input. */
export interface WireWrite {
  readonly pathway: PathwayContract;
  readonly items: readonly WireItem[];
  /** Input items. */
  readonly count: number;
  readonly headers: IngestionHeaders;
  readonly signal: AbortSignal | undefined;
  /** Told of stored parts beside the first ones. */
  onPartsStored(eventIds: readonly string[]): void;
}

/**
 * Sends the items in order, request after request.
 *
 * @returns one id for each input item: that of its only event, or of its part 1.
 * @throws PathwayBatchIncompleteError when only the first input items are stored as a whole.
 */
export async function sendWireItems(write: WireWrite, options: WireSenderOptions): Promise<string[]> {
  const { pathway, items, count } = write;
  const eventIds: string[] = [];
  let sent = 0;
  for (const request of wireRequests(items, options.maxBatchSize)) {
    try {
      const stored = await send(write, request, options.ingestion);
      const isLogical = (at: number) => request.items[at]?.isFirst === true;
      eventIds.push(...stored.filter((_, at) => isLogical(at)));
      write.onPartsStored(stored.filter((_, at) => !isLogical(at)));
      sent += request.items.length;
    } catch (error) {
      // An item that has parts on both sides is not stored, as far as anybody will ever see.
      const complete = items[sent]?.owner ?? count;
      if (complete === 0) throw error;
      throw new PathwayBatchIncompleteError(pathway.key, eventIds.slice(0, complete), count, error);
    }
  }
  return eventIds;
}

async function send(
  { pathway, headers, signal }: WireWrite,
  { items, metadata }: WireRequest,
  ingestion: IngestionClient,
): Promise<string[]> {
  // Behind the caller's: a marker that is missing or foreign would make the events unreadable.
  const marked = { ...headers, metadata: { ...headers.metadata, ...metadata } };
  const [only] = items;
  if (items.length === 1 && only && only.kind !== 'part') {
    return [await ingestion.writeEvent(pathway, only.body, marked, signal)];
  }
  return ingestion.writeBatch(
    pathway,
    items.map(({ body }) => body),
    marked,
    signal,
  );
}
