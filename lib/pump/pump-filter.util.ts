import { PumpUnknownError } from '../errors/pump-unknown.error.js';
import { pumpKeyOf } from '../state/cursor-store.interface.js';

/** A pump to run: the event types of one flow type and group. */
export interface PumpDefinition {
  readonly flowType: string;
  readonly pumpGroup: string;
  readonly eventTypes: readonly string[];
}

/** Which pumps are meant. Flow types and groups together: the intersection, with `keys` in addition. Nothing: all. */
export interface PumpFilter {
  /** Names of flow types. @default every flow type, unless `keys` is given alone */
  readonly flowTypes?: readonly string[];
  /** Names of pump groups. @default every group, unless `keys` is given alone */
  readonly pumpGroups?: readonly string[];
  /** Exact pumps, as `flowType::group`. @default none */
  readonly keys?: readonly string[];
}

/**
 * The definitions a filter means.
 *
 * @throws PumpUnknownError for a name that fits none.
 */
export function selectPumps(
  definitions: ReadonlyMap<string, PumpDefinition>,
  { flowTypes, pumpGroups, keys }: PumpFilter = {},
): PumpDefinition[] {
  const all = [...definitions.values()];
  const known = [...definitions.keys()];
  for (const flowType of flowTypes ?? []) {
    if (!all.some((definition) => definition.flowType === flowType))
      throw new PumpUnknownError(flowType, known);
  }
  for (const group of pumpGroups ?? []) {
    if (!all.some(({ pumpGroup }) => pumpGroup === group)) throw new PumpUnknownError(`*::${group}`, known);
  }
  for (const key of keys ?? []) if (!known.includes(key)) throw new PumpUnknownError(key, known);
  const isOpen = keys === undefined || flowTypes !== undefined || pumpGroups !== undefined;
  return all.filter(
    (definition) =>
      keys?.includes(pumpKeyOf(definition)) ||
      (isOpen &&
        (flowTypes?.includes(definition.flowType) ?? true) &&
        (pumpGroups?.includes(definition.pumpGroup) ?? true)),
  );
}

export function haveSameTypes(a: PumpDefinition, b: PumpDefinition): boolean {
  return (
    a.eventTypes.length === b.eventTypes.length &&
    a.eventTypes.every((eventType) => b.eventTypes.includes(eventType))
  );
}
