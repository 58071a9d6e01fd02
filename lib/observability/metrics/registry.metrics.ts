import type { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { MetricNameTakenError } from '../../errors/metric-name-taken.error.js';
import { EVENT_TYPE_LABELS, METRICS, PUMP_LABELS } from './metric.internal-constants.js';
import { perEventType, PumpGauges, secondsOf, stateOf, type PumpReading } from './pump.gauges.js';
import type { ResolvedPrometheusTelemetryOptions } from './prometheus-telemetry.options.js';

type PromClient = typeof import('prom-client');

/** Marks a metric as ours, and leads to the others. In the registry itself: two applications meet only if they share it. */
const OWNER = Symbol('nestjs-pathways metrics');

/** The metrics of one registry, shared by every engine that reports to it. */
export class RegistryMetrics {
  readonly pumps = new PumpGauges();
  readonly acknowledged: Counter;
  readonly failed: Counter;
  readonly pulledBytes: Counter;
  readonly sdkCommands: Counter;
  readonly handlerDuration: Histogram;
  readonly attemptsFailed: Counter;
  readonly deadLetters: Counter;
  readonly callbacksFailed: Counter;
  readonly eventsWritten: Counter;

  private constructor(
    private readonly client: PromClient,
    { registry, handlerDurationBuckets }: ResolvedPrometheusTelemetryOptions,
  ) {
    const registers = [registry];
    const counter = (metric: keyof typeof METRICS, labelNames: readonly string[]) => {
      const [name, help] = METRICS[metric];
      return new this.client.Counter({ name, help, labelNames: [...labelNames], registers });
    };
    const gauge = (metric: keyof typeof METRICS) => {
      const [name, help] = METRICS[metric];
      return new this.client.Gauge({ name, help, registers });
    };
    const first = this.pumpGauge(registry, 'bufferEvents', EVENT_TYPE_LABELS, perEventType('events'));
    Object.defineProperty(first, OWNER, { value: this });
    this.pumpGauge(registry, 'bufferReserved', EVENT_TYPE_LABELS, perEventType('inFlight'));
    this.pumpGauge(registry, 'bufferBytes', EVENT_TYPE_LABELS, perEventType('bytes'));
    this.acknowledged = counter('acknowledged', EVENT_TYPE_LABELS);
    this.failed = counter('failed', EVENT_TYPE_LABELS);
    this.pulledBytes = counter('pulledBytes', EVENT_TYPE_LABELS);
    this.sdkCommands = counter('sdkCommands', ['command']);
    // Nothing moves them: they are there so that the panels of other deployments show 0 instead of "no data".
    for (const metric of ['clusterWorkers', 'clusterLeader'] as const) gauge(metric);
    for (const metric of ['clusterDistributed', 'clusterAcks', 'clusterFails'] as const) counter(metric, []);
    this.pumpGauge(registry, 'lag', PUMP_LABELS, secondsOf('lagMs'));
    this.pumpGauge(registry, 'bufferAge', PUMP_LABELS, secondsOf('bufferAgeMs'));
    this.pumpGauge(registry, 'state', [...PUMP_LABELS, 'state'], stateOf);
    const [name, help] = METRICS.handlerDuration;
    const buckets = [...handlerDurationBuckets];
    this.handlerDuration = new client.Histogram({
      name,
      help,
      labelNames: EVENT_TYPE_LABELS,
      buckets,
      registers,
    });
    this.attemptsFailed = counter('attemptsFailed', EVENT_TYPE_LABELS);
    this.deadLetters = counter('deadLetters', [...EVENT_TYPE_LABELS, 'reason']);
    this.callbacksFailed = counter('callbacksFailed', EVENT_TYPE_LABELS);
    this.eventsWritten = counter('eventsWritten', EVENT_TYPE_LABELS);
  }

  /**
   * Those the registry has, or new ones.
   *
   * @throws MetricNameTakenError
   */
  static in(client: PromClient, options: ResolvedPrometheusTelemetryOptions): RegistryMetrics {
    const { registry } = options;
    const [name] = METRICS.bufferEvents;
    const known = registry.getSingleMetric(name) as { readonly [OWNER]?: RegistryMetrics } | undefined;
    if (known?.[OWNER]) return known[OWNER];
    const names = Object.values(METRICS).map(([one]) => one);
    const taken = names.filter((one) => registry.getSingleMetric(one) !== undefined);
    if (taken.length > 0) throw new MetricNameTakenError(taken);
    return new RegistryMetrics(client, options);
  }

  private pumpGauge(
    registry: Registry,
    metric: keyof typeof METRICS,
    labelNames: readonly string[],
    reading: PumpReading,
  ): Gauge {
    const [name, help] = METRICS[metric];
    const { pumps } = this;
    const gauge: Gauge = new this.client.Gauge({
      name,
      help,
      labelNames: [...labelNames],
      registers: [registry],
      collect: () => pumps.collect(gauge, reading),
    });
    return gauge;
  }
}
