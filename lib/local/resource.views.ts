import type { DataCoreRecord, EventTypeRecord, FlowTypeRecord, TenantRecord } from './resource.interface.js';

type View = Readonly<Record<string, unknown>>;

/** Everything is allowed on a development platform. */
const ACCESS = ['read', 'write', 'fetch', 'ingest'];

// Each view has every field the clients check (protocol §5); an optional one is absent, never null.

export function tenantView({ id, name, displayName, description }: TenantRecord): View {
  return {
    id,
    name,
    displayName,
    description,
    websiteUrl: '',
    isDedicated: false,
    dedicated: null,
    sensitiveDataEnabled: false,
    configured: true,
  };
}

export function tenantListView(tenant: TenantRecord): View {
  return { ...tenantView(tenant), domain: null, permissions: ACCESS };
}

export function dataCoreView(dataCore: DataCoreRecord, tenantName: string): View {
  const { kind: _kind, ...fields } = dataCore;
  return { ...fields, tenant: tenantName, isDeleting: false, access: ACCESS };
}

export function flowTypeView({ kind: _kind, ...fields }: FlowTypeRecord): View {
  return { ...fields, isDeleting: false };
}

export function eventTypeView({ kind: _kind, ...fields }: EventTypeRecord): View {
  return { ...fields, isTruncating: false, isDeleting: false };
}
