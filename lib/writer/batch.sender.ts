import type { PathwayContract } from '../contract/pathway-contract.interface.js';
import { PathwayBatchIncompleteError } from '../errors/pathway-batch-incomplete.error.js';
import type { IngestionClient, IngestionHeaders } from '../platform/ingestion.client.js';

/** A batch that is one event for each payload. */
export interface Batch {
  readonly pathway: PathwayContract;
  readonly bodies: readonly unknown[];
  readonly headers: IngestionHeaders;
  readonly signal: AbortSignal | undefined;
}

/**
 * Sends a batch in requests of the platform's limit, one after the other: side by side their events could be stored in
 * another order.
 *
 * @throws PathwayBatchIncompleteError when only the first requests were answered.
 */
export async function sendBatch(
  ingestion: IngestionClient,
  maxBatchSize: number,
  { pathway, bodies, headers, signal }: Batch,
): Promise<string[]> {
  const eventIds: string[] = [];
  for (let from = 0; from < bodies.length; from += maxBatchSize) {
    const part = bodies.slice(from, from + maxBatchSize);
    try {
      eventIds.push(...(await ingestion.writeBatch(pathway, part, headers, signal)));
    } catch (error) {
      if (eventIds.length === 0) throw error;
      throw new PathwayBatchIncompleteError(pathway.key, eventIds, bodies.length, error);
    }
  }
  return eventIds;
}
