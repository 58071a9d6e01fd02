/**
 * Tells the control plane how every pump is that runs in this instance: at once when it begins to run, and then every
 * interval. It looks at the pumps, and not the pumps at it: a pump that is reset, restarted or replaced goes on being seen
 * (protocol §14.2, D9). A pump is *away* (stopped, or run by another instance) or *here*.
 */
import type { Clock } from '../event/clock.interface.js';
import { errorFields, type PathwaysLogger } from '../event/logger.interface.js';
import type { ControlPlaneClient } from '../platform/control-plane.client.js';
import type { PumpPulse } from '../platform/control-plane.interface.js';
import type { PumpStatus } from '../pump/pump.status.js';
import { BackgroundLoop } from './background.loop.js';
import type { ControlledPumps } from './controlled-pumps.interface.js';

export interface PulseSenderOptions {
  readonly controlPlane: ControlPlaneClient;
  readonly pumps: Pick<ControlledPumps, 'status'>;
  readonly pathwayId: string;
  /** Milliseconds between two pulses of a pump. @default 30_000 */
  readonly pulseIntervalMs?: number;
  readonly clock: Clock;
  readonly logger: PathwaysLogger;
}

/** A pump since it runs here. */
interface SeenPump {
  readonly since: number;
  nextAt: number;
  /** Had caught up at some time. */
  wasLive: boolean;
}

/** The group of pathways that name none. */
const DEFAULT_PUMP_GROUP = 'default';

/** How soon a pump is seen that begins to run. */
const LOOK_MS = 1_000;

export class PulseSender {
  private readonly seen = new Map<string, SeenPump>();
  private readonly loop: BackgroundLoop;
  private readonly intervalMs: number;
  private hasFailed = false;

  constructor(private readonly options: PulseSenderOptions) {
    const { clock, pulseIntervalMs = 30_000 } = options;
    this.intervalMs = pulseIntervalMs;
    const work = (signal: AbortSignal) => this.runOnce(signal);
    this.loop = new BackgroundLoop('PulseSender', clock, Math.min(LOOK_MS, pulseIntervalMs), work);
  }

  start(): void {
    this.loop.start();
  }

  stop(): Promise<void> {
    return this.loop.stop();
  }

  /** Sends what is due. A pulse that fails is logged, and has no other effect. */
  async runOnce(signal?: AbortSignal): Promise<void> {
    const now = this.options.clock.now();
    const due: PumpPulse[] = [];
    for (const status of this.options.pumps.status()) {
      const { fetched, pump, state } = status;
      if (!fetched) {
        this.seen.delete(pump);
        continue;
      }
      const seen = this.seen.get(pump) ?? { since: now, nextAt: now, wasLive: false };
      this.seen.set(pump, seen);
      seen.wasLive ||= state === 'live';
      if (now < seen.nextAt) continue;
      seen.nextAt = now + this.intervalMs;
      due.push(pulseOf(this.options.pathwayId, status, fetched, seen, now));
    }
    await Promise.all(due.map((pulse) => this.send(pulse, signal)));
  }

  private async send(pulse: PumpPulse, signal: AbortSignal | undefined): Promise<void> {
    const { controlPlane, logger } = this.options;
    try {
      await controlPlane.sendPulse(pulse, signal);
      this.hasFailed = false;
    } catch (error) {
      if (signal?.aborted) return;
      const text = `The control plane did not take the pulse of ${pulse.sourceId ?? pulse.flowType}; the next one comes in ${this.intervalMs} ms`;
      if (this.hasFailed) logger.debug(text, errorFields(error));
      else logger.warn(text, errorFields(error));
      this.hasFailed = true;
    }
  }
}

function pulseOf(
  pathwayId: string,
  { flowType, pumpGroup, pump, bufferedEvents, bufferedBytes, inFlight, counters }: PumpStatus,
  { timeBucket, eventId }: { timeBucket: string; eventId: string },
  { since, wasLive }: SeenPump,
  now: number,
): PumpPulse {
  return {
    pathwayId,
    ...(pumpGroup === DEFAULT_PUMP_GROUP ? {} : { sourceId: pump }),
    flowType,
    timeBucket,
    eventId,
    isLive: wasLive,
    buffer: { depth: bufferedEvents, reserved: inFlight, sizeBytes: bufferedBytes },
    counters: {
      acknowledged: counters.processed + counters.skipped,
      // What ends as a dead letter has failed, whoever gave it up (protocol §14.2, D15).
      failed: counters.deadLettered,
      pulled: counters.fetched,
    },
    uptimeMs: now - since,
  };
}
