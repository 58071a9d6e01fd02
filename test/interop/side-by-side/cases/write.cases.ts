import { z } from 'zod';
import { until } from '../../../support/until.js';
import { data, FORGET, KEY } from '../bench.js';
import type { Bench } from '../bench.js';
import { differs, ending, same, type Case } from '../case.js';
import type { SideBuilder } from '../sides.js';
import { gatewayOf, timersOf } from '../watch.js';

const SECRET = 'shared-secret';
const orders = ['1', '2', '3'].map((orderId) => ({ orderId }));

/** Writes and waits, and brings the event here meanwhile. */
async function writtenAndPosted(bench: Bench, builder: SideBuilder): Promise<unknown> {
  const router = bench.side.router(builder, SECRET);
  const writing = ending(() => builder.write(KEY, { data }));
  const event = await bench.firstStored();
  await ending(() => router.processEvent(event, SECRET));
  const ended = await writing;
  return ended === event.eventId ? 'its id' : ended;
}

export const WRITE: readonly Case[] = [
  {
    what: 'an event that is not waited for: its id, and what is stored',
    async run(bench) {
      const id = await bench.orders().write(KEY, { data, options: FORGET });
      const [event, ...others] = await bench.stored();
      return [id === event?.eventId, event?.payload, event?.metadata, others];
    },
    outcome: same([true, data, {}, []]),
  },
  {
    what: 'a batch: its ids in the order of its payloads',
    async run(bench) {
      const ids = await bench.orders().write(KEY, { batch: true, data: orders, options: FORGET });
      const events = await bench.stored();
      const isInOrder = JSON.stringify(events.map(({ eventId }) => eventId)) === JSON.stringify(ids);
      return [isInOrder, events.map(({ payload }) => payload)];
    },
    outcome: same([true, orders]),
  },
  {
    what: 'an empty batch',
    async run(bench) {
      const ids = await ending(() => bench.orders().write(KEY, { batch: true, data: [], options: FORGET }));
      return [ids, (await bench.stored()).length];
    },
    outcome: same([[], 0]),
  },
  {
    what: 'metadata of one event and of a batch',
    async run(bench) {
      const builder = bench.orders();
      const metadata = { 'correlation-id': 'c-1', place: 'Þórshöfn 🐑' };
      await builder.write(KEY, { data, metadata, options: FORGET });
      await builder.write(KEY, { batch: true, data: orders.slice(1), metadata, options: FORGET });
      return (await bench.stored()).map((event) => event.metadata);
    },
    outcome: same(Array.from({ length: 3 }, () => ({ 'correlation-id': 'c-1', place: 'Þórshöfn 🐑' }))),
  },
  {
    what: 'metadata that is not text',
    async run(bench) {
      const metadata = { count: 3, flag: true, list: ['a'] };
      await bench.orders().write(KEY, { data, metadata, options: FORGET });
      return (await bench.stored())[0]?.metadata;
    },
    outcome: differs(
      { reference: { count: 3, flag: true, list: ['a'] }, ours: { count: '3', flag: 'true', list: '["a"]' } },
      {
        reference: 'Metadata values are sent as they are, also numbers and lists.',
        ours: 'Values that are no text are sent as JSON text.',
        why: 'The hosted platform refuses writes with other metadata than text.',
      },
    ),
  },
  {
    what: 'metadata under a key that the library sets',
    async run(bench) {
      const metadata = { 'audit/entity-id': 'forged' };
      await ending(() => bench.orders().write(KEY, { data, metadata, options: FORGET }));
      return (await bench.stored()).map((event) => event.metadata);
    },
    outcome: differs(
      { reference: [{ 'audit/entity-id': 'forged' }], ours: [] },
      {
        reference: 'A caller may set metadata keys that begin with `audit/` or `pathways/`.',
        ours: 'Such a write is refused with `WriteMetadataReservedError`.',
        why: 'Who wrote an event could be forged.',
      },
    ),
  },
  {
    what: 'a payload that does not match the schema, alone and in a batch: nothing is stored',
    async run(bench) {
      const builder = bench.orders();
      const bad = { orderId: 7 };
      return [
        await ending(() => builder.write(KEY, { data: bad, options: FORGET })),
        await ending(() => builder.write(KEY, { batch: true, data: [data, bad], options: FORGET })),
        await ending(() => builder.write(KEY, { data: undefined, options: FORGET })),
        (await bench.stored()).length,
      ];
    },
    outcome: same(['refused', 'refused', 'refused', 0]),
  },
  {
    what: 'a payload that JSON cannot carry',
    async run(bench) {
      const builder = bench.orders({ schema: z.object({ total: z.any() }) });
      const endings = [];
      for (const total of [Number.NaN, 1n, () => 1]) {
        const write = { data: { total }, options: FORGET };
        endings.push(await ending(() => builder.write(KEY, write).then(() => 'stored')));
      }
      return { endings, payloads: (await bench.stored()).map(({ payload }) => payload) };
    },
    outcome: differs(
      {
        reference: { endings: ['stored', 'refused', 'stored'], payloads: [{ total: null }, {}] },
        ours: { endings: ['refused', 'refused', 'refused'], payloads: [] },
      },
      {
        reference:
          'What JSON cannot carry is written as something else: `NaN` as `null`, functions not at all.',
        ours: 'Such a write is refused with `PayloadNotJsonError`, which names the place.',
        why: 'What is stored must be what was written.',
      },
    ),
  },
  {
    what: 'a pathway that is not registered',
    run: (bench) => ending(() => bench.orders().write('order.0/gone.0', { data, options: FORGET })),
    outcome: same('refused'),
  },
  {
    what: "the caller's object is as it was after a write",
    async run(bench) {
      const given = { orderId: 'o-1', note: 'not declared' };
      await bench.orders().write(KEY, { data: given, options: FORGET });
      return given;
    },
    outcome: same({ orderId: 'o-1', note: 'not declared' }),
  },
  {
    what: 'a write that waits resolves with its id when the event was handled',
    run: (bench) =>
      writtenAndPosted(
        bench,
        bench.orders().handle(KEY, () => {}),
      ),
    outcome: same('its id'),
  },
  {
    what: 'a write that waits, and the handler fails for good',
    run: (bench) =>
      writtenAndPosted(
        bench,
        bench.orders().handle(KEY, () => {
          throw new Error('broken');
        }),
      ),
    outcome: differs(
      { reference: 'its id', ours: 'refused' },
      {
        reference: 'A waiting write resolves although the handler failed for good.',
        ours: 'It rejects with `PathwayHandlerFailedError`.',
        why: 'A write that resolves must mean that its event was handled.',
      },
    ),
  },
  {
    what: 'a write that waits, and nobody posts the event in time: it is stored all the same',
    async run(bench) {
      const builder = bench.orders({}, { pathwayTimeoutMs: 150 }).handle(KEY, () => {});
      bench.side.router(builder, SECRET);
      return [await ending(() => builder.write(KEY, { data })), (await bench.stored()).length];
    },
    outcome: same(['refused', 1]),
  },
  {
    what: 'the error of a write that waited in vain names the event',
    async run(bench) {
      const builder = bench.orders({}, { pathwayTimeoutMs: 150 }).handle(KEY, () => {});
      bench.side.router(builder, SECRET);
      const error: unknown = await builder.write(KEY, { data }).catch((reason: unknown) => reason);
      const { eventId, stored } = error as { eventId?: string; stored?: boolean };
      return { namesIt: eventId === (await bench.firstStored()).eventId, saysStored: stored === true };
    },
    outcome: differs(
      {
        reference: { namesIt: false, saysStored: false },
        ours: { namesIt: true, saysStored: true },
      },
      {
        reference: 'The error of a write that waited too long is a plain `Error`.',
        ours: 'It is `PathwayWriteTimeoutError` with `eventId` and `stored: true`.',
        why: 'Who writes again after a time-out makes a duplicate; the error says so and names the event.',
      },
    ),
  },
  {
    what: 'a write that waits where nobody can handle the event',
    async run(bench) {
      const builder = bench.orders({}, { pathwayTimeoutMs: 150 });
      return [await ending(() => builder.write(KEY, { data })), (await bench.stored()).length];
    },
    outcome: differs(
      { reference: ['refused', 1], ours: ['refused', 0] },
      {
        reference:
          'A write that waits in a process that never handles its event is stored and then times out.',
        ours: 'It is refused at once with `PathwayWriteUnawaitableError`, and nothing is stored.',
        why: 'The wait could only fail. Say `fireAndForget: true`, start the pump, or make the router first.',
      },
    ),
  },
  {
    what: 'a pathway with a time limit of its own for waiting',
    async run(bench) {
      const builder = bench
        .orders({}, { pathwayTimeoutMs: 5_000 })
        .register({ flowType: 'order.0', eventType: 'quick.0', timeoutMs: 1, schema: z.object({}) })
        .handle(KEY, () => {})
        .handle('order.0/quick.0', () => {});
      bench.side.router(builder, SECRET);
      const ended: string[] = [];
      const slow = builder.write(KEY, { data }).catch(() => void ended.push('slow'));
      await bench.firstStored();
      const quick = builder.write('order.0/quick.0', { data: {} }).catch(() => void ended.push('quick'));
      await Promise.all([slow, quick]);
      return ended;
    },
    outcome: differs(
      { reference: ['slow', 'quick'], ours: ['quick', 'slow'] },
      {
        reference: '`timeoutMs` of a pathway has no effect; `pathwayTimeoutMs` counts.',
        ours: '`timeoutMs` of a pathway is obeyed.',
        why: 'It is what the option says.',
      },
    ),
  },
  {
    what: 'a write that waits looks at the state again and again',
    async run(bench) {
      const [betweenLooks, limit] = [100, 54_321];
      const timers = timersOf(bench, betweenLooks, limit);
      const builder = bench.orders({}, { pathwayTimeoutMs: limit }).handle(KEY, () => {});
      const router = bench.side.router(builder, SECRET);
      const writing = builder.write(KEY, { data });
      const event = await bench.firstStored();
      // It waits by now, whichever way it does.
      await until(() => timers.includes(betweenLooks) || timers.includes(limit));
      await router.processEvent(event, SECRET);
      await writing;
      return timers.includes(betweenLooks);
    },
    outcome: differs(
      { reference: true, ours: false },
      {
        reference: 'Waiting writes look at the state every 100 ms.',
        ours: 'They are told; states of your own are still looked at.',
        why: 'One batch cost 500 statements a second.',
      },
    ),
  },
  {
    what: 'the time of an event decides its bucket and its id',
    async run(bench) {
      const eventTime = new Date(Date.UTC(2024, 0, 2, 3, 4, 5));
      await bench.orders().write(KEY, { data, options: { ...FORGET, eventTime } });
      return (await bench.stored()).map(({ timeBucket }) => timeBucket);
    },
    outcome: same(['20240102030000']),
  },
  {
    what: 'the time from which a fact is valid',
    async run(bench) {
      const validTime = new Date(Date.UTC(2024, 0, 2, 3, 4, 5));
      await bench.orders().write(KEY, { data, options: { ...FORGET, validTime } });
      return (await bench.stored()).map((event) => event.validTime);
    },
    outcome: same(['2024-01-02T03:04:05.000Z']),
  },
  {
    what: 'headers of a write reach the platform',
    async run(bench) {
      const gateway = await gatewayOf(bench);
      const builder = bench.orders({}, { baseUrl: gateway.url });
      await builder.write(KEY, { data, options: { ...FORGET, headers: { 'x-shop': 'north' } } });
      return gateway.headers.map((each) => each['x-shop'] ?? 'none');
    },
    outcome: differs(
      { reference: ['none'], ours: ['north'] },
      {
        reference: '`options.headers` of a write has no effect.',
        ours: 'They are sent with the request.',
        why: 'It is what the option says.',
      },
    ),
  },
  {
    what: 'the key a request carries',
    async run(bench) {
      const gateway = await gatewayOf(bench);
      await bench.orders({}, { baseUrl: gateway.url }).write(KEY, { data, options: FORGET });
      return gateway.headers.map(({ authorization, 'content-type': type }) => [authorization, type]);
    },
    outcome: same([['fc_id_secret', 'application/json']]),
  },
];
