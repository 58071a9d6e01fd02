import type { EventLog } from './event-log.interface.js';
import { continueRange, readEventPage } from './event-page.reader.js';
import { HttpRefusal } from './http-refusal.js';
import { jsonReply, type LocalReply, type LocalRequest, type LocalRoute } from './local-route.interface.js';
import {
  cursorParameter,
  encodeCursor,
  optionalText,
  orderOf,
  pageSizeOf,
  placeParameter,
  requiredText,
  textList,
  timeBucketParameter,
} from './query.util.js';
import type { ResourceCatalog } from './resource.catalog.js';
import { listTimeBuckets } from './time-bucket.list.js';

/** `/api/v1/time-buckets` and `/api/v1/events` (protocol §4); keyed by the segment after the version. */
export function eventSourceRoutes(log: EventLog, catalog: ResourceCatalog): Map<string, LocalRoute> {
  return new Map<string, LocalRoute>([
    ['time-buckets', (request) => timeBuckets(request, log, catalog)],
    ['events', (request) => events(request, log, catalog)],
  ]);
}

async function timeBuckets(
  request: LocalRequest,
  log: EventLog,
  catalog: ResourceCatalog,
): Promise<LocalReply> {
  const { method, segments, query } = request;
  if (method === 'POST' && segments.length === 4 && segments[3] === 'by-names') {
    const body = await objectBody(request);
    return jsonReply(listTimeBuckets(log, eventTypeIdsOf(catalog, body), (name) => body[name]));
  }
  if (segments.length !== 3) throw new HttpRefusal(404, 'There is no such path.');
  if (method !== 'GET') throw new HttpRefusal(405, `Time buckets are read with GET, not ${method}.`);
  return jsonReply(listTimeBuckets(log, query.getAll('eventTypeId'), (name) => query.get(name)));
}

async function events(request: LocalRequest, log: EventLog, catalog: ResourceCatalog): Promise<LocalReply> {
  const { method, segments, query } = request;
  if (segments.length !== 3) throw new HttpRefusal(404, 'There is no such path.');
  if (method === 'GET') return eventPage(log, query.getAll('eventTypeId'), query.get('timeBucket'), query);
  if (method !== 'POST') throw new HttpRefusal(405, `Events are read with GET or POST, not ${method}.`);
  const body = await objectBody(request);
  return eventPage(log, eventTypeIdsOf(catalog, body), body['timeBucket'], query);
}

function eventPage(
  log: EventLog,
  eventTypeIds: readonly string[],
  bucket: unknown,
  query: URLSearchParams,
): LocalReply {
  const timeBucket = timeBucketParameter(requiredText(bucket, 'timeBucket'), 'timeBucket') as string;
  const order = orderOf(query.get('order'));
  const from = placeParameter(query.get('fromEventId'), 'fromEventId');
  const after = placeParameter(query.get('afterEventId'), 'afterEventId');
  const asked = {
    ...(from === undefined ? { after } : { from }),
    to: placeParameter(query.get('toEventId'), 'toEventId'),
  };
  const cursor = cursorParameter(query.get('cursor'));
  const page = readEventPage(log, {
    eventTypeIds,
    timeBucket,
    order,
    pageSize: pageSizeOf(query.get('pageSize')),
    range: cursor === undefined ? asked : continueRange(asked, cursor, order),
  });
  const next = page.continueAt === undefined ? '' : `,"nextCursor":"${encodeCursor(page.continueAt)}"`;
  return { status: 200, body: `{"events":[${page.texts.join(',')}]${next}}` };
}

async function objectBody(request: LocalRequest): Promise<Readonly<Record<string, unknown>>> {
  const body = await request.json();
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new HttpRefusal(400, 'The body must be a JSON object.');
  }
  return body as Record<string, unknown>;
}

/** Names nobody wrote to yet have no events; they are no error. */
function eventTypeIdsOf(catalog: ResourceCatalog, body: Readonly<Record<string, unknown>>): string[] {
  const eventTypes = textList(body['eventTypes'], 'eventTypes');
  const tenant = catalog.tenantByNameOrId(optionalText(body['tenant'], 'tenant') ?? '');
  const dataCore = catalog.get('data-core', requiredText(body['dataCoreId'], 'dataCoreId'));
  if (!dataCore || dataCore.tenantId !== tenant?.id) return [];
  const flowType = catalog.find('flow-type', dataCore.id, requiredText(body['flowType'], 'flowType'));
  return eventTypes.flatMap((name) => {
    const eventType = flowType && catalog.find('event-type', flowType.id, name);
    return eventType ? [eventType.id] : [];
  });
}
