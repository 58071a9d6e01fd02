import { describe, expect, it } from 'vitest';
import { PathwayRouter, statusOfDelivery } from './pathway.router.js';
import { SECRET, EVENT_ID, event, RecordingProcessor, setUp, failed } from './pathway.router.spec-util.js';

describe('PathwayRouter.processEvents', () => {
  it('answers every event of an array in order, and goes on after a failed one', async () => {
    const processor = new RecordingProcessor(({ payload }) =>
      (payload as { id: number }).id === 2
        ? { status: 'dead-lettered', error: failed }
        : { status: 'processed' },
    );
    const router = new PathwayRouter(processor, SECRET);
    const bodies = [
      event({ eventId: 'a' }),
      event({ eventId: 'b', payload: { id: 2 } }),
      null,
      event({ eventId: 'd', eventType: 'gone' }),
      event({ eventId: 'e' }),
    ];
    const results = await router.processEvents(bodies, SECRET);
    expect(results).toEqual([
      { eventId: 'a', success: true, status: 200, message: expect.any(String) },
      { eventId: 'b', success: false, status: 500, code: 'PATHWAYS_HANDLER_FAILED', message: failed.message },
      {
        eventId: undefined,
        success: false,
        status: 400,
        code: 'PATHWAYS_EVENT_MALFORMED',
        message: expect.any(String),
      },
      {
        eventId: 'd',
        success: false,
        status: 404,
        code: 'PATHWAYS_PATHWAY_UNKNOWN',
        message: expect.any(String),
      },
      { eventId: 'e', success: true, status: 200, message: expect.any(String) },
    ]);
    expect(processor.received.map(({ event }) => event.eventId)).toEqual(['a', 'b', 'e']);
  });

  it('does not begin an event before the one in front of it is finished', async () => {
    let running = 0;
    let most = 0;
    const processor = new RecordingProcessor(async () => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setImmediate(resolve));
      running--;
      return { status: 'processed' };
    });
    await new PathwayRouter(processor, SECRET).processEvents([event(), event(), event()], SECRET);
    expect(most).toBe(1);
    expect(processor.received).toHaveLength(3);
  });

  it('takes a single event as a delivery of one, and an empty array as a delivery of none', async () => {
    const { router } = setUp();
    await expect(router.processEvents(event(), SECRET)).resolves.toHaveLength(1);
    await expect(router.processEvents([], SECRET)).resolves.toEqual([]);
  });

  it.each([[null], [undefined], ['text'], [5]])('refuses the body %j', async (body) => {
    await expect(setUp().router.processEvents(body, SECRET)).rejects.toMatchObject({ httpStatus: 400 });
  });

  it('refuses more events than allowed before it handles one', async () => {
    const { processor } = setUp();
    const router = new PathwayRouter(processor, SECRET, { maxEvents: 2 });
    await expect(router.processEvents([event(), event(), event()], SECRET)).rejects.toThrow(
      /3 events.*limit is 2/,
    );
    expect(processor.received).toEqual([]);
    await expect(router.processEvents([event(), event()], SECRET)).resolves.toHaveLength(2);
  });

  it('allows 1000 events when nothing is said', async () => {
    const { router } = setUp();
    await expect(router.processEvents(Array(1001).fill(event()), SECRET)).rejects.toMatchObject({
      httpStatus: 400,
    });
    await expect(router.processEvents(Array(1000).fill(event()), SECRET)).resolves.toHaveLength(1000);
  });

  it("answers neither with a stack nor with a store's own words", async () => {
    const results = await setUp(new Error('store down')).router.processEvents([event()], SECRET);
    expect(results).toEqual([
      {
        eventId: EVENT_ID,
        success: false,
        status: 500,
        code: 'PATHWAYS_DELIVERY_FAILED',
        message: expect.stringContaining('Deliver it again later'),
      },
    ]);
    expect(JSON.stringify(results)).not.toContain('store down');
  });
});

describe('statusOfDelivery', () => {
  it.each([
    [[], 200],
    [[200, 200], 200],
    [[200, 404], 404],
    [[400, 500, 200], 500],
    [[500, 503], 503],
  ])('of %j is %i', (statuses, expected) => {
    const results = statuses.map((status) => ({
      eventId: 'a',
      success: status === 200,
      status,
      message: '',
    }));
    expect(statusOfDelivery(results)).toBe(expected);
  });
});
