import { vi } from 'vitest';
import { data, FORGET, KEY, type Bench } from '../bench.js';
import { differs, ending, same, type Case } from '../case.js';
import type { SideLogger } from '../sides.js';

const LEVELS = ['debug', 'info', 'warn', 'error'] as const;

/** Levels of what is said on the console from now on. */
function consoleOf(bench: Bench): string[] {
  const said: string[] = [];
  for (const level of [...LEVELS, 'log'] as const) {
    const spy = vi.spyOn(console, level).mockImplementation(() => void said.push(level));
    bench.atEnd(() => spy.mockRestore());
  }
  return said;
}

const fails = () => Promise.reject(new RangeError('broken'));

/** A logger that notes how it is called. */
function noting(): { logger: SideLogger; calls: [level: string, ...given: unknown[]][] } {
  const calls: [string, ...unknown[]][] = [];
  const noted =
    (level: string) =>
    (...given: unknown[]) =>
      void calls.push([level, ...given]);
  return {
    calls,
    logger: { debug: noted('debug'), info: noted('info'), warn: noted('warn'), error: noted('error') },
  };
}

export const LOGGER: readonly Case[] = [
  {
    what: 'nothing was said of a logger, and a handler fails for good: is it seen',
    async run(bench) {
      const said = consoleOf(bench);
      const builder = bench.orders({}, { logger: undefined }).handle(KEY, fails);
      await ending(() => builder.process(KEY, bench.event()));
      return said.length > 0;
    },
    outcome: differs(
      { reference: false, ours: true },
      {
        reference: 'Without a `logger` nothing is logged, also not that a handler failed.',
        ours: 'Without a `logger` warnings and errors are on the console.',
        why: 'Failures that nobody sees are not mended.',
        option: { compatibility: 'reference' },
      },
    ),
  },
  {
    what: 'NoopLogger says nothing',
    async run(bench) {
      const said = consoleOf(bench);
      const logger = bench.side.noopLogger();
      for (const level of LEVELS) logger[level]('said');
      const builder = bench.orders({}, { logger }).handle(KEY, fails);
      await ending(() => builder.process(KEY, bench.event()));
      return said;
    },
    outcome: same([]),
  },
  {
    what: 'ConsoleLogger says everything, at its level',
    async run(bench) {
      const said = consoleOf(bench);
      const logger = bench.side.consoleLogger();
      for (const level of LEVELS) logger[level]('said');
      return said;
    },
    outcome: same(['debug', 'info', 'warn', 'error']),
  },
  {
    what: "a logger of one's own gets the error of a handler itself",
    async run(bench) {
      const { logger, calls } = noting();
      const builder = bench.orders({}, { logger }).handle(KEY, fails);
      await ending(() => builder.process(KEY, bench.event()));
      const errors = calls.filter(([level]) => level === 'error');
      return errors.map(([, message, error]) => [typeof message, error instanceof Error && error.message]);
    },
    outcome: same([['string', 'broken']]),
  },
  {
    what: "a logger of one's own: levels of the lines about a write and an event, debug aside",
    async run(bench) {
      const { logger, calls } = noting();
      const builder = bench.orders({}, { logger }).handle(KEY, () => {});
      // What was said of the registration.
      calls.length = 0;
      await builder.write(KEY, { data, options: FORGET });
      await builder.process(KEY, bench.event());
      return calls.map(([level]) => level).filter((level) => level !== 'debug');
    },
    outcome: differs(
      { reference: ['info', 'info'], ours: [] },
      {
        reference: 'Every write and every event that succeeds is a line of level `info`.',
        ours: 'What succeeds is no line; metrics and traces tell of it.',
        why: 'At thousands of events a second such lines cost more than the work, and hide what matters.',
      },
    ),
  },
  {
    what: 'the lines of a write carry its payload',
    async run(bench) {
      const { logger, calls } = noting();
      const builder = bench.orders({}, { logger }).handle(KEY, () => {});
      await builder.write(KEY, { data: { orderId: 'secret' }, options: FORGET });
      await builder.process(KEY, bench.event({ orderId: 'secret' }));
      return JSON.stringify(calls).includes('secret');
    },
    outcome: same(false),
  },
];
