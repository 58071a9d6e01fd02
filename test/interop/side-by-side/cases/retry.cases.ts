import { until } from '../../../support/until.js';
import { KEY } from '../bench.js';
import type { Bench } from '../bench.js';
import { differs, ending, same, type Case } from '../case.js';
import type { SideBuilder } from '../sides.js';
import { hurried, timeOf, timersOf } from '../watch.js';

/** A handler that fails so many times, and how often it ran. */
function failing(times: number): { handler: () => void; attempts: () => number } {
  let attempts = 0;
  const handler = () => {
    attempts += 1;
    if (attempts <= times) throw new Error('broken');
  };
  return { handler, attempts: () => attempts };
}

async function processedTwice(bench: Bench, builder: SideBuilder): Promise<unknown[]> {
  const event = bench.event();
  return [
    await ending(() => builder.process(KEY, structuredClone(event))),
    await ending(() => builder.process(KEY, structuredClone(event))),
  ];
}

export const RETRY: readonly Case[] = [
  {
    what: 'no retries: one attempt',
    async run(bench) {
      const { handler, attempts } = failing(1);
      const builder = bench.orders({ maxRetries: 0 }).handle(KEY, handler);
      return [await ending(() => builder.process(KEY, bench.event())), attempts()];
    },
    outcome: same(['refused', 1]),
  },
  {
    what: 'two retries: the third attempt succeeds',
    async run(bench) {
      const { handler, attempts } = failing(2);
      const builder = bench.orders({ maxRetries: 2, retryDelayMs: 1 }).handle(KEY, handler);
      return [await ending(() => builder.process(KEY, bench.event())), attempts()];
    },
    outcome: same(['done', 3]),
  },
  {
    what: 'the waits between attempts grow by the delay each time',
    async run(bench) {
      const delays = timersOf(bench, 16, 72);
      const builder = bench.orders({ maxRetries: 3, retryDelayMs: 20 }).handle(KEY, failing(3).handler);
      await builder.process(KEY, bench.event());
      return delays.map((delay, n) => Math.abs(delay - (n + 1) * 20) <= (n + 1) * 4);
    },
    outcome: same([true, true, true]),
  },
  {
    what: 'the waits between attempts are spread',
    async run(bench) {
      const delays = timersOf(bench, 16, 72);
      const builder = bench.orders({ maxRetries: 3, retryDelayMs: 20 }).handle(KEY, failing(3).handler);
      await builder.process(KEY, bench.event());
      return delays.every((delay, n) => delay === (n + 1) * 20);
    },
    outcome: differs(
      { reference: true, ours: false },
      {
        reference: 'The n-th wait is exactly n × `retryDelayMs`.',
        ours: 'The same ± 20 %.',
        why: 'Many events that fail together must not come back together.',
      },
    ),
  },
  {
    what: 'an event that was handled is brought again',
    async run(bench) {
      const { handler, attempts } = failing(0);
      const builder = bench.orders().handle(KEY, handler);
      return [await processedTwice(bench, builder), attempts()];
    },
    outcome: differs(
      { reference: [['done', 'done'], 2], ours: [['done', 'done'], 1] },
      {
        reference: 'Every delivery of an event runs its handler, also when it was handled before.',
        ours: 'An event that was handled is skipped and reported as a success. `resetPump` runs handlers again.',
        why: 'Effects are applied once.',
      },
    ),
  },
  {
    what: 'an event whose attempts are used up is brought again',
    async run(bench) {
      const { handler, attempts } = failing(1);
      const builder = bench.orders().handle(KEY, handler);
      return [await processedTwice(bench, builder), attempts()];
    },
    outcome: differs(
      { reference: [['refused', 'done'], 2], ours: [['refused', 'refused'], 1] },
      {
        reference: 'An event whose attempts are used up runs its handler again at the next delivery.',
        ours: 'It is a dead letter, which is replayed on purpose; a further delivery is refused without running the handler.',
        why: 'A bad event must not keep its place for ever, and must not be lost either.',
      },
    ),
  },
  {
    what: 'an event that did not match is brought again, and matches now',
    async run(bench) {
      const builder = bench.orders().handle(KEY, () => {});
      const event = bench.event({ orderId: 7 });
      return [
        await ending(() => builder.process(KEY, event)),
        await ending(() => builder.process(KEY, { ...event, payload: { orderId: '7' } })),
      ];
    },
    outcome: differs(
      { reference: ['refused', 'done'], ours: ['refused', 'refused'] },
      {
        reference: 'An event whose payload did not match is forgotten; the next delivery is checked anew.',
        ours: 'It is a dead letter, which is replayed on purpose once the schema is mended.',
        why: 'The platform stops delivering it some day; as a dead letter it is not lost.',
      },
    ),
  },
  {
    what: 'an event whose attempts are used up is marked as processed',
    async run(bench) {
      const state = bench.side.internalState();
      const builder = bench.orders().withPathwayState(state).handle(KEY, failing(1).handler);
      const event = bench.event();
      await ending(() => builder.process(KEY, event));
      return state.isProcessed(event.eventId);
    },
    outcome: differs(
      { reference: true, ours: false },
      {
        reference: 'An event whose attempts are used up is marked as processed.',
        ours: 'It is not; it is kept as a dead letter.',
        why: 'A failure must not look like a success.',
      },
    ),
  },
  {
    what: 'the handler succeeds and the state cannot be written',
    async run(bench) {
      let handled = 0;
      const state = {
        isProcessed: () => false,
        setProcessed: () => Promise.reject(new Error('the database is away')),
      };
      const builder = bench
        .orders({ maxRetries: 2, retryDelayMs: 1 })
        .withPathwayState(state)
        .handle(KEY, () => void handled++);
      return [await hurried(bench, () => ending(() => builder.process(KEY, bench.event()))), handled];
    },
    outcome: differs(
      { reference: ['refused', 3], ours: ['refused', 1] },
      {
        reference: 'When the mark cannot be written the handler runs again, as often as `maxRetries` says.',
        ours: 'Writing the mark is tried again; the handler is not.',
        why: 'The handler has succeeded: its effects would be applied several times.',
      },
    ),
  },
  {
    what: 'a handler that changes its payload and fails: what the next attempt gets',
    async run(bench) {
      const seen: unknown[] = [];
      const builder = bench.orders({ maxRetries: 1, retryDelayMs: 1 }).handle(KEY, ({ payload }) => {
        seen.push(payload['orderId']);
        payload['orderId'] = 'changed';
        if (seen.length === 1) throw new Error('broken');
      });
      await ending(() => builder.process(KEY, bench.event()));
      return seen;
    },
    outcome: same(['o-1', 'changed']),
  },
  {
    what: 'a handler that does not end within half a minute',
    async run(bench) {
      const time = timeOf(bench);
      let finish = () => {};
      const gate = new Promise<void>((resume) => (finish = resume));
      let isStarted = false;
      const builder = bench.orders().handle(KEY, () => {
        isStarted = true;
        return gate;
      });
      const processing = ending(() => builder.process(KEY, bench.event()));
      await until(() => isStarted);
      await time.pass(40_000);
      finish();
      return processing;
    },
    outcome: differs(
      {
        reference: 'done',
        ours: 'refused',
      },
      {
        reference: 'A handler may run for ever.',
        ours: 'An attempt ends after 30 s (`handlerTimeoutMs`); its `signal` aborts and it counts as failed.',
        why: 'A handler that never ends would keep its pump for good.',
        option: { compatibility: 'reference' },
      },
    ),
  },
];
