import { beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod4';
import {
  batchHandlerBinding,
  createPathwayContract,
  MemoryPathwayState,
  PathwayBatchAnswerInvalidError,
  PathwayHandlerTimeoutError,
  PathwayRouter,
  PathwaysEngine,
  UnrecoverableEventError,
  type EventContext,
  type EventDelivery,
  type EventOutcome,
  type FlowcoreEvent,
  type PathwayEvent,
  type PathwayOptions,
} from 'nestjs-pathways';
import { ControllableClock } from 'nestjs-pathways/testing';
import { storedEvent } from '../nest/support/app.js';
import { until } from '../support/until.js';

const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const delivery: EventDelivery = { source: 'a.0::default', generation: 0 };
const KEY = 'a.0/b.0';

interface Numbered {
  n: number;
  key?: string;
}
const numberOf = ({ payload }: PathwayEvent) => (payload as Numbered).n;
const keyed: Partial<PathwayOptions<never>> = {
  orderBy: ({ payload }) => (payload as Required<Numbered>).key,
};
const events = (...payloads: unknown[]): FlowcoreEvent[] =>
  payloads.map((payload) => storedEvent(KEY, payload));
const numbered = (count: number): FlowcoreEvent[] =>
  events(...Array.from({ length: count }, (_, n) => ({ n })));

describe('batch handler', () => {
  let clock: ControllableClock;
  let engine: PathwaysEngine;
  /** Numbers of the events of each call. */
  let calls: number[][];
  beforeEach(() => {
    clock = new ControllableClock(Date.parse('2026-05-01T10:00:00Z'));
    calls = [];
  });

  function handle(
    invoke: (events: readonly PathwayEvent[], context: EventContext) => unknown,
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
    engine.handlers.addHandler(
      batchHandlerBinding({
        pathway: KEY,
        where: 'Test.handle',
        size: 100,
        waitMs: 0,
        invoke: (batch, context) => {
          calls.push(batch.map(numberOf));
          return invoke(batch, context);
        },
      }),
    );
  }

  /** Hands a batch over and lets time pass until it has ended. Outcomes by place, and the places in the order they ended. */
  async function take(
    batch: readonly FlowcoreEvent[],
    how: EventDelivery = delivery,
  ): Promise<{ outcomes: EventOutcome['status'][]; order: number[] }> {
    const outcomes: EventOutcome['status'][] = [];
    const order: number[] = [];
    let isDone = false;
    const work = engine.processor
      .processBatch(batch, how, (index, { status }) => {
        expect(order, 'an event ends once').not.toContain(index);
        outcomes[index] = status;
        order.push(index);
      })
      .finally(() => (isDone = true));
    work.catch(() => {});
    await until(() => {
      if (!isDone && clock.pendingTimers > 0) clock.advance(50);
      return isDone;
    });
    await work;
    return { outcomes, order };
  }

  it('handles all events in one call, and each of them is marked by itself', async () => {
    handle(() => {});
    const batch = numbered(3);
    expect(await take(batch)).toEqual({
      outcomes: ['processed', 'processed', 'processed'],
      order: [0, 1, 2],
    });
    expect(calls).toEqual([[0, 1, 2]]);
    for (const { eventId } of batch) expect(await engine.store.state.statusOf(eventId)).toBe('processed');
    expect((await take([batch[1] as FlowcoreEvent, ...numbered(1)])).outcomes).toEqual([
      'skipped',
      'processed',
    ]);
    expect(calls).toEqual([[0, 1, 2], [0]]);
  });

  it('observers, audit and waiting writes hear of every event', async () => {
    handle(() => {});
    const heard: string[] = [];
    const { handlers } = engine;
    const hear = (what: string) => (event: PathwayEvent) => void heard.push(`${what} ${numberOf(event)}`);
    handlers.addAuditHandler({ where: 'audit', invoke: hear('audit') });
    handlers.addObserver({ pathway: KEY, where: 'before', stage: 'before', invoke: hear('before') });
    handlers.addObserver({ pathway: KEY, where: 'after', stage: 'after', invoke: hear('after') });
    await take(numbered(2));
    expect(heard).toEqual(['audit 0', 'before 0', 'audit 1', 'before 1', 'after 0', 'after 1']);
  });

  it('an event that failed is retried alone, the others are done, and observers are told once', async () => {
    let failures = 0;
    handle(
      (batch) => {
        const bad = batch.filter((event) => numberOf(event) === 1 && failures++ < 2);
        return bad.map(({ eventId }) => ({ eventId, error: new Error('not now') }));
      },
      { ...keyed, maxRetries: 3 },
    );
    const before: number[] = [];
    const attempts: number[] = [];
    engine.handlers.addObserver({
      pathway: KEY,
      where: 'before',
      stage: 'before',
      invoke: (event) => void before.push(numberOf(event)),
    });
    engine.handlers.addErrorHandler({
      pathway: KEY,
      where: 'errors',
      invoke: (_error, _event, _key, { attempt }) => void attempts.push(attempt),
    });
    const batch = events({ n: 0, key: 'a' }, { n: 1, key: 'b' }, { n: 2, key: 'c' });
    const { outcomes, order } = await take(batch);
    expect(outcomes).toEqual(['processed', 'processed', 'processed']);
    expect(order).toEqual([0, 2, 1]);
    expect(calls).toEqual([[0, 1, 2], [1], [1]]);
    expect(before).toEqual([0, 1, 2]);
    expect(attempts).toEqual([1, 2]);
  });

  it('what stands behind a failed event of its key is held until that has ended, then goes on together', async () => {
    handle(
      (batch) =>
        batch.flatMap((event) =>
          numberOf(event) === 1 ? [{ eventId: event.eventId, error: new Error('no') }] : [],
        ),
      { maxRetries: 1 },
    );
    const { outcomes, order } = await take(numbered(4));
    expect(outcomes).toEqual(['processed', 'dead-lettered', 'processed', 'processed']);
    expect(order).toEqual([0, 1, 2, 3]);
    expect(calls).toEqual([[0, 1, 2, 3], [1], [2, 3]]);
  });

  it('events behind a dead letter of their key are parked, those of other keys are not', async () => {
    handle(
      (batch) =>
        batch.flatMap((event) =>
          numberOf(event) === 0 ? [{ eventId: event.eventId, error: new Error('no') }] : [],
        ),
      { ...keyed, maxRetries: 0 },
    );
    const batch = events({ n: 0, key: 'a' }, { n: 1, key: 'b' }, { n: 2, key: 'a' }, { n: 3, key: 'a' });
    const { outcomes } = await take(batch);
    expect(outcomes).toEqual(['dead-lettered', 'processed', 'dead-lettered', 'dead-lettered']);
    expect(calls).toEqual([[0, 1, 2, 3]]);
    const letters = await engine.store.deadLetters.list({}, 10);
    expect(letters.map(({ eventId, reason }) => [eventId, reason])).toEqual([
      [batch[0]?.eventId, 'failed'],
      [batch[2]?.eventId, 'parked'],
      [batch[3]?.eventId, 'parked'],
    ]);
  });

  it('D6: after a batch that throws every event is tried alone, so that one bad event costs no good one', async () => {
    handle(
      (batch) => {
        if (batch.some((event) => numberOf(event) === 1)) throw new UnrecoverableEventError('poison');
      },
      { maxRetries: 0 },
    );
    const { outcomes, order } = await take(numbered(4));
    expect(outcomes).toEqual(['processed', 'dead-lettered', 'processed', 'processed']);
    expect(order).toEqual([0, 1, 2, 3]);
    expect(calls).toEqual([[0, 1, 2, 3], [0], [1], [2], [3]]);
    const [letter] = await engine.store.deadLetters.list({}, 10);
    expect(letter?.attempts).toHaveLength(2);
  });

  it('an event that is not valid is a dead letter, and the handler gets the others', async () => {
    handle(() => {}, { schema: z.object({ n: z.number() }) } as never);
    const { outcomes } = await take(events({ n: 0 }, { n: 'one' }, { n: 2 }));
    expect(outcomes).toEqual(['processed', 'dead-lettered', 'processed']);
    expect(calls).toEqual([[0, 2]]);
  });

  it('what stands behind an event that is not valid in its key is parked, although both came in one batch', async () => {
    const schema = z.object({ n: z.number(), key: z.string() });
    handle(() => {}, { schema: schema as never, ...keyed });
    const batch = events({ n: 'no', key: 'k' }, { n: 1, key: 'k' }, { n: 2, key: 'other' });
    expect((await take(batch)).outcomes).toEqual(['dead-lettered', 'dead-lettered', 'processed']);
    expect(calls).toEqual([[2]]);
    const { letters } = await engine.deadLetters.list({ orderKey: 'k' });
    expect(letters.map(({ reason }) => reason)).toEqual(['invalid', 'parked']);
  });

  it('an answer that cannot be read counts as a failure of all of them', async () => {
    handle(() => [{ rows: 3 }], { maxRetries: 0 });
    const { outcomes } = await take(numbered(2));
    expect(outcomes).toEqual(['dead-lettered', 'dead-lettered']);
    const [letter] = await engine.store.deadLetters.list({}, 10);
    expect(letter?.attempts.at(-1)?.errorName).toBe(PathwayBatchAnswerInvalidError.name);

    handle(() => [{ eventId: 'another', error: new Error('no') }], { maxRetries: 0 });
    expect((await take(numbered(1))).outcomes).toEqual(['dead-lettered']);
  });

  it('one time limit for the call: its signal aborts, and the events are tried alone', async () => {
    const reasons: unknown[] = [];
    handle(
      (batch, { signal }) =>
        batch.length === 1
          ? undefined
          : new Promise(() => signal.addEventListener('abort', () => reasons.push(signal.reason))),
      { handlerTimeoutMs: 1_000 },
    );
    expect((await take(numbered(3))).outcomes).toEqual(['processed', 'processed', 'processed']);
    expect(calls).toEqual([[0, 1, 2], [0], [1], [2]]);
    expect(reasons).toHaveLength(1);
    expect(reasons[0]).toBeInstanceOf(PathwayHandlerTimeoutError);
    expect(String(reasons[0])).toContain('and the 2 others of its batch');
  });

  it('a deliverer that gives up leaves nothing claimed and nothing dead-lettered', async () => {
    const giveUp = new AbortController();
    handle((batch, { signal }) => {
      if (calls.length > 1) return;
      return new Promise((_, reject) => {
        signal.addEventListener('abort', () => reject(new Error('aborted')));
        giveUp.abort();
      });
    });
    const batch = numbered(3);
    expect((await take(batch, { ...delivery, signal: giveUp.signal })).outcomes).toEqual([
      'aborted',
      'aborted',
      'aborted',
    ]);
    expect(await engine.store.deadLetters.count({})).toBe(0);
    expect((await take(batch)).outcomes).toEqual(['processed', 'processed', 'processed']);
  });

  it("with onExhausted 'halt' the event and all behind it in its key stay unfinished", async () => {
    let isBroken = true;
    handle(
      (batch) =>
        batch.flatMap((event) =>
          isBroken && numberOf(event) === 1 ? [{ eventId: event.eventId, error: new Error('no') }] : [],
        ),
      { onExhausted: 'halt', maxRetries: 0 },
    );
    const batch = numbered(4);
    expect(await take(batch)).toEqual({
      outcomes: ['processed', 'halted', 'halted', 'halted'],
      order: [0, 1, 2, 3],
    });
    isBroken = false;
    expect((await take(batch.slice(1))).outcomes).toEqual(['processed', 'processed', 'processed']);
  });

  it("with onExhausted 'halt' a stored copy of an event that stays unfinished stays so too", async () => {
    let isBroken = true;
    handle(
      (batch) => {
        if (isBroken && batch.some((event) => numberOf(event) === 0)) throw new Error('no');
      },
      { ...keyed, maxRetries: 0, onExhausted: 'halt' },
    );
    const [first, second] = events({ n: 0, key: 'k' }, { n: 1, key: 'k' }) as [FlowcoreEvent, FlowcoreEvent];
    const write = { ...second, metadata: { 'pathways/idempotency-id': 'w' } };
    const copy = { ...write, eventId: storedEvent(KEY, {}).eventId };
    expect((await take([first, write, copy])).outcomes).toEqual(['halted', 'halted', 'halted']);
    expect(calls.flat()).toEqual([0, 1, 0]);
    isBroken = false;
    expect((await take([first, write, copy])).outcomes).toEqual(['processed', 'processed', 'skipped']);
  });

  it('two stored copies of one write have one effect', async () => {
    handle(() => {});
    const metadata = { 'pathways/idempotency-id': 'w-1' };
    const batch = [storedEvent(KEY, { n: 7 }, metadata), storedEvent(KEY, { n: 7 }, metadata)];
    expect((await take(batch)).outcomes).toEqual(['processed', 'skipped']);
    expect(calls).toEqual([[7]]);
  });

  it('events another delivery holds do not hold up the others; those of its key wait', async () => {
    const state = new MemoryPathwayState({ clock });
    handle(() => {}, keyed, state);
    const batch = events({ n: 0, key: 'a' }, { n: 1, key: 'b' }, { n: 2, key: 'a' });
    const [first] = batch as [FlowcoreEvent];
    expect(await state.claim(first.eventId, 0)).toBe('claimed');
    const work = take(batch);
    await until(() => calls.length === 1);
    expect(calls).toEqual([[1]]);
    await state.release(first.eventId);
    expect((await work).outcomes).toEqual(['processed', 'processed', 'processed']);
    expect(calls).toEqual([[1], [0], [2]]);
  });

  it('two batches with the same events in opposite orders do not wait for each other for ever', async () => {
    const state = new MemoryPathwayState({ clock });
    handle(() => {}, keyed, state);
    const [one, two, three] = events({ n: 0, key: 'a' }, { n: 1, key: 'b' }, { n: 2, key: 'c' }) as [
      FlowcoreEvent,
      FlowcoreEvent,
      FlowcoreEvent,
    ];
    const ends = await Promise.all([take([one, two, three]), take([three, two, one])]);
    const statuses = ends.map(({ outcomes }) => outcomes);
    for (const [index] of [one, two, three].entries()) {
      expect([statuses[0]?.[index], statuses[1]?.[2 - index]].sort()).toEqual(['processed', 'skipped']);
    }
    expect(calls.flat().sort()).toEqual([0, 1, 2]);
  });

  it('a store that fails leaves the unfinished events to the deliverer, unclaimed', async () => {
    const state = new MemoryPathwayState({ clock });
    const complete = state.complete.bind(state);
    let isDown = true;
    state.complete = (eventId, generation, status) => {
      if (isDown) throw new Error('the store is down');
      return complete(eventId, generation, status);
    };
    handle(() => {}, {}, state);
    const batch = numbered(2);
    await expect(take(batch)).rejects.toThrow('the store is down');
    isDown = false;
    expect((await take(batch)).outcomes).toEqual(['processed', 'processed']);
  });

  it('a single delivery is a batch of one, with its retries', async () => {
    handle(
      (batch, { attempt }) =>
        attempt < 3 ? batch.map(({ eventId }) => ({ eventId, error: new Error('no') })) : undefined,
      { maxRetries: 3 },
    );
    expect((await take(numbered(1))).outcomes).toEqual(['processed']);
    expect(calls).toEqual([[0], [0], [0]]);
  });

  it('the router hands neighbours of an array over together, and answers for each of them', async () => {
    handle(
      (batch) =>
        batch.flatMap((event) =>
          numberOf(event) === 1 ? [{ eventId: event.eventId, error: new Error('no') }] : [],
        ),
      { ...keyed, maxRetries: 0 },
    );
    const router = new PathwayRouter(engine.processor, 'secret');
    const [a, b, c] = events({ n: 0, key: 'a' }, { n: 1, key: 'b' }, { n: 2, key: 'c' });
    const stranger = storedEvent('a.0/unknown.0', {});
    const results = await router.processEvents([a, b, stranger, c, { eventId: 'x' }], 'secret');
    expect(results.map(({ eventId, status }) => [eventId, status])).toEqual([
      [a?.eventId, 200],
      [b?.eventId, 500],
      [stranger.eventId, 404],
      [c?.eventId, 200],
      ['x', 400],
    ]);
    expect(calls).toEqual([[0, 1], [2]]);
  });
});
