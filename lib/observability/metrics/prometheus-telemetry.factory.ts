import type { TelemetryFactory } from '../../event/telemetry.interface.js';
import { loadPromClient } from './load-prom-client.js';
import {
  resolvePrometheusTelemetryOptions,
  type PrometheusTelemetryOptions,
} from './prometheus-telemetry.options.js';
import { PrometheusTelemetry } from './prometheus.telemetry.js';
import { RegistryMetrics } from './registry.metrics.js';

/**
 * Metrics of pumps, handlers and writes in a registry of the caller's, by the names that dashboards of other Flowcore
 * clients ask for (protocol §12). Given to several engines, or called several times with one registry, it counts
 * everything in the same metrics; the labels `tenant` and `data_core` tell the engines apart.
 *
 * @throws PathwaysConfigurationError listing every problem of the options, OptionalPackageMissingError without
 * prom-client, MetricNameTakenError when the registry has metrics of these names from elsewhere.
 */
export function prometheusTelemetry(options: PrometheusTelemetryOptions): TelemetryFactory {
  const resolved = resolvePrometheusTelemetryOptions(options);
  const client = loadPromClient('prometheusTelemetry()');
  RegistryMetrics.in(client, resolved); // A name that is taken is refused here, where it stands in the caller's code.
  return {
    // Looked up again: a registry that was cleared meanwhile has none of them any more.
    createTelemetry: (context) => new PrometheusTelemetry(RegistryMetrics.in(client, resolved), context),
  };
}
