import { data, KEY, type Bench } from '../bench.js';
import { differs, ending, same, type Case } from '../case.js';

const SECRET = 'shared-secret';

const FAILED = 'Failed to process event in pathway order.0/placed.0';
const BEGINNINGS = [
  'Invalid secret key',
  'Pathway order.0/gone.0 not found',
  FAILED,
  'The payload does not match the schema of order.0/placed.0: orderId',
  'The handler of order.0/placed.0 failed for event',
];

/** Why an event was refused, as far as the text says: nothing else tells the errors of the reference apart. */
const REASONS: readonly (readonly [reason: string, text: RegExp])[] = [
  ['secret', /^Invalid secret key/],
  ['no event', /^Not a Flowcore event/],
  ['pathway undefined', /^Pathway undefined\/undefined not found/],
  ['pathway', /^Pathway \S+\/\S+ not found/],
  ['payload', /payload does not match (the )?schema .*order\.0\/placed\.0.*orderId/],
  ['handler', /order\.0\/placed\.0.*There is no stock/],
];

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return `not an error: ${String(error)}`;
  return REASONS.find(([, text]) => text.test(error.message))?.[0] ?? error.name;
}

/** Accepted, or why not. */
const answerOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then((answer) => (answer as { success: unknown }).success, reasonOf);

/** What a sender can tell: accepted or why not, and whether the handler ran to its end. */
async function posted(bench: Bench, body: unknown, ...secret: [unknown?]) {
  const handled: unknown[] = [];
  const builder = bench.orders().handle(KEY, ({ payload }) => {
    if (payload['orderId'] === 'broken') throw new Error('There is no stock');
    handled.push(payload);
  });
  const given = secret.length === 0 ? SECRET : secret[0];
  return { answer: await answerOf(bench.side.router(builder, SECRET).processEvent(body, given)), handled };
}

export const ROUTER: readonly Case[] = [
  {
    what: 'a good event',
    run: (bench) => posted(bench, bench.event()),
    outcome: same({ answer: true, handled: [data] }),
  },
  {
    what: 'a legacy event, which names its flow type aggregator',
    async run(bench) {
      const { flowType: aggregator, ...rest } = bench.event();
      return posted(bench, { ...rest, aggregator });
    },
    outcome: same({ answer: true, handled: [data] }),
  },
  {
    what: 'an event with both names of its flow type',
    run: (bench) => posted(bench, { ...bench.event(data, { flowType: 'other.0' }), aggregator: 'order.0' }),
    outcome: same({ answer: true, handled: [data] }),
  },
  {
    what: 'an event with no more than the old senders gave it',
    async run(bench) {
      const { eventId, eventType, payload, validTime } = bench.event();
      return posted(bench, { eventId, aggregator: 'order.0', eventType, payload, validTime });
    },
    outcome: same({ answer: true, handled: [data] }),
  },
  {
    what: 'a wrong secret, an empty one, none',
    run: async (bench) => [
      await posted(bench, bench.event(), 'wrong'),
      await posted(bench, bench.event(), ''),
      await posted(bench, bench.event(), null),
      await posted(bench, bench.event(), undefined),
    ],
    outcome: same(Array.from({ length: 4 }, () => ({ answer: 'secret', handled: [] }))),
  },
  {
    what: 'a wrong secret with an event that would be refused anyway: the secret comes first',
    run: async (bench) => [
      await posted(bench, bench.event(data, { eventType: 'gone.0' }), 'wrong'),
      await posted(bench, bench.event({ orderId: 7 }), 'wrong'),
      await posted(bench, null, 'wrong'),
    ],
    outcome: same(Array.from({ length: 3 }, () => ({ answer: 'secret', handled: [] }))),
  },
  {
    what: 'a router without a secret',
    run: (bench) =>
      Promise.all(['', '  '].map((secret) => ending(() => void bench.side.router(bench.orders(), secret)))),
    outcome: same(['refused', 'refused']),
  },
  {
    what: 'a router without a secret: the error says what is missing',
    async run(bench) {
      try {
        bench.side.router(bench.orders(), '');
        return 'made';
      } catch (error) {
        return /secret/i.test((error as Error).message);
      }
    },
    outcome: same(true),
  },
  {
    what: 'an event of a pathway that is not registered',
    run: async (bench) => [
      await posted(bench, bench.event(data, { eventType: 'gone.0' })),
      await posted(bench, bench.event(data, { flowType: 'gone.0' })),
    ],
    outcome: same(Array.from({ length: 2 }, () => ({ answer: 'pathway', handled: [] }))),
  },
  {
    what: 'an event that does not match',
    run: async (bench) => [
      await posted(bench, bench.event({ orderId: 7 })),
      await posted(bench, bench.event({})),
    ],
    outcome: same(Array.from({ length: 2 }, () => ({ answer: 'payload', handled: [] }))),
  },
  {
    what: 'an event whose handler fails',
    run: (bench) => posted(bench, bench.event({ orderId: 'broken' })),
    outcome: same({ answer: 'handler', handled: [] }),
  },
  {
    what: 'how the text of each refusal begins',
    async run(bench) {
      const router = bench.side.router(
        bench.orders().handle(KEY, () => {
          throw new Error('There is no stock');
        }),
        SECRET,
      );
      const textOf = (body: unknown, secret: string) =>
        router.processEvent(body, secret).then(String, ({ message }: Error) => message);
      const texts = [
        await textOf(bench.event(), 'wrong'),
        await textOf(bench.event(data, { eventType: 'gone.0' }), SECRET),
        await textOf(bench.event({ orderId: 7 }), SECRET),
        await textOf(bench.event(), SECRET),
      ];
      return texts.map((text) => BEGINNINGS.find((beginning) => text.startsWith(beginning)) ?? text);
    },
    outcome: differs(
      {
        reference: ['Invalid secret key', 'Pathway order.0/gone.0 not found', FAILED, FAILED],
        ours: [
          'Invalid secret key',
          'Pathway order.0/gone.0 not found',
          'The payload does not match the schema of order.0/placed.0: orderId',
          'The handler of order.0/placed.0 failed for event',
        ],
      },
      {
        reference:
          'A payload that does not match and a handler that fails both say `Failed to process event in pathway …`.',
        ours: 'Each has a text of its own, which says what to do. Those for the secret and an unknown pathway begin as there.',
        why: 'A bad event and a bug in a handler are not mended by the same person.',
      },
    ),
  },
  {
    what: 'the answer to an event, word for word',
    run: (bench) =>
      bench.side
        .router(
          bench.orders().handle(KEY, () => {}),
          SECRET,
        )
        .processEvent(bench.event(), SECRET),
    outcome: same({ success: true, message: 'Event processed through pathway order.0/placed.0' }),
  },
  {
    what: 'the status to answer a refused event with',
    async run(bench) {
      const router = bench.side.router(
        bench.orders().handle(KEY, () => {
          throw new Error('broken');
        }),
        SECRET,
      );
      const statusOf = (body: unknown, secret: unknown) =>
        router
          .processEvent(body, secret)
          .catch((error: { httpStatus?: number }) => error.httpStatus ?? 'none');
      return [
        await statusOf(bench.event(), 'wrong'),
        await statusOf(bench.event(data, { eventType: 'gone.0' }), SECRET),
        await statusOf(bench.event({ orderId: 7 }), SECRET),
        await statusOf(bench.event(), SECRET),
      ];
    },
    outcome: differs(
      { reference: ['none', 'none', 'none', 'none'], ours: [401, 404, 400, 500] },
      {
        reference: 'Errors of the router differ by their text alone.',
        ours: 'They carry `httpStatus`: 401 secret, 404 unknown pathway, 400 payload, 500 handler.',
        why: 'Nobody should match texts to find out what to answer.',
      },
    ),
  },
  {
    what: 'an event that is posted again: the answer',
    async run(bench) {
      const router = bench.side.router(
        bench.orders().handle(KEY, () => {}),
        SECRET,
      );
      const event = bench.event();
      await router.processEvent(structuredClone(event), SECRET);
      return ((await router.processEvent(structuredClone(event), SECRET)) as { message: string }).message;
    },
    outcome: differs(
      {
        reference: 'Event processed through pathway order.0/placed.0',
        ours: 'Event already processed through pathway order.0/placed.0',
      },
      {
        reference: 'An event that is posted again is processed again.',
        ours: 'It is skipped; the answer is a success whose message says `already processed`.',
        why: 'Effects are applied once, and the sender stops sending it.',
      },
    ),
  },
  {
    what: 'a body that is no event at all',
    run: async (bench) => [
      await posted(bench, null),
      await posted(bench, 'text'),
      await posted(bench, { payload: data }),
    ],
    outcome: differs(
      {
        reference: ['TypeError', 'pathway undefined', 'pathway undefined'].map((answer) => ({
          answer,
          handled: [],
        })),
        ours: Array.from({ length: 3 }, () => ({ answer: 'no event', handled: [] })),
      },
      {
        reference:
          'A body that is no event is a pathway `undefined/undefined` that is not found, or a `TypeError`.',
        ours: 'It is refused with `EventMalformedError` (400), which names what is missing.',
        why: 'Nobody should look for a pathway that nobody asked for.',
      },
    ),
  },
  {
    what: 'an event without an id',
    async run(bench) {
      const { eventId: _eventId, ...rest } = bench.event();
      return posted(bench, rest);
    },
    outcome: differs(
      { reference: { answer: 'Error', handled: [data] }, ours: { answer: 'no event', handled: [] } },
      {
        reference: 'An event without `eventId` is handled, and refused afterwards.',
        ours: 'It is refused before it is handled, with `EventMalformedError` (400).',
        why: 'What is refused must not have had effects.',
      },
    ),
  },
];
