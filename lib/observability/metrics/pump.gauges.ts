import type { Gauge } from 'prom-client';
import type { ObservedPump, TelemetryContext } from '../../event/telemetry.interface.js';

/** Where the pumps of one engine are read. */
export interface PumpSource {
  readonly context: TelemetryContext;
  readonly pumps: () => readonly ObservedPump[];
}

/** Sets one gauge from what the pumps say at that moment. */
export type PumpReading = (gauge: Gauge, labels: PumpLabels, pump: ObservedPump) => void;

interface PumpLabels {
  readonly tenant: string;
  readonly data_core: string;
  readonly flow_type: string;
}

/**
 * The pumps of every engine that reports to a registry. They are asked when the metrics are read, so that nothing is
 * pushed while events flow; what several engines say of one series is added up.
 */
export class PumpGauges {
  private readonly sources = new Set<PumpSource>();

  /** @returns forgets the pumps again. */
  add(source: PumpSource): () => void {
    this.sources.add(source);
    return () => void this.sources.delete(source);
  }

  /** To be called when the gauge is read. */
  collect(gauge: Gauge, reading: PumpReading): void {
    // Pumps that have gone must not leave their last value behind.
    gauge.reset();
    for (const { context, pumps } of this.sources) {
      const { tenant, dataCore } = context;
      for (const pump of pumps()) {
        reading(gauge, { tenant, data_core: dataCore, flow_type: pump.flowType }, pump);
      }
    }
  }
}

/** A reading for each event type of the pump. */
export function perEventType(field: 'events' | 'bytes' | 'inFlight'): PumpReading {
  return (gauge, labels, { backlog }) => {
    for (const one of backlog) gauge.inc({ ...labels, event_type: one.eventType }, one[field]);
  };
}

/** A reading in seconds for the whole pump. */
export function secondsOf(field: 'lagMs' | 'bufferAgeMs'): PumpReading {
  return (gauge, labels, pump) => gauge.inc({ ...labels, pump_group: pump.pumpGroup }, pump[field] / 1_000);
}

/** 1 in the series of the pump's state. */
export const stateOf: PumpReading = (gauge, labels, { pumpGroup, state }) =>
  gauge.inc({ ...labels, pump_group: pumpGroup, state });
