import type { Registry } from 'prom-client';
import {
  PathwaysConfigurationError,
  type ConfigurationProblem,
} from '../../errors/pathways-configuration.error.js';

/** Options of `prometheusTelemetry()`. */
export interface PrometheusTelemetryOptions {
  /**
   * Where the metrics are registered. The default registry of prom-client is only used when it is given here:
   * `registry: register`.
   */
  registry: Registry;

  /**
   * Upper bounds in seconds of the buckets of `flowcore_pathways_handler_duration_seconds_histogram`, ascending. The
   * registry's first telemetry decides.
   *
   * @default [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]
   */
  handlerDurationBuckets?: readonly number[];
}

/** {@link PrometheusTelemetryOptions} with their defaults. */
export type ResolvedPrometheusTelemetryOptions = Readonly<Required<PrometheusTelemetryOptions>>;

/** Up to the default time limit of a handler. */
const BUCKETS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

const KNOWN: Record<keyof PrometheusTelemetryOptions, true> = {
  registry: true,
  handlerDurationBuckets: true,
};

/** The only place that knows the defaults. @throws PathwaysConfigurationError listing every problem. */
export function resolvePrometheusTelemetryOptions(
  options: PrometheusTelemetryOptions,
): ResolvedPrometheusTelemetryOptions {
  const problems: ConfigurationProblem[] = [];
  // Plain JavaScript may call it without any.
  const { registry, handlerDurationBuckets = BUCKETS, ...unknown } = { ...options };
  for (const path of Object.keys(unknown)) {
    problems.push({ path, message: `is not an option. Known: ${Object.keys(KNOWN).join(', ')}` });
  }
  if (typeof (registry as Partial<Registry> | undefined)?.registerMetric !== 'function') {
    problems.push({ path: 'registry', message: 'must be a Registry of prom-client: new Registry()' });
  }
  if (!isAscending(handlerDurationBuckets)) {
    problems.push({
      path: 'handlerDurationBuckets',
      message: 'must be ascending numbers of seconds above 0',
    });
  }
  if (problems.length > 0)
    throw new PathwaysConfigurationError(problems, 'The options of prometheusTelemetry');
  return { registry, handlerDurationBuckets };
}

function isAscending(bounds: unknown): boolean {
  return (
    Array.isArray(bounds) &&
    bounds.length > 0 &&
    bounds.every(
      (bound, at) =>
        typeof bound === 'number' && Number.isFinite(bound) && bound > (at === 0 ? 0 : bounds[at - 1]),
    )
  );
}
