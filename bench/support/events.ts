import { timeUuid } from '../../lib/event/time-uuid.util.js';
import type { FlowcoreEvent } from '../../lib/event/flowcore-event.interface.js';

const START = Date.parse('2026-05-01T10:00:00.000Z');

/** The payload every dispatch case uses: five fields. */
export const PAYLOAD = { id: 'o-42', name: 'Ada', email: 'ada@example.com', total: 12.5, paid: true };

/** Distinct events, spread over the given pathways in turn, all made before the clock starts. */
export function makeEvents(
  count: number,
  pathways: readonly { flowType: string; eventType: string }[],
  seed: number,
): FlowcoreEvent[] {
  return Array.from({ length: count }, (_, index) => {
    const { flowType, eventType } = pathways[index % pathways.length] as {
      flowType: string;
      eventType: string;
    };
    const at = START + Math.floor((seed * count + index) / 10_000);
    return {
      eventId: timeUuid(at, (seed * count + index) % 10_000, '8000-0000000000aa'),
      timeBucket: '20260501100000',
      tenant: 'acme',
      dataCoreId: '0f0e0d0c-0b0a-4908-8706-050403020100',
      flowType,
      eventType,
      metadata: {},
      payload: { ...PAYLOAD },
      validTime: '2026-05-01T10:00:00.000Z',
    };
  });
}
