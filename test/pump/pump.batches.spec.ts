import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  batchHandlerBinding,
  createPathwayContract,
  PathwaysEngine,
  silentLogger,
  type BatchLimits,
  type PathwayEvent,
  type PathwayOptions,
} from '../../lib/index.js';
import {
  HOUR,
  PumpHarness,
  START,
  breathe,
  deferred,
  status,
  type Overrides,
} from '../support/pump-harness.js';

type Handle = (events: readonly PathwayEvent[]) => unknown;
const numberOf = ({ payload }: PathwayEvent) => (payload as { n: number }).n;
const keyOf = ({ payload }: { payload: unknown }) => (payload as { key: string }).key;

let harness: PumpHarness;
let engine: PathwaysEngine;
/** Numbers of the events of each call. */
let calls: number[][];
beforeEach(() => {
  harness = new PumpHarness();
  calls = [];
  engine = new PathwaysEngine({ baseUrl: 'http://127.0.0.1:9', logger: silentLogger, clock: harness.clock });
});
afterEach(() => harness.close());

function handle(
  invoke: Handle,
  {
    eventType = 'order.placed.0',
    size = 100,
    waitMs = 0,
  }: Partial<BatchLimits> & { eventType?: string } = {},
  options: Partial<PathwayOptions<never>> = {},
): void {
  const contract = createPathwayContract(
    { flowType: 'order.0', eventType, ...options },
    { declaredBy: 'test' },
  );
  engine.addContract(contract);
  const batch = (events: readonly PathwayEvent[]) => {
    calls.push(events.map(numberOf));
    return invoke(events);
  };
  const { key: pathway } = contract;
  engine.handlers.addHandler(batchHandlerBinding({ pathway, where: eventType, size, waitMs, invoke: batch }));
}

const start = (concurrency: number, overrides: Overrides = {}) =>
  harness.started({
    processor: engine.processor,
    options: { concurrency, ...overrides.options },
    ...overrides,
  });

function storeMany(
  count: number,
  input: (n: number) => { key?: string; eventType?: string } = () => ({}),
): string[] {
  return Array.from({ length: count }, (_, n) => {
    const { eventType = 'order.placed.0', key } = input(n);
    return harness.platform.store(
      { at: START - HOUR / 2 + n, eventType, payload: { n, key } },
      { silent: true },
    );
  });
}

const handled = () => calls.flat();
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index);

describe('batches of a pump', () => {
  it('take what is ready, up to their size, in the strict order of the pump', async () => {
    storeMany(250);
    handle(() => breathe(1), { size: 100 });
    await start(100);
    await harness.until(() => handled().length === 250);
    expect(calls).toEqual([range(0, 100), range(100, 200), range(200, 250)]);
  });

  it('fill up to the concurrency of the pump and no further', async () => {
    storeMany(20);
    handle(() => {}, { size: 100 });
    await start(8);
    await harness.until(() => handled().length === 20);
    expect(calls).toEqual([range(0, 8), range(8, 16), range(16, 20)]);
  });

  it('wait for more at most waitMs', async () => {
    handle(() => {}, { size: 3, waitMs: 400 });
    await start(10);
    await harness.until(() => status(harness.managers[0] as never).state === 'live');
    const store = (n: number) => harness.platform.store({ payload: { n } });
    store(0);
    await breathe(50);
    harness.clock.advance(100);
    store(1);
    await breathe(50);
    expect(calls).toEqual([]);
    harness.clock.advance(300);
    await harness.until(() => calls.length === 1);
    expect(calls).toEqual([[0, 1]]);
    for (const n of [2, 3, 4]) store(n);
    await harness.until(() => calls.length === 2);
    expect(calls[1], 'a full batch does not wait').toEqual([2, 3, 4]);
  });

  it('do not wait when nothing can join: another pathway stands behind in the strict order', async () => {
    const eventTypes = ['order.placed.0', 'order.paid.0'];
    storeMany(6, (n) => ({ eventType: eventTypes[n === 2 || n === 5 ? 1 : 0] as string }));
    handle(() => {}, { waitMs: 60_000 });
    const paid = createPathwayContract(
      { flowType: 'order.0', eventType: 'order.paid.0' },
      { declaredBy: 'test' },
    );
    engine.addContract(paid);
    engine.handlers.addHandler({
      pathway: paid.key,
      where: 'paid',
      invoke: (event) => void calls.push([numberOf(event)]),
    });
    await start(10, { definitions: [{ flowType: 'order.0', pumpGroup: 'default', eventTypes }] });
    await harness.until(() => handled().length === 6);
    expect(calls).toEqual([[0, 1], [2], [3, 4], [5]]);
  });

  it('of different keys run side by side, and never two with one key', async () => {
    storeMany(400, (n) => ({ key: `k${n % 7}` }));
    const running = new Set<string>();
    const seen = new Map<string, number[]>();
    handle(
      async (events) => {
        const keys = new Set(events.map((event) => String(keyOf(event))));
        for (const key of keys) {
          expect(running.has(key), `two batches with ${key}`).toBe(false);
          running.add(key);
        }
        for (const event of events) {
          const key = String(keyOf(event));
          seen.set(key, [...(seen.get(key) ?? []), numberOf(event)]);
        }
        await breathe(1 + (numberOf(events[0] as PathwayEvent) % 5));
        for (const key of keys) running.delete(key);
      },
      { size: 10 },
      { orderBy: keyOf },
    );
    await start(32);
    await harness.until(() => handled().length === 400);
    for (const numbers of seen.values()) expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
    expect(Math.max(...calls.map(({ length }) => length))).toBe(10);
  });

  it('a bad event holds the cursor and its key, the others of the batch are done', async () => {
    const ids = storeMany(6, (n) => ({ key: n % 3 === 1 ? 'bad' : `k${n}` }));
    let isBroken = true;
    handle(
      (events) =>
        events.flatMap((event) =>
          isBroken && numberOf(event) === 1 ? [{ eventId: event.eventId, error: new Error('not now') }] : [],
        ),
      {},
      { orderBy: keyOf, maxRetries: 100, retryDelayMs: 1_000 },
    );
    const manager = await start(10);
    await harness.until(() => status(manager).counters.processed === 4);
    expect(calls).toEqual([range(0, 6)]);
    await harness.pass(1_000);
    expect(status(manager).cursor?.eventId).toBe(ids[0]);
    isBroken = false;
    await harness.until(() => status(manager).counters.processed === 6, 'all processed', 100);
    expect(calls.filter((call) => call.length < 6).at(-1)).toEqual([4]);
    await harness.pass(1_000);
    expect(status(manager).cursor?.eventId).toBe(ids[5]);
  });

  it('a store that fails delivers the rest of the batch again, in its order', async () => {
    storeMany(10);
    const { state } = engine.store;
    const complete = state.complete.bind(state);
    let failures = 3;
    state.complete = (eventId, generation, outcome) => {
      if (calls.length === 1 && failures-- > 0) throw new Error('the store is down');
      return complete(eventId, generation, outcome);
    };
    handle(() => {});
    const manager = await start(10);
    await harness.until(() => status(manager).counters.processed === 10, 'all processed', 100);
    for (const call of calls) expect(call).toEqual([...call].sort((a, b) => a - b));
    expect(new Set(handled()).size).toBe(10);
  });

  it('a stop lets a batch that was being collected run, and saves it', async () => {
    const ids = storeMany(3);
    handle(() => {}, { waitMs: 60_000 });
    const manager = await start(10);
    await harness.until(() => status(manager).state === 'live');
    expect(calls).toEqual([]);
    await harness.awaiting(manager.stop({ timeoutMs: 5_000 }));
    expect(calls).toEqual([[0, 1, 2]]);
    expect(harness.cursors.last?.eventId).toBe(ids[2]);
  });

  it('a crash in a batch delivers all of its events again and skips none', async () => {
    storeMany(10);
    const gate = deferred();
    handle(() => gate.promise, { size: 5 });
    const manager = await start(10);
    await harness.until(() => calls.length === 1);
    await harness.awaiting(manager.stop({ timeoutMs: 0 }));
    expect(harness.cursors.last).toBeUndefined();
    gate.resolve();
    await start(10);
    await harness.until(() => handled().length >= 15);
    expect(calls.slice(1)).toEqual([range(0, 5), range(5, 10)]);
  });

  it('an event that halts its pump is tried again after resume, before those behind it', async () => {
    storeMany(5);
    let isBroken = true;
    handle(
      (events) =>
        events.flatMap((event) =>
          isBroken && numberOf(event) === 2 ? [{ eventId: event.eventId, error: new Error('no') }] : [],
        ),
      {},
      { onExhausted: 'halt', maxRetries: 0 },
    );
    const manager = await start(10);
    await harness.until(() => status(manager).state === 'halted');
    expect(status(manager).counters.processed).toBe(2);
    isBroken = false;
    manager.resume();
    await harness.until(() => status(manager).counters.processed === 5);
    expect(calls).toEqual([range(0, 5), [2, 3, 4]]);
  });
});
