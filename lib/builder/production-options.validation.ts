import type { ConfigurationProblem } from '../errors/pathways-configuration.error.js';
import type { PathwaysStore } from '../state/pathways-store.interface.js';
import { isStoreFactory } from '../state/store-factory.util.js';
import { pathwayModeIn } from './control-plane-options.validation.js';
import type { PathwaysEngineOptions, RuntimeEnv } from './engine.options.js';

/** What must outlive a restart. */
const LASTING = ['state', 'cursors', 'deadLetters'] as const;

/** What production cannot run without. Elsewhere Local Flowcore and memory stand in. */
export function missingInProduction(
  options: Omit<PathwaysEngineOptions, 'audit'>,
  runtimeEnv: RuntimeEnv,
): ConfigurationProblem[] {
  if (runtimeEnv !== 'production') return [];
  const required = (['tenant', 'dataCore', 'apiKey'] as const).filter((name) => options[name] === undefined);
  const problems: ConfigurationProblem[] = required.map((path) => ({
    path,
    message: 'is required in production',
  }));
  const { store = {} } = options;
  // A factory makes a whole store.
  if (isStoreFactory(store)) return problems;
  const forgotten = missingOf(store, LASTING);
  if (forgotten.length > 0)
    problems.push({
      path: 'store',
      message: `keeps ${forgotten.join(', ')} in memory, which a restart forgets; production needs a durable store for each`,
    });
  const unshared = missingOf(store, sharedParts(options, runtimeEnv));
  if (unshared.length > 0) problems.push({ path: 'store', message: unsharedMessage(unshared) });
  return problems;
}

/** What instances that pull must agree on: who runs a pump, what is paused, and which commands were begun. */
function sharedParts(
  { pathwayMode, pump, singleInstance, autoProvision }: Omit<PathwaysEngineOptions, 'audit'>,
  runtimeEnv: RuntimeEnv,
): readonly (keyof PathwaysStore)[] {
  const pulls = (pathwayMode ?? pathwayModeIn(runtimeEnv)) === 'virtual' && pump !== false;
  if (!pulls || singleInstance === true) return [];
  const registers = typeof autoProvision === 'object' && autoProvision?.pathway === true;
  return ['leases', 'delivery', ...(registers ? (['commands'] as const) : [])];
}

function missingOf<TPart extends keyof PathwaysStore>(
  store: Partial<PathwaysStore>,
  parts: readonly TPart[],
): TPart[] {
  return parts.filter((part) => store[part] === undefined);
}

function unsharedMessage(parts: readonly string[]): string {
  return `keeps ${parts.join(', ')} in the memory of this process, so a second instance would run every pump as well, and learn of no pause. With pathwayMode: 'virtual' production needs a store that instances share: typeOrmStore(), or with PathwaysBuilder withPathwayState(createPostgresPathwayState(…)). Or let the platform deliver, pathwayMode: 'managed'. If never more than one instance runs, say singleInstance: true`;
}
