import type { Counter, Histogram } from 'prom-client';
import type { FlowcoreEvent } from '../../event/flowcore-event.interface.js';
import type { PathwayKey } from '../../event/pathway-key.util.js';
import type {
  EventOutcomeStatus,
  ObservedPump,
  Telemetry,
  TelemetryContext,
} from '../../event/telemetry.interface.js';
import { SDK_COMMANDS } from './metric.internal-constants.js';
import type { RegistryMetrics } from './registry.metrics.js';

/** The series of one event type. Looked up once: finding them by their labels costs more than counting. */
interface EventTypeSeries {
  readonly acknowledged: Counter.Internal;
  readonly failed: Counter.Internal;
  readonly pulledBytes: Counter.Internal;
  readonly handlerDuration: Histogram.Internal<string>;
}

type EventTypeLabels = Record<'tenant' | 'data_core' | 'flow_type' | 'event_type', string>;

/** Counts for one engine. Its pumps are asked when the metrics are read. */
export class PrometheusTelemetry implements Telemetry {
  private readonly series = new Map<PathwayKey, EventTypeSeries>();

  constructor(
    private readonly metrics: RegistryMetrics,
    private readonly context: TelemetryContext,
  ) {}

  observePumps(pumps: () => readonly ObservedPump[]): () => void {
    return this.metrics.pumps.add({ context: this.context, pumps });
  }

  deliveryStarted(event: FlowcoreEvent): void {
    this.seriesOf(`${event.flowType}/${event.eventType}`).pulledBytes.inc(JSON.stringify(event).length);
  }

  deliveryFinished({ flowType, eventType }: FlowcoreEvent, status: EventOutcomeStatus): void {
    if (status === 'aborted') return;
    const { acknowledged, failed } = this.seriesOf(`${flowType}/${eventType}`);
    (status === 'processed' || status === 'skipped' ? acknowledged : failed).inc();
  }

  handlerFinished(pathway: PathwayKey, durationMs: number): void {
    this.seriesOf(pathway).handlerDuration.observe(durationMs / 1_000);
  }

  attemptFailed(pathway: PathwayKey): void {
    this.metrics.attemptsFailed.inc(this.labelsOf(pathway));
  }

  deadLettered(pathway: PathwayKey, reason: string): void {
    this.metrics.deadLetters.inc({ ...this.labelsOf(pathway), reason });
  }

  callbackFailed(pathway: PathwayKey): void {
    this.metrics.callbacksFailed.inc(this.labelsOf(pathway));
  }

  eventsWritten(pathway: PathwayKey, count: number): void {
    this.metrics.eventsWritten.inc(this.labelsOf(pathway), count);
  }

  /** Other clients count calls, however often each is retried. */
  requestFinished(operation: string, _status: number, _durationMs: number, attempt: number): void {
    const command = SDK_COMMANDS[operation];
    if (command !== undefined && attempt === 1) this.metrics.sdkCommands.inc({ command });
  }

  private seriesOf(pathway: PathwayKey): EventTypeSeries {
    const known = this.series.get(pathway);
    if (known) return known;
    const { acknowledged, failed, pulledBytes, handlerDuration } = this.metrics;
    const labels = this.labelsOf(pathway);
    const series = {
      acknowledged: acknowledged.labels(labels),
      failed: failed.labels(labels),
      pulledBytes: pulledBytes.labels(labels),
      handlerDuration: handlerDuration.labels(labels),
    };
    this.series.set(pathway, series);
    return series;
  }

  /** Not parsed strictly: what is kept of an event that is none may have no names. */
  private labelsOf(pathway: PathwayKey): EventTypeLabels {
    const [flow_type = '', event_type = ''] = pathway.split('/');
    return { tenant: this.context.tenant, data_core: this.context.dataCore, flow_type, event_type };
  }
}
