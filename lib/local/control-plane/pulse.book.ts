import { HttpRefusal } from '../http-refusal.js';
import { optionalText, requiredText } from '../query.util.js';
import { numberOf, numbersOf } from './body.util.js';
import type { LocalPulse } from './control-plane.interface.js';

/** Half an hour of a large application. */
const MAX_PULSES = 1_000;

/** A pump that misses three pulses is not well. */
const HEALTHY_MS = 90_000;

/** The latest pulses; gone with the process, like the pumps' own memory of them. */
export class PulseBook {
  private pulses: LocalPulse[] = [];

  constructor(private readonly now: () => number) {}

  all(pathwayId?: string): LocalPulse[] {
    return this.pulses.filter((pulse) => pathwayId === undefined || pulse.pathwayId === pathwayId);
  }

  /** @throws HttpRefusal 400 for a field that is missing or of the wrong kind */
  add(pathwayId: string, body: Readonly<Record<string, unknown>>): void {
    if (typeof body['isLive'] !== 'boolean') throw new HttpRefusal(400, '"isLive" must be true or false.');
    const sourceId = optionalText(body['sourceId'], 'sourceId');
    const pulse: LocalPulse = {
      pathwayId,
      ...(sourceId === undefined ? {} : { sourceId }),
      flowType: requiredText(body['flowType'], 'flowType'),
      timeBucket: requiredText(body['timeBucket'], 'timeBucket'),
      eventId: optionalText(body['eventId'], 'eventId') ?? null,
      isLive: body['isLive'],
      buffer: numbersOf(body['buffer'], 'buffer', ['depth', 'reserved', 'sizeBytes']),
      counters: numbersOf(body['counters'], 'counters', ['acknowledged', 'failed', 'pulled']),
      uptimeMs: numberOf(body['uptimeMs'], 'uptimeMs'),
      receivedAt: new Date(this.now()).toISOString(),
    };
    this.pulses = [...this.pulses.slice(1 - MAX_PULSES), pulse];
  }

  /** The last pulse of every pump, as `GET /pathways/{id}/pump-status` shows it. */
  status(pathwayId: string): Record<string, unknown>[] {
    const latest = new Map(this.all(pathwayId).map((pulse) => [pulse.sourceId ?? pulse.flowType, pulse]));
    return [...latest.values()].map(({ receivedAt, ...pulse }) => {
      const lastPulseAgeMs = this.now() - Date.parse(receivedAt);
      return { ...pulse, pathwayId: undefined, lastPulseAgeMs, healthy: lastPulseAgeMs < HEALTHY_MS };
    });
  }
}
