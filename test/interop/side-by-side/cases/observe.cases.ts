import { setImmediate as turn } from 'node:timers/promises';
import { until } from '../../../support/until.js';
import { KEY } from '../bench.js';
import { differs, ending, same, type Case } from '../case.js';
import { uncaughtIn } from '../watch.js';

const broken = () => {
  throw new Error('broken');
};

export const OBSERVE: readonly Case[] = [
  {
    what: 'observers before, after and at both stages, around the handler',
    async run(bench) {
      const told: string[] = [];
      await bench
        .orders()
        .subscribe(KEY, () => void told.push('unnamed stage'))
        .subscribe(KEY, () => void told.push('before'), 'before')
        .subscribe(KEY, () => void told.push('after'), 'after')
        .subscribe(KEY, () => void told.push('all'), 'all')
        .handle(KEY, () => void told.push('handler'))
        .process(KEY, bench.event());
      await until(() => told.length === 6);
      return told;
    },
    outcome: same(['unnamed stage', 'before', 'all', 'handler', 'after', 'all']),
  },
  {
    what: 'an observer gets the event as its handler does',
    async run(bench) {
      const seen: unknown[] = [];
      await bench
        .orders()
        .subscribe(KEY, ({ payload }) => void seen.push(payload))
        .process(KEY, bench.event({ orderId: 'o-1', note: 'not declared' }));
      return seen;
    },
    outcome: same([{ orderId: 'o-1' }]),
  },
  {
    what: 'what an observer is called with beside the event',
    async run(bench) {
      const seen: unknown[] = [];
      await bench
        .orders()
        .subscribe(KEY, (_event, ...more) => void seen.push(more), 'before')
        .process(KEY, bench.event());
      return seen;
    },
    outcome: differs(
      { reference: [[]], ours: [['before']] },
      {
        reference: 'Observers are called with the event alone.',
        ours: 'Their second argument is the stage, `before` or `after`.',
        why: 'An observer of both stages can tell them apart.',
      },
    ),
  },
  {
    what: 'observers of a pathway without a handler',
    async run(bench) {
      const told: string[] = [];
      await bench
        .orders()
        .subscribe(KEY, () => void told.push('before'), 'before')
        .subscribe(KEY, () => void told.push('after'), 'after')
        .process(KEY, bench.event());
      await until(() => told.length === 2);
      return told;
    },
    outcome: same(['before', 'after']),
  },
  {
    what: 'an observer of a pathway that is not registered',
    run: (bench) => ending(() => void bench.orders().subscribe('order.0/gone.0', () => {})),
    outcome: same('refused'),
  },
  {
    what: 'observers are told once, however often the handler is tried',
    async run(bench) {
      const told: string[] = [];
      let attempts = 0;
      await bench
        .orders({ maxRetries: 2, retryDelayMs: 1 })
        .subscribe(KEY, () => void told.push('before'), 'before')
        .subscribe(KEY, () => void told.push('after'), 'after')
        .handle(KEY, () => {
          told.push('handler');
          if (++attempts < 3) broken();
        })
        .process(KEY, bench.event());
      await until(() => told.includes('after'));
      return told;
    },
    outcome: same(['before', 'handler', 'handler', 'handler', 'after']),
  },
  {
    what: 'observers after a handler that failed for good',
    async run(bench) {
      const told: string[] = [];
      const builder = bench
        .orders()
        .subscribe(KEY, () => void told.push('after'), 'after')
        .handle(KEY, broken);
      await ending(() => builder.process(KEY, bench.event()));
      return told;
    },
    outcome: same([]),
  },
  {
    what: 'an observer that throws: the event, the process',
    async run(bench) {
      const told: string[] = [];
      const uncaught = await uncaughtIn(async () => {
        const builder = bench
          .orders()
          .subscribe(KEY, broken)
          .handle(KEY, () => void told.push('handler'));
        told.push(String(await ending(() => builder.process(KEY, bench.event()))));
      });
      return { told, uncaught };
    },
    outcome: differs(
      {
        reference: { told: ['handler', 'done'], uncaught: ['Error: broken'] },
        ours: { told: ['handler', 'done'], uncaught: [] },
      },
      {
        reference:
          'What an observer throws becomes an uncaught exception of the process, which ends it by default.',
        ours: 'It is logged and counted; nothing else happens.',
        why: 'Looking at events must not break them.',
      },
    ),
  },
  {
    what: 'an observer that fails later: the event, the process',
    async run(bench) {
      const told: string[] = [];
      const uncaught = await uncaughtIn(async () => {
        const builder = bench
          .orders()
          .subscribe(KEY, () => Promise.reject(new Error('broken')))
          .handle(KEY, () => void told.push('handler'));
        told.push(String(await ending(() => builder.process(KEY, bench.event()))));
      });
      return { told, uncaught };
    },
    outcome: differs(
      {
        reference: { told: ['handler', 'done'], uncaught: ['Error: broken'] },
        ours: { told: ['handler', 'done'], uncaught: [] },
      },
      {
        reference:
          'An observer whose promise rejects becomes an unhandled rejection, which ends the process by default.',
        ours: 'It is logged and counted; nothing else happens.',
        why: 'Looking at events must not break them.',
      },
    ),
  },
  {
    what: 'an observer that works on: the handler does not wait for it',
    async run(bench) {
      const told: string[] = [];
      await bench
        .orders()
        .subscribe(KEY, async () => {
          for (let n = 0; n < 50; n++) await turn();
          told.push('observer');
        })
        .handle(KEY, () => void told.push('handler'))
        .process(KEY, bench.event());
      await until(() => told.length === 2);
      return told;
    },
    outcome: same(['handler', 'observer']),
  },
  {
    what: 'an observer that changes the payload: what the handler gets',
    async run(bench) {
      const handled: unknown[] = [];
      const builder = bench
        .orders()
        .subscribe(KEY, ({ payload }) => void (payload['orderId'] = 'changed'))
        .handle(KEY, ({ payload }) => void handled.push(payload));
      await ending(() => builder.process(KEY, bench.event()));
      return handled;
    },
    outcome: same([{ orderId: 'changed' }]),
  },
];
