/** Fields of a tenant that the platform serves (protocol §5.1). */
export interface TenantRecord {
  readonly kind: 'tenant';
  readonly id: string;
  readonly name: string;
  readonly displayName: string;
  readonly description: string;
}

/** Fields of a data core that the platform serves (protocol §5.2). */
export interface DataCoreRecord {
  readonly kind: 'data-core';
  readonly id: string;
  readonly tenantId: string;
  readonly name: string;
  readonly description: string;
  readonly accessControl: 'public' | 'private';
  readonly deleteProtection: boolean;
  readonly isFlowcoreManaged: boolean;
}

/** Fields of a flow type that the platform serves (protocol §5.3). */
export interface FlowTypeRecord {
  readonly kind: 'flow-type';
  readonly id: string;
  readonly tenantId: string;
  readonly dataCoreId: string;
  readonly name: string;
  readonly description: string;
}

/** Fields of an event type that the platform serves (protocol §5.4). */
export interface EventTypeRecord {
  readonly kind: 'event-type';
  readonly id: string;
  readonly tenantId: string;
  readonly dataCoreId: string;
  readonly flowTypeId: string;
  readonly name: string;
  readonly description: string;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly sensitiveDataMask?: unknown;
  readonly sensitiveDataEnabled?: boolean;
}

export type ResourceRecord = TenantRecord | DataCoreRecord | FlowTypeRecord | EventTypeRecord;
