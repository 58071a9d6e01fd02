import { pumpKeyOf } from '../state/cursor-store.interface.js';
import type { PumpDefinition } from './pump-filter.util.js';
import type { PumpOptions } from './pump.options.js';

/** Names in `concurrency` that no pump has; quoted, with where they stand. */
export function unmatchedIn(
  concurrency: PumpOptions['concurrency'],
  definitions: Iterable<PumpDefinition>,
): string[] {
  if (typeof concurrency !== 'object') return [];
  const pumps = [...definitions];
  const flowTypes = new Set(pumps.map(({ flowType }) => flowType));
  const keys = new Set(pumps.map(pumpKeyOf));
  const unknown = (names: Record<string, number> | undefined, known: ReadonlySet<string>, path: string) =>
    Object.keys(names ?? {})
      .filter((name) => !known.has(name))
      .map((name) => `${path}['${name}']`);
  return [
    ...unknown(concurrency.byFlowType, flowTypes, 'byFlowType'),
    ...unknown(concurrency.byPumpGroup, keys, 'byPumpGroup'),
  ];
}
