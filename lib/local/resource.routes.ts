import { HttpRefusal } from './http-refusal.js';
import { jsonReply, type LocalReply, type LocalRequest, type LocalRoute } from './local-route.interface.js';
import { optionalText, requiredText } from './query.util.js';
import type { ResourceCatalog } from './resource.catalog.js';
import type { DataCoreRecord, ResourceRecord } from './resource.interface.js';
import { dataCoreView, eventTypeView, flowTypeView } from './resource.views.js';

type Body = Readonly<Record<string, unknown>>;
type View = Readonly<Record<string, unknown>>;

/** How one kind of resource is listed, created, changed and shown; the paths are the same for all three. */
interface ResourceEndpoint {
  readonly kind: Exclude<ResourceRecord['kind'], 'tenant'>;
  list(query: URLSearchParams): readonly View[];
  view(id: string): View;
  create(body: Body): View;
  update(id: string, body: Body): void;
}

/** Data cores, flow types and event types (protocol §5.2–5.4); keyed by the segment after the version. */
export function resourceRoutes(catalog: ResourceCatalog, nowIso: () => string): Map<string, LocalRoute> {
  return new Map<string, LocalRoute>([
    ['data-cores', routeOf(dataCores(catalog), catalog)],
    ['flow-types', routeOf(flowTypes(catalog), catalog)],
    ['event-types', routeOf(eventTypes(catalog, nowIso), catalog)],
  ]);
}

function routeOf(endpoint: ResourceEndpoint, catalog: ResourceCatalog): LocalRoute {
  return async (request): Promise<LocalReply> => {
    const { method, segments, query } = request;
    const [, , , id, action] = segments;
    if (id === undefined) {
      if (method === 'GET') return jsonReply(endpoint.list(query));
      if (method === 'POST') return jsonReply(endpoint.create(await bodyOf(request)), 201);
    } else if (action === undefined) {
      if (method === 'GET') return jsonReply(endpoint.view(id));
      if (method === 'PATCH') {
        endpoint.update(id, await bodyOf(request));
        return jsonReply(endpoint.view(id));
      }
    } else if (action === 'exists' && segments.length === 5 && method === 'GET') {
      return jsonReply({ exists: catalog.get(endpoint.kind, id) !== undefined });
    } else {
      throw new HttpRefusal(404, 'There is no such path.');
    }
    throw new HttpRefusal(405, `This path does not take ${method}.`);
  };
}

function dataCores(catalog: ResourceCatalog): ResourceEndpoint {
  const view = (id: string): View => {
    const dataCore = catalog.require('data-core', id);
    return dataCoreView(dataCore, catalog.require('tenant', dataCore.tenantId).name);
  };
  return {
    kind: 'data-core',
    view,
    list(query) {
      const tenantId = query.get('tenantId');
      const tenantName = query.get('tenant');
      const name = query.get('name');
      const tenants = catalog
        .all('tenant')
        .filter((tenant) => !tenantId || tenant.id === tenantId)
        .filter((tenant) => !tenantName || tenant.name === tenantName || tenant.id === tenantName);
      return tenants
        .flatMap((tenant) => catalog.list('data-core', tenant.id))
        .filter((dataCore) => !name || dataCore.name === name)
        .map((dataCore) => view(dataCore.id));
    },
    create(body) {
      const tenant = catalog.require('tenant', requiredText(body['tenantId'], 'tenantId'));
      const details = { ...dataCoreDetails(body), isFlowcoreManaged: body['isFlowcoreManaged'] === true };
      return view(catalog.createDataCore(tenant.id, requiredText(body['name'], 'name'), details).id);
    },
    update(id, body) {
      catalog.update({ ...catalog.require('data-core', id), ...dataCoreDetails(body) });
    },
  };
}

function flowTypes(catalog: ResourceCatalog): ResourceEndpoint {
  return {
    kind: 'flow-type',
    view: (id) => flowTypeView(catalog.require('flow-type', id)),
    list: (query) =>
      byName(catalog.list('flow-type', query.get('dataCoreId') ?? ''), query.get('name')).map(flowTypeView),
    create(body) {
      const dataCore = catalog.require('data-core', requiredText(body['dataCoreId'], 'dataCoreId'));
      const name = requiredText(body['name'], 'name');
      return flowTypeView(
        catalog.createFlowType(dataCore, name, optionalText(body['description'], 'description')),
      );
    },
    update(id, body) {
      catalog.update({ ...catalog.require('flow-type', id), ...descriptionOf(body) });
    },
  };
}

function eventTypes(catalog: ResourceCatalog, nowIso: () => string): ResourceEndpoint {
  return {
    kind: 'event-type',
    view: (id) => eventTypeView(catalog.require('event-type', id)),
    list: (query) =>
      byName(catalog.list('event-type', query.get('flowTypeId') ?? ''), query.get('name')).map(eventTypeView),
    create(body) {
      const flowType = catalog.require('flow-type', requiredText(body['flowTypeId'], 'flowTypeId'));
      const name = requiredText(body['name'], 'name');
      return eventTypeView(catalog.createEventType(flowType, name, eventTypeDetails(body)));
    },
    update(id, body) {
      const eventType = catalog.require('event-type', id);
      catalog.update({ ...eventType, ...eventTypeDetails(body), updatedAt: nowIso() });
    },
  };
}

function byName<T extends { readonly name: string }>(
  records: readonly T[],
  name: string | null,
): readonly T[] {
  return name ? records.filter((record) => record.name === name) : records;
}

function descriptionOf(body: Body): { description?: string } {
  return typeof body['description'] === 'string' ? { description: body['description'] } : {};
}

function dataCoreDetails({
  accessControl,
  deleteProtection,
  ...body
}: Body): Partial<Pick<DataCoreRecord, 'description' | 'accessControl' | 'deleteProtection'>> {
  return {
    ...descriptionOf(body),
    ...(accessControl === 'public' || accessControl === 'private' ? { accessControl } : {}),
    ...(typeof deleteProtection === 'boolean' ? { deleteProtection } : {}),
  };
}

function eventTypeDetails({ sensitiveDataMask, sensitiveDataEnabled, ...body }: Body) {
  return {
    ...descriptionOf(body),
    ...(typeof sensitiveDataMask === 'object' && sensitiveDataMask !== null ? { sensitiveDataMask } : {}),
    ...(typeof sensitiveDataEnabled === 'boolean' ? { sensitiveDataEnabled } : {}),
  };
}

export async function bodyOf(request: LocalRequest): Promise<Body> {
  const body = await request.json();
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new HttpRefusal(400, 'The body must be a JSON object.');
  }
  return body as Body;
}
