import { describe, expect, it } from 'vitest';
import { EventMalformedError } from '../errors/event-malformed.error.js';
import { SECRET, EVENT_ID, event, setUp } from './pathway.router.spec-util.js';

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

  const KEYS = [
    ['__proto__', '"__proto__":{"hacked":true}'],
    ['constructor', '"constructor":{"prototype":{"hacked":true}}'],
    ['constructor as a text', '"constructor":"x"'],
  ] as const;
  const withKey = (place: string, key: string): unknown =>
    JSON.parse(
      JSON.stringify(
        event({ metadata: { top: 1, list: [{ nested: 1 }] }, payload: { inner: 1, list: [{ deep: 1 }] } }),
      ).replace(`"${place}":`, `${key},"${place}":`),
    );

  it.each(
    KEYS.flatMap(([name, key]) => [
      [name, 'the event', 'eventId', key],
      [name, 'metadata', 'top', key],
      [name, 'metadata', 'nested', key],
    ]),
  )('refuses the key %s in %s (before %s), and says so', async (_name, where, place, key) => {
    const { router, processor } = setUp();
    await expect(router.processEvent(withKey(place, key), SECRET)).rejects.toMatchObject({
      httpStatus: 400,
      code: 'PATHWAYS_EVENT_MALFORMED',
      message: expect.stringMatching(new RegExp(`${where} has a key __proto__ or constructor`)) as string,
    });
    expect(processor.received).toEqual([]);
    expect(({} as { hacked?: unknown }).hacked).toBeUndefined();
  });

  it.each(
    KEYS.flatMap(([name, key]) => [
      [name, 'inner', key],
      [name, 'deep', key],
    ]),
  )('takes the key %s inside the payload (before %s)', async (_name, place, key) => {
    const { router, processor } = setUp();
    const body = withKey(place, key);
    await router.processEvent(body, SECRET);
    expect(JSON.stringify(processor.received[0]!.event)).toBe(JSON.stringify(body));
    expect(({} as { hacked?: unknown }).hacked).toBeUndefined();
  });

  it('looks for such keys in metadata of any depth without giving up', async () => {
    const metadata = JSON.parse(`{"a":${'['.repeat(5_000)}{"__proto__":1}${']'.repeat(5_000)}}`) as object;
    await expect(setUp().router.processEvent(event({ metadata }), SECRET)).rejects.toBeInstanceOf(
      EventMalformedError,
    );
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

  it.each([
    ['x\0y', /eventId contains U\+0000/],
    ['x\uD800', /eventId contains half of a surrogate pair/],
    ['x'.repeat(2_001), /eventId has 2001 bytes, and 2000 is the most/],
  ])('refuses an id that no store could keep, and says why (%#)', async (eventId, why) => {
    const { router, processor } = setUp();
    await expect(router.processEvent(event({ eventId }), SECRET)).rejects.toMatchObject({
      httpStatus: 400,
      code: 'PATHWAYS_EVENT_MALFORMED',
      message: expect.stringMatching(why),
    });
    expect(processor.received).toEqual([]);
    await router.processEvent(event({ eventId: 'x'.repeat(2_000) }), SECRET);
    expect(processor.received).toHaveLength(1);
  });

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
