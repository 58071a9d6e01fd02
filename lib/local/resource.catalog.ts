import { createHash } from 'node:crypto';
import type { EventLog } from './event-log.interface.js';
import { HttpRefusal } from './http-refusal.js';
import type {
  DataCoreRecord,
  EventTypeRecord,
  FlowTypeRecord,
  ResourceRecord,
  TenantRecord,
} from './resource.interface.js';

/** An event type with everything above it. */
export interface ResolvedEventType {
  readonly tenant: TenantRecord;
  readonly dataCore: DataCoreRecord;
  readonly flowType: FlowTypeRecord;
  readonly eventType: EventTypeRecord;
}

type Kind = ResourceRecord['kind'];
type RecordOf<K extends Kind> = Extract<ResourceRecord, { kind: K }>;
/** What a creator may set; the rest follows from the name. */
type Details<K extends Kind> = Partial<Omit<RecordOf<K>, 'kind' | 'id' | 'name'>>;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/**
 * Tenants, data cores, flow types and event types. Ids follow from the names, so an id that a client remembers stays
 * right when an in-memory platform is started again.
 */
export class ResourceCatalog {
  private readonly byId = new Map<string, ResourceRecord>();
  /** Parent id and name to id; in order of creation. */
  private readonly children = new Map<string, Map<string, string>>();
  private readonly resolved = new Map<string, ResolvedEventType>();

  constructor(
    private readonly log: EventLog,
    private readonly nowIso: () => string,
  ) {
    for (const record of log.resources()) this.index(record);
  }

  get<K extends Kind>(kind: K, id: string): RecordOf<K> | undefined {
    const record = this.byId.get(id);
    return record?.kind === kind ? (record as RecordOf<K>) : undefined;
  }

  /** @throws HttpRefusal 404 */
  require<K extends Kind>(kind: K, id: string): RecordOf<K> {
    const record = this.get(kind, id);
    if (!record) throw new HttpRefusal(404, `${labelOf(kind)} "${id}" was not found.`);
    return record;
  }

  find<K extends Kind>(kind: K, parentId: string, name: string): RecordOf<K> | undefined {
    const id = this.children.get(slotOf(kind, parentId))?.get(name);
    return id === undefined ? undefined : this.get(kind, id);
  }

  list<K extends Kind>(kind: K, parentId: string): RecordOf<K>[] {
    const ids = this.children.get(slotOf(kind, parentId))?.values() ?? [];
    return [...ids].flatMap((id) => this.get(kind, id) ?? []);
  }

  all<K extends Kind>(kind: K): RecordOf<K>[] {
    return [...this.byId.values()].filter((record): record is RecordOf<K> => record.kind === kind);
  }

  tenantByNameOrId(nameOrId: string): TenantRecord | undefined {
    return this.find('tenant', '', nameOrId) ?? this.get('tenant', nameOrId);
  }

  createTenant(name: string, details: Details<'tenant'> = {}, id = idOf('tenant', '', name)): TenantRecord {
    return this.add('', { kind: 'tenant', id, name, displayName: name, description: '', ...details });
  }

  createDataCore(
    tenantId: string,
    name: string,
    details: Details<'data-core'> = {},
    id = idOf('data-core', tenantId, name),
  ): DataCoreRecord {
    return this.add(tenantId, {
      kind: 'data-core',
      id,
      name,
      description: '',
      accessControl: 'private',
      deleteProtection: false,
      isFlowcoreManaged: false,
      ...details,
      tenantId,
    });
  }

  createFlowType(
    { id: dataCoreId, tenantId }: DataCoreRecord,
    name: string,
    description = '',
  ): FlowTypeRecord {
    const id = idOf('flow-type', dataCoreId, name);
    return this.add(dataCoreId, { kind: 'flow-type', id, tenantId, dataCoreId, name, description });
  }

  createEventType(
    flowType: FlowTypeRecord,
    name: string,
    details: Details<'event-type'> = {},
  ): EventTypeRecord {
    const { id: flowTypeId, dataCoreId, tenantId } = flowType;
    const id = idOf('event-type', flowTypeId, name);
    const now = this.nowIso();
    const fixed = { tenantId, dataCoreId, flowTypeId };
    const defaults = { description: '', createdAt: now, updatedAt: now };
    return this.add(flowTypeId, { kind: 'event-type', id, name, ...defaults, ...details, ...fixed });
  }

  /** Replaces details of a resource; the names it is found by stay. */
  update<T extends ResourceRecord>(record: T): T {
    this.index(record);
    this.log.saveResource(record);
    this.resolved.clear();
    return record;
  }

  /**
   * The event type a write names, created with everything above it unless `isStrict`.
   *
   * @param dataCoreNameOrId clients send either (protocol §3.1); an unknown UUID becomes the id of a new data core,
   * so that a hosted configuration works unchanged.
   * @throws HttpRefusal 404 when something is missing and `isStrict`
   */
  resolve(
    tenantName: string,
    dataCoreNameOrId: string,
    flowTypeName: string,
    eventTypeName: string,
    isStrict: boolean,
  ): ResolvedEventType {
    const key = JSON.stringify([tenantName, dataCoreNameOrId, flowTypeName, eventTypeName]);
    const known = this.resolved.get(key);
    if (known) return known;
    const orMissing = <T>(found: T | undefined, kind: Kind, name: string, create: () => T): T => {
      if (found !== undefined) return found;
      if (isStrict)
        throw new HttpRefusal(
          404,
          `${labelOf(kind)} "${name}" was not found. Create it before writing to it.`,
        );
      return create();
    };
    const tenant = orMissing(this.tenantByNameOrId(tenantName), 'tenant', tenantName, () =>
      this.createTenant(tenantName),
    );
    const dataCore = orMissing(
      this.dataCoreOf(tenant.id, dataCoreNameOrId),
      'data-core',
      dataCoreNameOrId,
      () =>
        UUID.test(dataCoreNameOrId)
          ? this.createDataCore(tenant.id, dataCoreNameOrId, {}, dataCoreNameOrId)
          : this.createDataCore(tenant.id, dataCoreNameOrId),
    );
    const flowType = orMissing(
      this.find('flow-type', dataCore.id, flowTypeName),
      'flow-type',
      flowTypeName,
      () => this.createFlowType(dataCore, flowTypeName),
    );
    const eventType = orMissing(
      this.find('event-type', flowType.id, eventTypeName),
      'event-type',
      eventTypeName,
      () => this.createEventType(flowType, eventTypeName),
    );
    const resolved = { tenant, dataCore, flowType, eventType };
    this.resolved.set(key, resolved);
    return resolved;
  }

  private dataCoreOf(tenantId: string, nameOrId: string): DataCoreRecord | undefined {
    const byName = this.find('data-core', tenantId, nameOrId);
    if (byName) return byName;
    const byId = this.get('data-core', nameOrId);
    return byId?.tenantId === tenantId ? byId : undefined;
  }

  private add<T extends ResourceRecord>(parentId: string, record: T): T {
    if (this.find(record.kind, parentId, record.name) ?? this.byId.get(record.id))
      throw new HttpRefusal(409, `${labelOf(record.kind)} "${record.name}" exists already.`);
    this.index(record);
    this.log.saveResource(record);
    return record;
  }

  private index(record: ResourceRecord): void {
    this.byId.set(record.id, record);
    const slot = slotOf(record.kind, parentIdOf(record));
    const siblings = this.children.get(slot) ?? new Map<string, string>();
    this.children.set(slot, siblings.set(record.name, record.id));
  }
}

function parentIdOf(record: ResourceRecord): string {
  switch (record.kind) {
    case 'tenant':
      return '';
    case 'data-core':
      return record.tenantId;
    case 'flow-type':
      return record.dataCoreId;
    case 'event-type':
      return record.flowTypeId;
  }
}

function slotOf(kind: Kind, parentId: string): string {
  return `${kind} ${parentId}`;
}

function labelOf(kind: Kind): string {
  const words = kind.replace('-', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** A UUID-shaped hash. Version 8: its content is ours to define. */
function idOf(kind: Kind, parentId: string, name: string): string {
  const hex = createHash('sha256')
    .update(JSON.stringify([kind, parentId, name]))
    .digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
