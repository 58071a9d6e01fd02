import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLogger, type Telemetry } from 'nestjs-pathways';
import { MetricsBench, PATHWAY, write } from './support/metrics-bench.js';

const METHODS: Record<keyof Telemetry, true> = {
  eventFinished: true,
  handlerFinished: true,
  attemptFailed: true,
  callbackFailed: true,
  deadLettered: true,
  eventsWritten: true,
  requestFinished: true,
  deliveryStarted: true,
  deliveryFinished: true,
  observePumps: true,
};

function everyMethod(behaviour: (method: string) => unknown): Telemetry {
  return Object.fromEntries(Object.keys(METHODS).map((method) => [method, () => behaviour(method)]));
}

describe('a telemetry that', () => {
  const bench = new MetricsBench();
  const rejections: unknown[] = [];
  const note = (reason: unknown) => void rejections.push(reason);
  beforeEach(() => void process.on('unhandledRejection', note));
  afterEach(() => {
    process.off('unhandledRejection', note);
    rejections.length = 0;
  });

  it.each([
    [
      'throws',
      (method: string) => {
        throw new Error(`no ${method}`);
      },
    ],
    ['rejects', (method: string) => Promise.reject(new Error(`no ${method}`))],
  ])('%s breaks neither writes nor handlers, and is logged once per method', async (_how, behaviour) => {
    const errors: string[] = [];
    const seen: number[] = [];
    const engine = bench.engine(
      ({ n }) => {
        if (n === 1) throw new Error('odd');
        seen.push(n);
      },
      {
        telemetry: everyMethod(behaviour),
        logger: { ...silentLogger, error: (message) => void errors.push(message) },
      },
    );
    engine.handlers.addObserver({
      pathway: PATHWAY,
      stage: 'before',
      where: 'observer',
      invoke: () => {
        throw new Error('a callback that fails');
      },
    });
    await engine.start();
    // Waits until it is handled.
    await engine.writer.write(PATHWAY, { data: { n: 0 } });
    await write(engine, 1, 2);
    await engine.pumps.drain();
    expect(seen.sort()).toEqual([0, 2]);
    expect(await engine.deadLetters.count()).toBe(1);
    await engine.stop();
    const said = errors.flatMap((error) => /^telemetry\.(\w+) failed/.exec(error)?.[1] ?? []);
    expect(said.sort()).toEqual(Object.keys(METHODS).sort());
    await new Promise((resolve) => setImmediate(resolve));
    expect(rejections).toEqual([]);
  });

  it('is an instance of a class is called with its own this', async () => {
    class Counting implements Telemetry {
      static written = 0;
      eventsWritten(_pathway: string, count: number): void {
        this.add(count);
      }
      private add(count: number): void {
        Counting.written += count;
      }
    }
    const engine = bench.engine(() => {}, { telemetry: new Counting(), pump: false });
    await write(engine, 0, 1, 2);
    expect(Counting.written).toBe(3);
  });
});
