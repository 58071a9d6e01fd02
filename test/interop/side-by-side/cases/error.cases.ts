import { KEY } from '../bench.js';
import { differs, ending, same, type Case } from '../case.js';
import { uncaughtIn } from '../watch.js';

const broken = new RangeError('broken');
const fails = () => Promise.reject(broken);

export const ERROR: readonly Case[] = [
  {
    what: 'listeners of one pathway and of all: their order and what they get',
    async run(bench) {
      const told: unknown[] = [];
      const event = bench.event();
      const builder = bench
        .orders()
        .onAnyError(
          (error, { eventId }, ...more) =>
            void told.push(['any', error === broken, eventId === event.eventId, more]),
        )
        .onError(
          KEY,
          (error, { eventId }, ...more) =>
            void told.push(['one', error === broken, eventId === event.eventId, more]),
        )
        .handle(KEY, fails);
      await ending(() => builder.process(KEY, event));
      return told;
    },
    outcome: same([
      ['one', true, true, []],
      ['any', true, true, [KEY]],
    ]),
  },
  {
    what: 'listeners are told of every attempt',
    async run(bench) {
      let told = 0;
      let any = 0;
      const builder = bench
        .orders({ maxRetries: 2, retryDelayMs: 1 })
        .onError(KEY, () => void told++)
        .onAnyError(() => void any++)
        .handle(KEY, fails);
      await ending(() => builder.process(KEY, bench.event()));
      return [told, any];
    },
    outcome: same([3, 3]),
  },
  {
    what: 'several listeners of one pathway',
    async run(bench) {
      const told: string[] = [];
      const builder = bench
        .orders()
        .onError(KEY, () => void told.push('first'))
        .onError(KEY, () => void told.push('second'))
        .handle(KEY, fails);
      await ending(() => builder.process(KEY, bench.event()));
      return told;
    },
    outcome: same(['first', 'second']),
  },
  {
    what: 'a listener of another pathway',
    async run(bench) {
      const told: string[] = [];
      const builder = bench
        .orders()
        .register({ flowType: 'order.0', eventType: 'paid.0' })
        .onError('order.0/paid.0', () => void told.push('paid'))
        .handle(KEY, fails);
      await ending(() => builder.process(KEY, bench.event()));
      return told;
    },
    outcome: same([]),
  },
  {
    what: 'a listener of a pathway that is not registered',
    run: (bench) => ending(() => void bench.orders().onError('order.0/gone.0', () => {})),
    outcome: same('refused'),
  },
  {
    what: 'a handler throws what is no error',
    async run(bench) {
      const told: unknown[] = [];
      const builder = bench
        .orders()
        .onError(KEY, (error) => void told.push([error instanceof Error, error.message]))
        .handle(KEY, () => Promise.reject('only text'));
      await ending(() => builder.process(KEY, bench.event()));
      return told;
    },
    outcome: differs(
      {
        reference: [[true, 'only text']],
        ours: [[true, 'The handler threw the string "only text" instead of an Error']],
      },
      {
        reference: 'What a handler throws that is no `Error` reaches listeners as an `Error` of that text.',
        ours: 'Its message says what was thrown, and that it is no `Error`.',
        why: "A log line with an object's text alone, `[object Object]`, says nothing.",
      },
    ),
  },
  {
    what: 'a payload that does not match: listeners',
    async run(bench) {
      const told: string[] = [];
      const builder = bench
        .orders()
        .onError(KEY, () => void told.push('one'))
        .onAnyError(() => void told.push('any'))
        .handle(KEY, () => {});
      await ending(() => builder.process(KEY, bench.event({ orderId: 7 })));
      return told;
    },
    outcome: differs(
      { reference: [], ours: ['one', 'any'] },
      {
        reference: 'Listeners are not told of an event whose payload does not match its schema.',
        ours: 'They are told, once, with `EventPayloadInvalidError`.',
        why: 'Such an event becomes a dead letter as well, and somebody must learn of it.',
      },
    ),
  },
  {
    what: 'a listener that throws: the other attempts, the process',
    async run(bench) {
      const told: string[] = [];
      const uncaught = await uncaughtIn(async () => {
        const builder = bench
          .orders({ maxRetries: 1, retryDelayMs: 1 })
          .onError(KEY, () => {
            throw new Error('listener');
          })
          .handle(KEY, () => {
            told.push('handler');
            return fails();
          });
        told.push(String(await ending(() => builder.process(KEY, bench.event()))));
      });
      return { told, uncaught };
    },
    outcome: differs(
      {
        reference: {
          told: ['handler', 'handler', 'refused'],
          uncaught: ['Error: listener', 'Error: listener'],
        },
        ours: { told: ['handler', 'handler', 'refused'], uncaught: [] },
      },
      {
        reference:
          'What an error listener throws becomes an uncaught exception of the process, which ends it by default.',
        ours: 'It is logged and counted; nothing else happens.',
        why: 'Whoever reports a failure must not add another.',
      },
    ),
  },
];
