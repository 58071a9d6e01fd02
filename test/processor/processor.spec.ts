import { beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod4';
import {
  createPathwayContract,
  MemoryPathwayState,
  PathwayEventParkedError,
  PathwayHandlerFailedError,
  PathwayHandlerTimeoutError,
  PathwaysEngine,
  UnrecoverableEventError,
  type EventDelivery,
  type FlowcoreEvent,
  type EventContext,
  type PathwayOptions,
  type PathwayEvent,
} from 'nestjs-pathways';
import { ControllableClock } from 'nestjs-pathways/testing';
import { until } from '../support/until.js';

const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const delivery: EventDelivery = { source: 'a.0::default', generation: 0 };

describe('processor', () => {
  let clock: ControllableClock;
  let engine: PathwaysEngine;
  beforeEach(() => {
    clock = new ControllableClock(Date.parse('2026-05-01T10:00:00Z'));
  });

  function handle(
    invoke: (event: PathwayEvent, context: EventContext) => unknown,
    options: Partial<PathwayOptions<never>> = {},
    state?: MemoryPathwayState,
  ): void {
    engine = new PathwaysEngine({
      baseUrl: 'http://127.0.0.1:9',
      logger: quiet,
      clock,
      ...(state ? { store: { state } } : {}),
    });
    engine.addContract(
      createPathwayContract({ flowType: 'a.0', eventType: 'b.0', ...options }, { declaredBy: 'test' }),
    );
    engine.handlers.addHandler({ pathway: 'a.0/b.0', where: 'Test.handle', invoke });
  }

  let serial = 0;
  function event(payload: object = {}): FlowcoreEvent {
    const low = (0xbde7ac07 + serial++).toString(16);
    return {
      eventId: `${low}-4548-11f1-9234-0123456789ab`,
      timeBucket: '20260501100000',
      tenant: 'acme',
      dataCoreId: 'core',
      flowType: 'a.0',
      eventType: 'b.0',
      metadata: {},
      payload,
      validTime: '2026-05-01T10:00:00.000Z',
    };
  }

  /** Lets retries happen: time passes whenever somebody waits for it. */
  async function settle<T>(work: Promise<T>): Promise<T> {
    let isDone = false;
    const done = work.finally(() => (isDone = true));
    done.catch(() => {});
    await until(() => {
      if (!isDone && clock.pendingTimers > 0) clock.advance(50);
      return isDone;
    });
    return done;
  }

  it('a handler that keeps failing is tried 1 + 3 times at growing distances, then its event is a dead letter', async () => {
    const at: number[] = [];
    handle(() => {
      at.push(clock.now());
      throw new Error('no');
    });
    const failed = event();
    const outcome = await settle(engine.processor.process(failed, delivery));
    expect(outcome).toMatchObject({ status: 'dead-lettered', error: { code: 'PATHWAYS_HANDLER_FAILED' } });
    const waits = at.slice(1).map((time, index) => time - (at[index] as number));
    expect(waits).toHaveLength(3);
    // 500, 1000, 1500 ms, each ± 20 %, seen in steps of 50 ms.
    waits.forEach((wait, index) =>
      expect(Math.abs(wait - 500 * (index + 1))).toBeLessThanOrEqual(100 * (index + 1) + 50),
    );
    const [letter] = await engine.store.deadLetters.list();
    expect(letter).toMatchObject({ eventId: failed.eventId, reason: 'failed' });
    expect(letter?.attempts.map((attempt) => attempt.at.getTime())).toEqual(at);
  });

  it('a handler that throws a string fails with a message that says so', async () => {
    handle(
      () => {
        // oxlint-disable-next-line no-throw-literal -- what this test is about
        throw 'just text';
      },
      { maxRetries: 0 },
    );
    const outcome = await engine.processor.process(event(), delivery);
    expect(outcome).toMatchObject({
      status: 'dead-lettered',
      error: { message: expect.stringContaining('the string "just text"') },
    });
  });

  it('a handler that never settles is aborted at its limit and dead-lettered', async () => {
    let signal: AbortSignal | undefined;
    handle(
      (_event, context) => {
        signal = context.signal;
        return new Promise(() => {});
      },
      { maxRetries: 0, handlerTimeoutMs: 1_000 },
    );
    const outcome = await settle(engine.processor.process(event(), delivery));
    expect(outcome.status).toBe('dead-lettered');
    expect((outcome as { error: Error }).error.cause).toBeInstanceOf(PathwayHandlerTimeoutError);
    expect(signal?.aborted).toBe(true);
  });

  it('an UnrecoverableEventError is not tried again', async () => {
    let runs = 0;
    handle(() => {
      runs++;
      throw new UnrecoverableEventError('gone for good');
    });
    await engine.processor.process(event(), delivery);
    expect(runs).toBe(1);
  });

  it('D5: a poison event parks the later events of its key, in order, and no other key', async () => {
    const seen: unknown[] = [];
    handle(
      ({ payload }) => {
        const { key, n } = payload as { key: string; n: number };
        if (n === 0) throw new Error('poison');
        seen.push([key, n]);
      },
      { maxRetries: 0, orderBy: (({ payload }: FlowcoreEvent<{ key: string }>) => payload.key) as never },
    );
    await engine.processor.process(event({ key: 'x', n: 0 }), delivery);
    const parked = await engine.processor.process(event({ key: 'x', n: 1 }), delivery);
    await engine.processor.process(event({ key: 'y', n: 2 }), delivery);
    await engine.processor.process(event({ key: 'x', n: 3 }), delivery);
    expect((parked as { error: Error }).error).toBeInstanceOf(PathwayEventParkedError);
    expect(seen).toEqual([['y', 2]]);
    const letters = await engine.store.deadLetters.list({ orderKey: 'x' });
    expect(letters.map(({ reason, event: { payload } }) => [reason, (payload as { n: number }).n])).toEqual([
      ['failed', 0],
      ['parked', 1],
      ['parked', 3],
    ]);
  });

  it("onExhausted 'continue' lets later events of the key pass, 'halt' leaves the event unfinished", async () => {
    const orderBy = (() => 'one') as never;
    const fail = ({ payload }: PathwayEvent) => {
      if ((payload as { n: number }).n === 0) throw new Error('no');
    };
    handle(fail, { maxRetries: 0, orderBy, onExhausted: 'continue' });
    await engine.processor.process(event({ n: 0 }), delivery);
    expect(await engine.processor.process(event({ n: 1 }), delivery)).toEqual({ status: 'processed' });

    handle(fail, { maxRetries: 0, orderBy, onExhausted: 'halt' });
    const halting = event({ n: 0 });
    expect((await engine.processor.process(halting, delivery)).status).toBe('halted');
    expect(await engine.store.deadLetters.count()).toBe(0);
    expect((await engine.processor.process(halting, delivery)).status).toBe('halted');
  });

  it('a concurrent duplicate waits for the first delivery and is then skipped', async () => {
    let finish = () => {};
    let runs = 0;
    handle(() => {
      runs++;
      return new Promise<void>((resolve) => (finish = resolve));
    });
    const same = event();
    const first = engine.processor.process(same, delivery);
    const second = engine.processor.process(same, { source: 'webhook', generation: 0 });
    await until(() => runs === 1);
    finish();
    expect(await Promise.all([first, second])).toEqual([{ status: 'processed' }, { status: 'skipped' }]);
    expect(runs).toBe(1);
  });

  it('a newer generation runs the handler again, a redelivery inside it does not', async () => {
    let runs = 0;
    handle(() => void runs++);
    const same = event();
    for (const generation of [0, 0, 1, 1]) await engine.processor.process(same, { ...delivery, generation });
    expect(runs).toBe(2);
  });

  it('a delivery that is given up is neither processed nor dead-lettered, and the next one runs', async () => {
    let runs = 0;
    handle(() => (++runs === 1 ? new Promise(() => {}) : undefined));
    const abort = new AbortController();
    const same = event();
    const first = engine.processor.process(same, { ...delivery, signal: abort.signal });
    await until(() => runs === 1);
    abort.abort();
    expect(await first).toEqual({ status: 'aborted' });
    expect(await engine.processor.process(same, delivery)).toEqual({ status: 'processed' });
    expect(await engine.store.deadLetters.count()).toBe(0);
  });

  it('an invalid payload is not tried, lists every problem, and leaves the event as it was', async () => {
    let runs = 0;
    handle(() => void runs++, { schema: z.object({ id: z.string(), list: z.array(z.number()) }) as never });
    const odd = event({ id: 1, list: [1, 'two'] });
    const before = structuredClone(odd);
    const outcome = await engine.processor.process(odd, delivery);
    expect(outcome).toMatchObject({
      status: 'dead-lettered',
      error: { issues: [{ path: 'id' }, { path: 'list[1]' }] },
    });
    expect(runs).toBe(0);
    expect(odd).toEqual(before);
  });

  it('a schema that transforms gives the handler a copy; without a schema the payload is unchanged', async () => {
    const seen: unknown[] = [];
    const keep = ({ payload }: PathwayEvent) => void seen.push(payload);
    handle(keep, { schema: z.object({ n: z.coerce.number() }) as never });
    const stored = event({ n: '7' });
    await engine.processor.process(stored, delivery);
    expect(seen).toEqual([{ n: 7 }]);
    expect(stored.payload).toEqual({ n: '7' });

    handle(keep);
    await engine.processor.process(event({ anything: { goes: true } }), delivery);
    expect(seen[1]).toEqual({ anything: { goes: true } });
  });

  it('observers and error handlers that throw, now or later, break nothing', async () => {
    let failures = 1;
    const told: string[] = [];
    handle(
      () => {
        if (failures-- > 0) throw new Error('once');
      },
      { retryDelayMs: 0 },
    );
    const broken = (name: string) => () => {
      told.push(name);
      throw new Error(name);
    };
    const pathway = 'a.0/b.0' as const;
    engine.handlers.addObserver({
      pathway,
      where: 'before',
      stage: 'all',
      invoke: (_event, stage) => broken(stage)(),
    });
    engine.handlers.addObserver({
      pathway,
      where: 'late',
      stage: 'before',
      invoke: async () => broken('async')(),
    });
    engine.handlers.addErrorHandler({ pathway, where: 'error', invoke: broken('error') });
    engine.handlers.addErrorHandler({ pathway: undefined, where: 'any', invoke: broken('any') });
    expect(await settle(engine.processor.process(event(), delivery))).toEqual({ status: 'processed' });
    expect(told).toEqual(['before', 'async', 'error', 'any', 'after']);
  });

  it('a mark that cannot be written at first does not run the handler again', async () => {
    let runs = 0;
    let refusals = 2;
    class FlakyState extends MemoryPathwayState {
      override complete(...mark: Parameters<MemoryPathwayState['complete']>): void {
        if (refusals-- > 0) throw new Error('the store is away');
        super.complete(...mark);
      }
    }
    handle(() => void runs++, {}, new FlakyState({ clock }));
    expect(await settle(engine.processor.process(event(), delivery))).toEqual({ status: 'processed' });
    expect(runs).toBe(1);
  });

  it('a dead-lettered event that is delivered again reports its failure without running', async () => {
    let runs = 0;
    handle(
      () => {
        runs++;
        throw new Error('no');
      },
      { maxRetries: 0 },
    );
    const same = event();
    const first = await engine.processor.process(same, delivery);
    const second = await engine.processor.process(same, delivery);
    expect((first as { error: Error }).error).toBeInstanceOf(PathwayHandlerFailedError);
    expect(second).toMatchObject({
      status: 'dead-lettered',
      error: { code: 'PATHWAYS_EVENT_DEAD_LETTERED' },
    });
    expect(runs).toBe(1);
  });

  it('other instances are told of a dead letter under its claim alone: by the id of a copy they would not find it', async () => {
    const told: string[][] = [];
    engine = new PathwaysEngine({
      baseUrl: 'http://127.0.0.1:9',
      logger: quiet,
      clock,
      store: { signals: { waitFor: () => () => {}, ended: (...end) => void told.push(end) } },
    });
    engine.addContract(
      createPathwayContract({ flowType: 'a.0', eventType: 'b.0', maxRetries: 0 }, { declaredBy: 'test' }),
    );
    const invoke = ({ payload }: PathwayEvent) => {
      if ((payload as { isBad?: boolean }).isBad) throw new Error('no');
    };
    engine.handlers.addHandler({ pathway: 'a.0/b.0', where: 'Test.handle', invoke });
    const metadata = { 'pathways/idempotency-id': 'k' };
    const [good, bad] = [
      { ...event(), metadata },
      { ...event({ isBad: true }), metadata },
    ];
    await engine.processor.process(good, delivery);
    expect(told).toEqual([
      [good.eventId, 'processed'],
      [expect.stringContaining('k:'), 'processed'],
    ]);
    told.length = 0;
    await engine.processor.process(bad, delivery);
    await engine.processor.process({ ...bad, eventId: event().eventId }, delivery);
    expect(told).toEqual([
      [expect.stringContaining('k:'), 'dead-lettered'],
      [expect.stringContaining('k:'), 'dead-lettered'],
    ]);
  });
});

describe('marks in memory', () => {
  it('are kept for their time and forgotten after twice that', () => {
    const clock = new ControllableClock(0);
    const state = new MemoryPathwayState({ clock, ttlMs: 1_000 });
    state.complete('one', 0, 'processed');
    clock.advance(1_000);
    state.complete('two', 0, 'processed');
    expect(state.statusOf('one')).toBe('processed');
    clock.advance(1_000);
    state.complete('three', 0, 'processed');
    expect(state.statusOf('one')).toBeUndefined();
    expect(state.statusOf('two')).toBe('processed');
  });

  it('stay bounded however many events there are', () => {
    const state = new MemoryPathwayState({ maxMarks: 10 });
    for (let n = 0; n < 1_000; n++) state.complete(String(n), 0, 'processed');
    const kept = Array.from({ length: 1_000 }, (_, n) => state.statusOf(String(n))).filter(Boolean);
    expect(kept.length).toBeLessThanOrEqual(10);
    expect(state.statusOf('999')).toBe('processed');
  });
});
