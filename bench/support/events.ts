import { timeUuid } from '../../lib/event/time-uuid.util.js';
import type { FlowcoreEvent } from 'nestjs-pathways';

const START = Date.parse('2026-05-01T10:00:00.000Z');

/** The payload every dispatch case uses: five fields. */
const PAYLOAD = { id: 'o-42', name: 'Ada', email: 'ada@example.com', total: 12.5, paid: true };

/** Makes events before the clock starts, spread over the given pathways in turn, no id twice. */
export class EventMaker {
  private made = 0;

  constructor(private readonly pathways: readonly { flowType: string; eventType: string }[]) {}

  next(count: number): FlowcoreEvent[] {
    return Array.from({ length: count }, () => this.one());
  }

  private one(): FlowcoreEvent {
    const index = this.made++;
    const names = this.pathways[index % this.pathways.length];
    if (!names) throw new Error('Events need a pathway');
    return {
      eventId: flat(timeUuid(START + Math.floor(index / 10_000), index % 10_000, '8000-0000000000aa')),
      timeBucket: '20260501100000',
      tenant: 'acme',
      dataCoreId: '0f0e0d0c-0b0a-4908-8706-050403020100',
      flowType: names.flowType,
      eventType: names.eventType,
      metadata: {},
      payload: { ...PAYLOAD },
      validTime: '2026-05-01T10:00:00.000Z',
    };
  }
}

/** As an event's id comes out of a parsed page: put together, it is a tree of pieces that whoever reads it first pays for. */
function flat(text: string): string {
  return JSON.parse(JSON.stringify(text)) as string;
}
