import type { IngestionHeaders } from '../platform/ingestion.client.js';
import type { WriteMetadata, WriteOptions } from './write.options.js';

/** What the requests of a write say about its events. */
export function ingestionHeaders(metadata: WriteMetadata, options: WriteOptions): IngestionHeaders {
  return {
    metadata,
    eventTime: options.eventTime,
    validTime: options.validTime,
    eventTimeKey: options.eventTimeKey,
    validTimeKey: options.validTimeKey,
    extra: options.headers,
  };
}
