import { setImmediate as turn } from 'node:timers/promises';
import { FORGET, KEY, data } from '../bench.js';
import { differs, ending, same, type Case } from '../case.js';

export const HANDLE: readonly Case[] = [
  {
    what: 'a handler gets the event that was written, with its id, names, metadata and times',
    async run(bench) {
      const handled: object[] = [];
      const builder = bench.orders().handle(KEY, (event) => void handled.push({ ...event }));
      const eventId = await builder.write(KEY, { data, metadata: { note: 'grün' }, options: FORGET });
      const event = await bench.firstStored();
      await builder.process(KEY, structuredClone(event));
      return {
        isTheSame: eventId === event.eventId,
        handled: JSON.stringify(handled) === JSON.stringify([event]),
      };
    },
    outcome: same({ isTheSame: true, handled: true }),
  },
  {
    what: 'a handler is called with the event and how much more',
    async run(bench) {
      const counts: number[] = [];
      await bench
        .orders()
        .handle(KEY, (...given) => void counts.push(given.length))
        .process(KEY, bench.event());
      return counts;
    },
    outcome: differs(
      { reference: [1], ours: [2] },
      {
        reference: 'Handlers are called with the event alone.',
        ours: 'Handlers get a second argument, the context: attempt, signal, transaction.',
        why: 'A handler can end early at a shutdown or a time limit, and write in the transaction of its mark.',
      },
    ),
  },
  {
    what: 'a second handler of a pathway',
    run: (bench) =>
      ending(() => {
        bench
          .orders()
          .handle(KEY, () => {})
          .handle(KEY, () => {});
      }),
    outcome: same('refused'),
  },
  {
    what: 'a handler of a pathway that is not registered',
    run: (bench) => ending(() => void bench.orders().handle('order.0/gone.0', () => {})),
    outcome: same('refused'),
  },
  {
    what: 'process waits for a handler that works on',
    async run(bench) {
      const told: string[] = [];
      await bench
        .orders()
        .handle(KEY, async () => {
          for (let n = 0; n < 20; n++) await turn();
          told.push('handled');
        })
        .process(KEY, bench.event());
      return [...told, 'processed'];
    },
    outcome: same(['handled', 'processed']),
  },
  {
    what: "what a handler returns is nobody's business",
    run: (bench) =>
      ending(() =>
        bench
          .orders()
          .handle(KEY, () => 'something')
          .process(KEY, bench.event()),
      ),
    outcome: same('done'),
  },
  {
    what: 'a handler throws, at once or later, an error or anything else',
    async run(bench) {
      const endings = [];
      for (const fail of [
        () => {
          throw new Error('broken');
        },
        () => Promise.reject(new Error('broken')),
        () => Promise.reject('broken'),
        () => Promise.reject(undefined),
      ])
        endings.push(await ending(() => bench.orders().handle(KEY, fail).process(KEY, bench.event())));
      return endings;
    },
    outcome: same(['refused', 'refused', 'refused', 'refused']),
  },
  {
    what: 'process throws what the handler threw',
    async run(bench) {
      const broken = new RangeError('broken');
      const thrown: unknown = await bench
        .orders()
        .handle(KEY, () => Promise.reject(broken))
        .process(KEY, bench.event())
        .catch((error: unknown) => error);
      return { itself: thrown === broken, asCause: (thrown as Error).cause === broken };
    },
    outcome: differs(
      { reference: { itself: true, asCause: false }, ours: { itself: false, asCause: true } },
      {
        reference: '`process` rejects with the very error that the handler threw.',
        ours: '`process` rejects with `PathwayHandlerFailedError`; what the handler threw is its `cause`.',
        why: 'Callers can tell a handler that failed from a database that is away.',
      },
    ),
  },
  {
    what: 'an event of a pathway without a handler',
    run: (bench) => ending(() => bench.orders().process(KEY, bench.event())),
    outcome: same('done'),
  },
  {
    what: 'an event of a pathway that is not registered',
    run: (bench) =>
      ending(() => bench.orders().process('order.0/gone.0', bench.event(data, { eventType: 'gone.0' }))),
    outcome: same('refused'),
  },
  {
    what: 'an event that does not match the schema never reaches its handler',
    async run(bench) {
      const handled: unknown[] = [];
      const builder = bench.orders().handle(KEY, (event) => void handled.push(event));
      return [await ending(() => builder.process(KEY, bench.event({ orderId: 7 }))), handled.length];
    },
    outcome: same(['refused', 0]),
  },
  {
    what: 'two events of one pathway that are processed at the same time',
    async run(bench) {
      const running: number[] = [];
      let now = 0;
      const builder = bench.orders().handle(KEY, async () => {
        running.push(++now);
        for (let n = 0; n < 20; n++) await turn();
        now -= 1;
      });
      await Promise.all([builder.process(KEY, bench.event()), builder.process(KEY, bench.event())]);
      return running;
    },
    outcome: same([1, 2]),
  },
  {
    what: 'an event that is processed twice at the same time',
    async run(bench) {
      let handled = 0;
      const event = bench.event();
      const builder = bench.orders().handle(KEY, async () => {
        await turn();
        handled += 1;
      });
      await Promise.all([builder.process(KEY, event), builder.process(KEY, event)]);
      return handled;
    },
    outcome: differs(
      { reference: 2, ours: 1 },
      {
        reference: 'Two deliveries of one event at the same time run its handler twice.',
        ours: 'The second waits for the first and is skipped when that succeeded.',
        why: 'Effects are applied once.',
      },
    ),
  },
];
