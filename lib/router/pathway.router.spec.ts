import { describe, expect, it } from 'vitest';
import { EventMalformedError } from '../errors/event-malformed.error.js';
import { EventPayloadInvalidError } from '../errors/event-payload-invalid.error.js';
import { PathwayHandlerFailedError } from '../errors/pathway-handler-failed.error.js';
import { PathwaysConfigurationError } from '../errors/pathways-configuration.error.js';
import type { FlowcoreEvent } from '../event/flowcore-event.interface.js';
import type { EventDelivery, EventOutcome } from '../processor/event-delivery.interface.js';
import { PathwayRouter, statusOfDelivery, type RouterProcessor } from './pathway.router.js';

const SECRET = 's3cret';
const KEY = 'order.0/order.placed.0';
const EVENT_ID = 'bde7ac07-4548-11f1-9234-0123456789ab';

const event = (fields: object = {}) => ({
  eventId: EVENT_ID,
  flowType: 'order.0',
  eventType: 'order.placed.0',
  timeBucket: '20260501100000',
  tenant: 'acme',
  dataCoreId: 'core',
  metadata: { source: 'test' },
  payload: { id: 1 },
  validTime: '2026-05-01T10:30:15.123Z',
  ...fields,
});

/** Knows one pathway; answers with what the test wants and remembers what it got. */
class RecordingProcessor implements RouterProcessor {
  readonly received: { event: FlowcoreEvent; delivery: EventDelivery }[] = [];

  constructor(private readonly outcomeOf: (event: FlowcoreEvent) => EventOutcome | Promise<EventOutcome>) {}

  has(flowType: string, eventType: string): boolean {
    return `${flowType}/${eventType}` === KEY;
  }

  async process(event: FlowcoreEvent, delivery: EventDelivery): Promise<EventOutcome> {
    this.received.push({ event, delivery });
    return this.outcomeOf(event);
  }
}

function setUp(outcome: EventOutcome | Error = { status: 'processed' }, secrets: string | string[] = SECRET) {
  const processor = new RecordingProcessor(() => {
    if (outcome instanceof Error) throw outcome;
    return outcome;
  });
  return { processor, router: new PathwayRouter(processor, secrets) };
}

const failed = new PathwayHandlerFailedError(KEY, EVENT_ID, 4, new Error('no stock'));
const invalid = new EventPayloadInvalidError(KEY, [{ path: 'id', message: 'must be a string' }]);
const halted = new PathwayHandlerFailedError(KEY, EVENT_ID, 4, new Error('no stock'), 'halted');

describe('PathwayRouter.processEvent', () => {
  it('hands the event to its pathway, as a delivery of the webhook', async () => {
    const { router, processor } = setUp();
    await expect(router.processEvent(event(), SECRET)).resolves.toEqual({
      success: true,
      message: `Event processed through pathway ${KEY}`,
    });
    expect(processor.received).toEqual([{ event: event(), delivery: { source: 'webhook', generation: 0 } }]);
  });

  it('answers a redelivery with success, so that the sender stops', async () => {
    await expect(setUp({ status: 'skipped' }).router.processEvent(event(), SECRET)).resolves.toEqual({
      success: true,
      message: expect.stringContaining('already processed'),
    });
  });

  it.each<[string, EventOutcome | Error, number, string]>([
    ['failed handler', { status: 'dead-lettered', error: failed }, 500, 'PATHWAYS_HANDLER_FAILED'],
    ['invalid payload', { status: 'dead-lettered', error: invalid }, 400, 'PATHWAYS_PAYLOAD_INVALID'],
    ['halted pump', { status: 'halted', error: halted }, 500, 'PATHWAYS_HANDLER_FAILED'],
    ['shutdown', { status: 'aborted' }, 503, 'PATHWAYS_NOT_READY'],
  ])('reports a %s', async (_, outcome, httpStatus, code) => {
    await expect(setUp(outcome).router.processEvent(event(), SECRET)).rejects.toMatchObject({
      httpStatus,
      code,
    });
  });

  it('passes on what the store throws: the event is not finished', async () => {
    await expect(setUp(new Error('store down')).router.processEvent(event(), SECRET)).rejects.toThrow(
      'store down',
    );
  });

  it.each([['wrong'], [''], [undefined], [null], [`${SECRET}x`], [SECRET.slice(0, -1)], [[SECRET]], [{}]])(
    'refuses the secret %j before it looks at anything else',
    async (secret) => {
      const { router, processor } = setUp();
      for (const body of [event(), null, 'no event']) {
        await expect(router.processEvent(body, secret)).rejects.toMatchObject({
          httpStatus: 401,
          code: 'PATHWAYS_WEBHOOK_SECRET_INVALID',
        });
        await expect(router.processEvents([body], secret)).rejects.toMatchObject({ httpStatus: 401 });
      }
      expect(processor.received).toEqual([]);
    },
  );

  it('accepts the old and the new secret during a rotation', async () => {
    const { router } = setUp({ status: 'processed' }, ['old', 'new']);
    await expect(router.processEvent(event(), 'old')).resolves.toMatchObject({ success: true });
    await expect(router.processEvent(event(), 'new')).resolves.toMatchObject({ success: true });
  });

  it.each([[''], [' '], [[]], [['ok', '']], [undefined]])(
    'refuses to start with the secret %j',
    (secrets) => {
      const { processor } = setUp();
      expect(() => new PathwayRouter(processor, secrets as string)).toThrow(PathwaysConfigurationError);
    },
  );

  it('answers 404 for a pathway nobody registered', async () => {
    const unknown = setUp().router.processEvent(event({ eventType: 'order.gone.0' }), SECRET);
    await expect(unknown).rejects.toMatchObject({ httpStatus: 404, key: 'order.0/order.gone.0' });
    await expect(unknown).rejects.toThrow(/not found/);
  });
});

describe('PathwayRouter and the shape of events', () => {
  it('lets aggregator replace the flow type and keeps it on the event', async () => {
    const { router, processor } = setUp();
    await router.processEvent(event({ flowType: 'other', aggregator: 'order.0' }), SECRET);
    expect(processor.received[0]!.event).toMatchObject({ flowType: 'order.0', aggregator: 'order.0' });
  });

  it('takes the flow type when aggregator is empty or no text', async () => {
    const { router } = setUp();
    for (const aggregator of ['', null, undefined, 5]) {
      await expect(router.processEvent(event({ aggregator }), SECRET)).resolves.toMatchObject({
        success: true,
      });
    }
  });

  it('accepts what legacy transformers send, and reads the missing times from the event id', async () => {
    const { router, processor } = setUp();
    const legacy = {
      eventId: EVENT_ID,
      aggregator: 'order.0',
      eventType: 'order.placed.0',
      payload: { id: 1 },
    };
    await router.processEvent(legacy, SECRET);
    expect(processor.received[0]!.event).toEqual({
      ...legacy,
      flowType: 'order.0',
      timeBucket: '20260501100000',
      tenant: '',
      dataCoreId: '',
      metadata: {},
      validTime: '2026-05-01T10:30:15.123Z',
    });
  });

  it('leaves the times empty when the event id holds none', async () => {
    const { router, processor } = setUp();
    await router.processEvent(
      event({ eventId: 'own-id', timeBucket: undefined, validTime: undefined }),
      SECRET,
    );
    expect(processor.received[0]!.event).toMatchObject({ eventId: 'own-id', timeBucket: '', validTime: '' });
  });

  it('does not change the body it was given', async () => {
    const body = Object.freeze(event({ flowType: 'other', aggregator: 'order.0', metadata: undefined }));
    const before = structuredClone(body);
    await setUp().router.processEvent(body, SECRET);
    expect(body).toEqual(before);
  });

  it('changes no prototype through a __proto__ key', async () => {
    const { router, processor } = setUp();
    const text = JSON.stringify(event()).replace('{', '{"__proto__":{"hacked":true},');
    await router.processEvent(JSON.parse(text), SECRET);
    expect((processor.received[0]!.event as { hacked?: unknown }).hacked).toBeUndefined();
    expect(({} as { hacked?: unknown }).hacked).toBeUndefined();
  });

  it.each([[null], [undefined], ['text'], [5], [true], [[]], [[event()]]])(
    'refuses the body %j',
    async (body) => {
      await expect(setUp().router.processEvent(body, SECRET)).rejects.toMatchObject({
        httpStatus: 400,
        code: 'PATHWAYS_EVENT_MALFORMED',
      });
    },
  );

  it('lists every problem of an event at once', async () => {
    const body = { eventId: 5, eventType: '', payload: 'text', metadata: [] };
    const error: unknown = await setUp()
      .router.processEvent(body, SECRET)
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(EventMalformedError);
    expect((error as EventMalformedError).problems.map((problem) => problem.split(' ')[0])).toEqual([
      'eventId',
      'flowType',
      'eventType',
      'payload',
      'metadata',
    ]);
  });
});

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
