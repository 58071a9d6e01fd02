import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { compareTimeUuids } from '../../lib/event/time-uuid.util.js';
import {
  createPathwayContract,
  PathwaysEngine,
  silentLogger,
  type CursorStore,
  type PathwayEvent,
} from '../../lib/index.js';
import { HOUR, PumpHarness, START } from '../support/pump-harness.js';

const EVENTS = 20_000;
const KEYS = 100;

/** Numbers below 1 that depend on the seed alone (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** The k-th key is met a k-th as often as the first one. */
function zipf(random: () => number): number {
  const weights = Array.from({ length: KEYS }, (_, key) => 1 / (key + 1));
  let rest = random() * weights.reduce((sum, weight) => sum + weight, 0);
  const key = weights.findIndex((weight) => (rest -= weight) < 0);
  return key < 0 ? 0 : key;
}

/** What must be true of every history, told event by event. */
class Model {
  readonly handled = new Set<string>();
  private readonly running = new Set<number>();
  private readonly lastOfKey = new Map<number, number>();
  private covered = 0;
  private readonly places: Map<string, number>;

  constructor(
    private readonly ids: readonly string[],
    private readonly keys: readonly number[],
  ) {
    this.places = new Map(ids.map((id, place) => [id, place]));
  }

  begins(id: string): void {
    const place = this.placeOf(id);
    const key = this.keys[place] as number;
    if (this.handled.has(id)) throw new Error(`event ${place} is handled twice`);
    if (this.running.has(key)) throw new Error(`two events of key ${key} at once`);
    if (place < (this.lastOfKey.get(key) ?? -1)) throw new Error(`event ${place} overtook its key`);
    this.running.add(key);
  }

  ends(id: string, isHandled: boolean): void {
    const place = this.placeOf(id);
    const key = this.keys[place] as number;
    this.running.delete(key);
    if (!isHandled) return;
    this.handled.add(id);
    this.lastOfKey.set(key, place);
  }

  saved(id: string): void {
    for (; this.covered <= this.placeOf(id); this.covered++) {
      if (!this.handled.has(this.ids[this.covered] as string))
        throw new Error(`the cursor passed event ${this.covered}, which is not finished`);
    }
  }

  private placeOf(id: string): number {
    return this.places.get(id) ?? -1;
  }
}

it('20,000 events of 100 keys, one of them met every fifth time, with crashes: order per key, each once, cursor never ahead', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer(),
      fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 3, maxLength: 6 }),
      runHistory,
    ),
    // A history is long: what would be gained by a shorter one is not worth the time.
    { numRuns: 2, endOnFailure: true },
  );
}, 240_000);

async function runHistory(seed: number, crashes: readonly number[]): Promise<void> {
  const random = randomOf(seed);
  const harness = new PumpHarness();
  const { clock, platform } = harness;
  const keys = Array.from({ length: EVENTS }, () => zipf(random));
  const ids = keys.map((key, place) =>
    platform.store(
      { at: START - 11 * HOUR + place * 1_900, payload: { key, ms: Math.floor(random() * 21) } },
      { silent: true },
    ),
  );
  const model = new Model(ids, keys);
  const broken: unknown[] = [];
  const observe = (step: () => void) => {
    try {
      step();
    } catch (error) {
      broken.push(error);
    }
  };

  const engine = new PathwaysEngine({ baseUrl: 'http://127.0.0.1:9', logger: silentLogger, clock });
  const contract = createPathwayContract(
    {
      flowType: 'order.0',
      eventType: 'order.placed.0',
      orderBy: ({ payload }) => String((payload as { key: number }).key),
    },
    { declaredBy: 'test' },
  );
  engine.addContract(contract);
  const invoke = async ({ eventId, payload }: PathwayEvent, { signal }: { signal: AbortSignal }) => {
    observe(() => model.begins(eventId));
    await new Promise<void>((resolve) => {
      const timer = clock.startTimer((payload as { ms: number }).ms, resolve);
      signal.addEventListener('abort', () => {
        timer.cancel();
        resolve();
      });
    });
    observe(() => model.ends(eventId, !signal.aborted));
    signal.throwIfAborted();
  };
  engine.handlers.addHandler({ pathway: contract.key, where: 'test', invoke });
  const cursors: CursorStore = {
    load: (pump) => harness.cursors.load(pump),
    clear: () => harness.cursors.clear(),
    save: (pump, cursor, token) => {
      observe(() => cursor.eventId !== undefined && model.saved(cursor.eventId));
      return harness.cursors.save(pump, cursor, token);
    },
  };
  const start = () =>
    harness.started({
      processor: engine.processor,
      cursors,
      options: { concurrency: 16, commitIntervalMs: 7 },
    });

  for (const share of [...crashes].sort((a, b) => a - b)) {
    const manager = await start();
    await harness.until(() => model.handled.size >= share * EVENTS * 0.99, 'the next crash', 1, 500_000);
    await harness.awaiting(manager.stop({ timeoutMs: 0 }), 1);
  }
  const manager = await start();
  await harness.until(() => model.handled.size === EVENTS || broken.length > 0, 'all handled', 1, 500_000);
  expect(broken).toEqual([]);
  await harness.awaiting(manager.stop(), 1);
  expect(harness.cursors.last?.eventId).toBe(ids.at(-1));
  const saved = harness.cursors.saves.flatMap(({ eventId }) => eventId ?? []);
  for (const [index, id] of saved.entries()) {
    if (index > 0) expect(compareTimeUuids(saved[index - 1] as string, id)).toBeLessThanOrEqual(0);
  }
}
