import { HttpRefusal } from './http-refusal.js';
import { jsonReply, type LocalRoute } from './local-route.interface.js';
import { optionalText, requiredText } from './query.util.js';
import type { ResourceCatalog } from './resource.catalog.js';
import { bodyOf } from './resource.routes.js';
import { tenantListView, tenantView } from './resource.views.js';

/**
 * `/api/v1/tenants/…` (protocol §2.3, §5.1). No tenant is dedicated here: there is one host.
 *
 * @param isStrict `false` creates a tenant whose id is asked for, as a write to it would: whoever provisions asks first.
 */
export function tenantRoutes(catalog: ResourceCatalog, isStrict: boolean): Map<string, LocalRoute> {
  const route: LocalRoute = async (request) => {
    const { method, segments } = request;
    const [, , , action, subject, detail] = segments;
    if (method === 'POST' && action === undefined) {
      const body = await bodyOf(request);
      const description = optionalText(body['description'], 'description');
      const displayName = optionalText(body['displayName'], 'displayName');
      const tenant = catalog.createTenant(requiredText(body['tenant_slug'], 'tenant_slug'), {
        ...(description === undefined ? {} : { description }),
        ...(displayName === undefined ? {} : { displayName }),
      });
      return jsonReply(tenantView(tenant), 201);
    }
    if (method !== 'GET') throw new HttpRefusal(405, `This path does not take ${method}.`);
    if (action === 'list' && subject === undefined)
      return jsonReply(catalog.all('tenant').map(tenantListView));
    if (action === 'translate-name-to-id' && subject && !isStrict && !catalog.find('tenant', '', subject))
      catalog.createTenant(subject);
    const tenant = findTenant(catalog, action, subject);
    if (action === 'translate-name-to-id' && detail === undefined) {
      return jsonReply({ id: tenant.id, name: tenant.name });
    }
    if (detail === 'instance') return jsonReply({ isDedicated: false, instance: null });
    if (detail !== undefined) throw new HttpRefusal(404, 'There is no such path.');
    return jsonReply(tenantView(tenant));
  };
  return new Map([['tenants', route]]);
}

function findTenant(catalog: ResourceCatalog, action: string | undefined, subject = '') {
  switch (action) {
    case 'by-id':
      return catalog.require('tenant', subject);
    case 'by-name':
    case 'translate-name-to-id':
    case 'preview': {
      const tenant = catalog.find('tenant', '', subject);
      if (!tenant) throw new HttpRefusal(404, `Tenant "${subject}" was not found.`);
      return tenant;
    }
    default:
      throw new HttpRefusal(404, 'There is no such path.');
  }
}
