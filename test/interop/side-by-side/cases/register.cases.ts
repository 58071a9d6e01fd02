import { z } from 'zod';
import { data, FORGET, KEY, order } from '../bench.js';
import { differs, ending, same, type Case, type Row } from '../case.js';

const more = { orderId: 'o-1', note: 'not declared' };
const names = { flowType: 'order.0', eventType: 'placed.0' };

const PARSED: Row = {
  reference: 'What the schema makes of a payload is sent (defaults, transformations).',
  ours: 'The payload is sent as given; the schema is applied when the event is handled.',
  why: 'A schema that transforms would transform twice, when writing and when handling.',
  option: { writeParsedPayloads: true },
};

export const REGISTER: readonly Case[] = [
  {
    what: 'a pathway may be written and its handler gets four attempts, unless it says otherwise',
    async run(bench) {
      let attempts = 0;
      const builder = bench
        .builder()
        .register({ ...names, schema: order, retryDelayMs: 1 })
        .handle(KEY, () => {
          attempts += 1;
          throw new Error('broken');
        });
      await builder.write(KEY, { data, options: FORGET });
      const processed = await ending(() => builder.process(KEY, bench.event()));
      return { stored: (await bench.stored()).length, processed, attempts };
    },
    outcome: same({ stored: 1, processed: 'refused', attempts: 4 }),
  },
  {
    what: 'a chain of calls goes on with the same builder',
    async run(bench) {
      const builder = bench.builder();
      const returned = [
        builder.register({ ...names, schema: order }),
        builder.handle(KEY, () => {}),
        builder.subscribe(KEY, () => {}),
        builder.onError(KEY, () => {}),
        builder.onAnyError(() => {}),
        builder.withAudit(() => {}),
        builder.withUserResolver(() => undefined),
      ];
      return returned.map((each) => each === builder);
    },
    outcome: same([true, true, true, true, true, true, true]),
  },
  {
    what: 'a pathway that is registered a second time',
    run: (bench) =>
      ending(() => {
        bench.orders().register({ ...names, schema: order });
      }),
    outcome: differs(
      { reference: 'done', ours: 'refused' },
      {
        reference: 'A second `register` of a pathway silently replaces the first.',
        ours: '`register` throws `PathwayDuplicateError`, which names both places.',
        why: 'Which of two contracts counts must not depend on the order of imports.',
      },
    ),
  },
  {
    what: 'a payload is written with keys its schema does not know',
    async run(bench) {
      await bench.orders().write(KEY, { data: more, options: FORGET });
      return (await bench.stored()).map(({ payload }) => payload);
    },
    outcome: differs(
      {
        reference: [{ orderId: 'o-1' }],
        ours: [more],
      },
      {
        reference: 'Keys that the schema does not know are dropped before the event is sent.',
        ours: 'They are sent; the schema drops them when the event is handled.',
        why: 'What a service writes must not get lost silently before it is stored.',
        option: { compatibility: 'reference' },
      },
    ),
  },
  {
    what: 'a payload is handled with keys its schema does not know',
    async run(bench) {
      const handled: unknown[] = [];
      const builder = bench.orders().handle(KEY, ({ payload }) => void handled.push(payload));
      await builder.process(KEY, bench.event(more));
      return handled;
    },
    outcome: same([{ orderId: 'o-1' }]),
  },
  {
    what: 'a schema that keeps unknown keys keeps them, in writing and in handling',
    async run(bench) {
      const handled: unknown[] = [];
      const builder = bench
        .orders({ schema: order.passthrough() })
        .handle(KEY, ({ payload }) => void handled.push(payload));
      await builder.write(KEY, { data: more, options: FORGET });
      await builder.process(KEY, bench.event(more));
      return [(await bench.stored())[0]?.payload, ...handled];
    },
    outcome: same([more, more]),
  },
  {
    what: 'a strict schema refuses unknown keys, in writing and in handling',
    async run(bench) {
      const builder = bench.orders({ schema: order.strict() }).handle(KEY, () => {});
      return {
        written: await ending(() => builder.write(KEY, { data: more, options: FORGET })),
        handled: await ending(() => builder.process(KEY, bench.event(more))),
        stored: (await bench.stored()).length,
      };
    },
    outcome: same({ written: 'refused', handled: 'refused', stored: 0 }),
  },
  {
    what: 'a schema with a default is written without the value',
    async run(bench) {
      const schema = z.object({ orderId: z.string(), count: z.number().default(1) });
      await bench.orders({ schema }).write(KEY, { data, options: FORGET });
      return (await bench.stored()).map(({ payload }) => payload);
    },
    outcome: differs(
      {
        reference: [{ orderId: 'o-1', count: 1 }],
        ours: [{ orderId: 'o-1' }],
      },
      PARSED,
    ),
  },
  {
    what: 'a schema that makes a date of a text',
    async run(bench) {
      const handled: unknown[] = [];
      const schema = z.object({ at: z.string().transform((text) => new Date(text)) });
      const builder = bench.orders({ schema }).handle(KEY, ({ payload }) => void handled.push(payload));
      await builder.write(KEY, { data: { at: '2026-05-01' }, options: FORGET });
      const [event] = await bench.stored();
      await builder.process(KEY, bench.event(event?.payload));
      return { stored: event?.payload, handled };
    },
    outcome: differs(
      {
        reference: {
          stored: { at: '2026-05-01T00:00:00.000Z' },
          handled: [{ at: new Date('2026-05-01T00:00:00.000Z') }],
        },
        ours: {
          stored: { at: '2026-05-01' },
          handled: [{ at: new Date('2026-05-01T00:00:00.000Z') }],
        },
      },
      PARSED,
    ),
  },
  {
    what: 'a schema that makes something else of each payload of a batch, and of one in a session',
    async run(bench) {
      const schema = z.object({ count: z.string().transform(Number) });
      const builder = bench.orders({ schema });
      const written = await ending(async () => {
        await builder.write(KEY, { batch: true, data: [{ count: '1' }, { count: '2' }], options: FORGET });
        await bench.side.session(builder).write(KEY, { data: { count: '3' }, options: FORGET });
      });
      return { written, stored: (await bench.stored()).map(({ payload }) => payload) };
    },
    outcome: differs(
      {
        reference: { written: 'done', stored: [{ count: 1 }, { count: 2 }, { count: 3 }] },
        ours: { written: 'done', stored: [{ count: '1' }, { count: '2' }, { count: '3' }] },
      },
      PARSED,
    ),
  },
  {
    what: 'a handler gets what the schema makes of a payload',
    async run(bench) {
      const handled: unknown[] = [];
      const schema = z.object({
        orderId: z.string().transform((id) => id.toUpperCase()),
        count: z.number().default(1),
      });
      const builder = bench.orders({ schema }).handle(KEY, ({ payload }) => void handled.push(payload));
      await builder.process(KEY, bench.event());
      return handled;
    },
    outcome: same([{ orderId: 'O-1', count: 1 }]),
  },
  {
    what: 'the event that is handed to process is as it was afterwards',
    async run(bench) {
      const schema = z.object({ orderId: z.string().transform((id) => id.toUpperCase()) });
      const event = bench.event();
      await bench
        .orders({ schema })
        .handle(KEY, () => {})
        .process(KEY, event);
      return event.payload;
    },
    outcome: differs(
      { reference: { orderId: 'O-1' }, ours: { orderId: 'o-1' } },
      {
        reference:
          'The payload of the event that was handed over is replaced by what the schema makes of it.',
        ours: 'The event that was handed over is not changed.',
        why: 'The next delivery of the same object would be parsed, or decrypted, a second time.',
      },
    ),
  },
  {
    what: 'a schema that answers later (an asynchronous refinement)',
    async run(bench) {
      const schema = z.object({ orderId: z.string().refine(async (id) => id !== 'taken') });
      const builder = bench.orders({ schema }).handle(KEY, () => {});
      return {
        written: await ending(() => builder.write(KEY, { data, options: FORGET }).then(() => 'stored')),
        good: await ending(() => builder.process(KEY, bench.event())),
        taken: await ending(() => builder.process(KEY, bench.event({ orderId: 'taken' }))),
      };
    },
    outcome: differs(
      {
        reference: { written: 'refused', good: 'refused', taken: 'refused' },
        ours: { written: 'stored', good: 'done', taken: 'refused' },
      },
      {
        reference: 'Schemas must answer at once; an asynchronous one refuses every payload.',
        ours: 'Schemas may answer later.',
        why: 'Standard Schema allows it.',
      },
    ),
  },
  {
    what: 'a pathway without a schema is written',
    async run(bench) {
      await bench.orders({ schema: undefined }).write(KEY, { data: more, options: FORGET });
      return (await bench.stored()).map(({ payload }) => payload);
    },
    outcome: differs(
      { reference: [{}], ours: [more] },
      {
        reference: 'Without a schema every event is written as `{}`.',
        ours: 'Without a schema payloads are written as they are.',
        why: 'Nobody who left the schema out meant to lose the payload. A schema `z.object({})` still does it.',
      },
    ),
  },
  {
    what: 'a pathway without a schema is handled',
    async run(bench) {
      const handled: unknown[] = [];
      const builder = bench
        .orders({ schema: undefined })
        .handle(KEY, ({ payload }) => void handled.push(payload));
      await builder.process(KEY, bench.event(more));
      return handled;
    },
    outcome: differs(
      { reference: [{}], ours: [more] },
      {
        reference: 'Without a schema handlers get `{}`.',
        ours: 'Without a schema handlers get the payload as it is.',
        why: 'Nobody who left the schema out meant to lose the payload. A schema `z.object({})` still does it.',
      },
    ),
  },
  {
    what: 'a pathway that is not writable',
    async run(bench) {
      const builder = bench.orders({ writable: false }).handle(KEY, () => {});
      return {
        written: await ending(() => builder.write(KEY, { data, options: FORGET })),
        handled: await ending(() => builder.process(KEY, bench.event())),
        stored: (await bench.stored()).length,
      };
    },
    outcome: same({ written: 'refused', handled: 'done', stored: 0 }),
  },
  {
    what: 'a name with a slash, an empty one, one that is missing',
    run: async (bench) => [
      await ending(() => void bench.builder().register({ ...names, flowType: 'order/0', schema: order })),
      await ending(() => void bench.builder().register({ ...names, eventType: '', schema: order })),
      await ending(() => void bench.builder().register({ flowType: 'order.0', schema: order })),
    ],
    outcome: differs(
      { reference: ['done', 'done', 'done'], ours: ['refused', 'refused', 'refused'] },
      {
        reference: 'Any text is taken as a name, also none.',
        ours: '`register` throws `PathwaysConfigurationError` for names that are empty or contain `/`.',
        why: 'Such pathways can be neither provisioned nor pulled.',
      },
    ),
  },
  {
    what: 'options of the wrong kind, or that do not exist',
    run: async (bench) => [
      await ending(() => void bench.orders({ maxRetries: -1 })),
      await ending(() => void bench.orders({ retryDelayMs: '500' })),
      await ending(() => void bench.orders({ writeable: false })),
    ],
    outcome: differs(
      { reference: ['done', 'done', 'done'], ours: ['refused', 'refused', 'refused'] },
      {
        reference: '`register` ignores options it does not know and takes values of any kind.',
        ours: '`register` throws `PathwaysConfigurationError` for both.',
        why: 'A typing error would change how events are handled without anybody noticing.',
      },
    ),
  },
  {
    what: 'get of a pathway that is registered, and of one that is not',
    async run(bench) {
      const builder = bench.orders();
      return [typeof builder.get(KEY), await ending(() => typeof builder.get('order.0/gone.0'))];
    },
    outcome: differs(
      { reference: ['boolean', 'undefined'], ours: ['object', 'refused'] },
      {
        reference:
          '`get` tells whether a pathway may be written, and `undefined` for one that is not registered.',
        ours: '`get` returns the contract with its defaults (`get(key).writable`), and throws `PathwayUnknownError`.',
        why: 'The contract is what callers need.',
      },
    ),
  },
];
