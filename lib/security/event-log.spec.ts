import { describe, expect, it } from 'vitest';
import type { FlowcoreEvent } from '../event/flowcore-event.interface.js';
import { EventLog } from './event-log.js';

const event: FlowcoreEvent = {
  eventId: 'e-1',
  timeBucket: '20260501100000',
  tenant: 'acme',
  dataCoreId: 'core',
  flowType: 'a.0',
  eventType: 'b.0',
  metadata: { 'User-Email': 'ann@example.com', trace: 't-1' },
  payload: { secret: 'x' },
  validTime: '2026-05-01T10:00:00.000Z',
};

describe('what a log line says of an event', () => {
  it('no payload unless it is asked for', () => {
    expect(new EventLog({ logPayloads: false, redact: [] }).fieldsOf(event)).toEqual({
      eventId: 'e-1',
      metadata: event.metadata,
    });
    expect(new EventLog({ logPayloads: true, redact: [] }).fieldsOf(event)).toMatchObject({
      payload: { secret: 'x' },
    });
  });

  it('metadata to be hidden is hidden, however it is spelled', () => {
    const { metadata } = new EventLog({ logPayloads: false, redact: ['USER-email'] }).fieldsOf(event);
    expect(metadata).toEqual({ 'User-Email': '***', trace: 't-1' });
  });
});
