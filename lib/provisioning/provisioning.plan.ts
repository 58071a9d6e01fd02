import type { PathwayContract } from '../contract/pathway-contract.interface.js';
import type { PlatformResource, ResourceKind, ResourcesClient } from '../platform/resources.client.js';
import type { ResolvedProvisioningOptions } from './provisioning.options.js';

/** An event type as its contract describes it. */
interface PlannedEventType {
  readonly name: string;
  readonly description: string | undefined;
}

/** A flow type with its event types. */
export interface PlannedFlowType {
  readonly name: string;
  readonly description: string | undefined;
  readonly eventTypes: readonly PlannedEventType[];
}

/** A name that must be there. */
export interface WantedResource {
  readonly kind: ResourceKind;
  readonly name: string;
  /** The flow type of an event type. */
  readonly flowType?: string;
  readonly description: string | undefined;
  /** The rest of what a creation says. */
  readonly details: Readonly<Record<string, unknown>>;
  /** Absent where its parent is not there, so that it cannot be there either. */
  readonly find: (() => Promise<PlatformResource>) | undefined;
}

export const RESOURCE_LABELS: Record<ResourceKind, string> = {
  dataCore: 'data core',
  flowType: 'flow type',
  eventType: 'event type',
};

/** What the platform must have for these contracts. Of several descriptions of a flow type, the first one counts. */
export function planOf(contracts: readonly PathwayContract[]): PlannedFlowType[] {
  const plan = new Map<string, { description: string | undefined; eventTypes: PlannedEventType[] }>();
  for (const { flowType, eventType, description, flowTypeDescription } of contracts) {
    const planned = plan.get(flowType) ?? { description: undefined, eventTypes: [] };
    planned.description ??= flowTypeDescription;
    planned.eventTypes.push({ name: eventType, description });
    plan.set(flowType, planned);
  }
  return [...plan].map(([name, planned]) => ({ name, ...planned }));
}

/** The levels of a plan: the names of one are looked for below the ids of the one above. */
export function levelsOf({
  resources,
  dataCore,
  options,
  tenantId,
  plan,
  signal,
}: {
  readonly resources: ResourcesClient;
  readonly dataCore: string;
  readonly options: ResolvedProvisioningOptions;
  readonly tenantId: string;
  readonly plan: readonly PlannedFlowType[];
  readonly signal: AbortSignal | undefined;
}) {
  const { description, accessControl, deleteProtection } = options.dataCore;
  return {
    dataCore: {
      kind: 'dataCore',
      name: dataCore,
      description,
      details: { tenantId, accessControl, deleteProtection },
      find: () => resources.dataCore(signal),
    } satisfies WantedResource,
    flowTypes: (dataCoreId: string | undefined): WantedResource[] =>
      plan.map(({ name, description: text }) => ({
        kind: 'flowType',
        name,
        description: text,
        details: { dataCoreId },
        find: dataCoreId === undefined ? undefined : () => resources.flowType(dataCoreId, name, signal),
      })),
    eventTypes: (flowType: PlannedFlowType, flowTypeId: string | undefined): WantedResource[] =>
      flowType.eventTypes.map(({ name, description: text }) => ({
        kind: 'eventType',
        name,
        flowType: flowType.name,
        description: text,
        details: { flowTypeId },
        find: flowTypeId === undefined ? undefined : () => resources.eventType(flowTypeId, name, signal),
      })),
  };
}
