import { PathwaysError } from './pathways.error.js';

/** The registry has metrics of these names already, and they are not ours. */
export class MetricNameTakenError extends PathwaysError {
  static override readonly code = 'PATHWAYS_METRIC_NAME_TAKEN';

  constructor(readonly metricNames: readonly string[]) {
    super(
      `The registry already has metrics named ${metricNames.join(', ')}, registered by something else: another Flowcore client, or a second copy of this library. Their values would be mixed. Give prometheusTelemetry() a registry of its own: new Registry(). Metrics of one name cannot be merged, so export the two at routes of their own.`,
    );
  }
}
