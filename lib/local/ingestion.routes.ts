import {
  EVENT_TIME_HEADER,
  EVENT_TIME_KEY_HEADER,
  METADATA_HEADER,
  VALID_TIME_HEADER,
  VALID_TIME_KEY_HEADER,
} from '../event/metadata.constants.js';
import { type EventIngestor, type NewEvent, payloadTextOf } from './event.ingestor.js';
import { isEventTime } from './event-id.generator.js';
import { filePartPayloads } from './file-part.splitter.js';
import { readFileUpload } from './file-upload.reader.js';
import { HttpRefusal } from './http-refusal.js';
import { jsonReply, type LocalRequest, type LocalRoute } from './local-route.interface.js';
import { metadataTextOf } from './metadata-header.util.js';
import type { ResourceCatalog } from './resource.catalog.js';

export interface IngestionSettings {
  readonly isStrict: boolean;
  readonly maxBatchSize: number;
}

/** `POST /event/…`, `/events/…`, `/file/…` (protocol §3); keyed by the first path segment. */
export function ingestionRoutes(
  catalog: ResourceCatalog,
  ingestor: EventIngestor,
  settings: IngestionSettings,
): Map<string, LocalRoute> {
  const resolve = ([tenant, dataCore, flowType, eventType]: EventNames) =>
    catalog.resolve(tenant, dataCore, flowType, eventType, settings.isStrict);

  const single: LocalRoute = async (request) => {
    const names = namesOf(request);
    const toEvent = eventReader(request);
    const event = toEvent(await request.json());
    const [eventId] = await ingestor.store(resolve(names), [event]);
    return { status: 200, body: `{"success":true,"eventId":"${eventId}"}` };
  };

  const batch: LocalRoute = async (request) => {
    const names = namesOf(request);
    const toEvent = eventReader(request);
    const payloads = await request.json();
    if (!Array.isArray(payloads)) throw new HttpRefusal(400, 'A batch must be a JSON array of payloads.');
    if (payloads.length > settings.maxBatchSize) {
      throw new HttpRefusal(
        400,
        `A batch of ${payloads.length} events exceeds the limit of ${settings.maxBatchSize} events.`,
      );
    }
    // Every event is checked before the first is stored: a refused batch leaves nothing behind.
    const events = payloads.map((payload: unknown) => toEvent(payload));
    return jsonReply({ success: true, eventIds: await ingestor.store(resolve(names), events) });
  };

  const file: LocalRoute = async (request) => {
    const names = namesOf(request);
    const toEvent = eventReader(request);
    const upload = await readFileUpload(request.incoming);
    const events = filePartPayloads(upload).map((payload) => toEvent(payload));
    const eventIds = await ingestor.store(resolve(names), events);
    return jsonReply({ success: true, checksum: upload.checksum, hashType: 'sha256', eventIds });
  };

  return new Map<string, LocalRoute>([
    ['event', single],
    ['events', batch],
    ['file', file],
  ]);
}

/** Tenant, data core (or its id), flow type, event type. */
type EventNames = readonly [string, string, string, string];

function namesOf({ method, segments }: LocalRequest): EventNames {
  if (method !== 'POST') throw new HttpRefusal(405, `Ingestion takes POST, not ${method}.`);
  const [route, tenant, dataCore, flowType, eventType, ...rest] = segments;
  if (!tenant || !dataCore || !flowType || !eventType || rest.length > 0) {
    throw new HttpRefusal(400, `The path must be /${route}/{tenant}/{dataCore}/{flowType}/{eventType}.`);
  }
  const names = [tenant, dataCore, flowType, eventType] as const;
  if (names.some((name) => name.includes('/'))) throw new HttpRefusal(400, 'A name must not contain "/".');
  return names;
}

/** Headers apply to every event of a request; a time key found in a payload wins over them. */
function eventReader(request: LocalRequest): (payload: unknown) => NewEvent {
  const metadataText = metadataTextOf(request.header(METADATA_HEADER));
  const eventTime = timeReader(request, EVENT_TIME_HEADER, EVENT_TIME_KEY_HEADER);
  const validTime = timeReader(request, VALID_TIME_HEADER, VALID_TIME_KEY_HEADER);
  return (payload) => ({
    payloadText: payloadTextOf(payload),
    metadataText,
    eventTimeMs: eventTime(payload as Record<string, unknown>),
    validTimeMs: validTime(payload as Record<string, unknown>),
  });
}

function timeReader(
  request: LocalRequest,
  header: string,
  keyHeader: string,
): (payload: Record<string, unknown>) => number | undefined {
  const text = request.header(header);
  const fromHeader = text === undefined || text === '' ? undefined : timeOf(text, `The header ${header}`);
  const key = request.header(keyHeader);
  if (!key) return () => fromHeader;
  return (payload) =>
    Object.hasOwn(payload, key) && payload[key] !== null
      ? timeOf(payload[key], `The payload key "${key}" (${keyHeader})`)
      : fromHeader;
}

function timeOf(value: unknown, source: string): number {
  const isUnixMs = typeof value === 'number' || (typeof value === 'string' && /^\d{12,14}$/.test(value));
  const unixMs = isUnixMs ? Number(value) : typeof value === 'string' ? Date.parse(value) : NaN;
  if (!isEventTime(unixMs))
    throw new HttpRefusal(
      400,
      `${source} holds no usable time; send ISO 8601, such as 2026-05-01T10:30:15.123Z.`,
    );
  return unixMs;
}
