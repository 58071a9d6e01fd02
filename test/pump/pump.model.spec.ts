import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { compareTimeUuids } from '../../lib/event/time-uuid.util.js';
import { createPathwayContract, PathwaysEngine, silentLogger, type PathwayEvent } from '../../lib/index.js';
import { Disk, MortalProcess, type Crash, type Marking } from '../support/mortal-process.js';
import { HOUR, PumpHarness, START } from '../support/pump-harness.js';

const EVENTS = 20_000;
const KEYS = 100;
const CONCURRENCY = 16;

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
  /** Events whose handling ended, in any process. */
  readonly handled = new Set<string>();
  readonly broken: unknown[] = [];
  private readonly running = new Set<number>();
  private lastOfKey = new Map<number, number>();
  /** Handling begun, and unmarked when the process crashed: the only ones that may be handled again. */
  private readonly mayRepeat = new Set<string>();
  private covered = 0;
  private readonly begun = new Set<string>();
  private readonly places: Map<string, number>;

  constructor(
    private readonly ids: readonly string[],
    private readonly keys: readonly number[],
    private readonly disk: Disk,
    private readonly marking: Marking,
  ) {
    this.places = new Map(ids.map((id, place) => [id, place]));
  }

  begins(id: string): void {
    const place = this.placeOf(id);
    const key = this.keys[place] as number;
    if (this.begun.has(id) && !this.mayRepeat.delete(id)) this.breaks(`event ${place} is handled twice`);
    if (this.running.has(key)) this.breaks(`two events of key ${key} at once`);
    if (place < (this.lastOfKey.get(key) ?? -1)) this.breaks(`event ${place} overtook its key`);
    this.begun.add(id);
    this.running.add(key);
  }

  ends(id: string): void {
    const place = this.placeOf(id);
    const key = this.keys[place] as number;
    this.running.delete(key);
    this.handled.add(id);
    this.lastOfKey.set(key, place);
    if (this.marking !== 'in one step with the effect') this.disk.apply(id);
  }

  saved(id: string): void {
    for (; this.covered <= this.placeOf(id); this.covered++) {
      if (!this.disk.marks.has(this.ids[this.covered] as string))
        this.breaks(`the cursor passed event ${this.covered}, which is not finished`);
    }
  }

  crashed(): void {
    this.running.clear();
    this.lastOfKey = new Map();
    const unmarked = [...this.begun].filter((id) => !this.disk.marks.has(id));
    if (this.marking !== 'behind, before the next cursor' && unmarked.length > CONCURRENCY)
      this.breaks(`${unmarked.length} events were in flight`);
    for (const id of unmarked) {
      this.mayRepeat.add(id);
      this.handled.delete(id);
    }
    for (const id of this.handled) {
      const key = this.keys[this.placeOf(id)] as number;
      this.lastOfKey.set(key, Math.max(this.placeOf(id), this.lastOfKey.get(key) ?? -1));
    }
    for (const id of unmarked) {
      const place = this.placeOf(id);
      if (place < (this.lastOfKey.get(this.keys[place] as number) ?? -1))
        this.breaks(`event ${place} was overtaken by a later one of its key`);
    }
  }

  /** Told apart from a rejection: what a store throws is tried again. */
  private breaks(promise: string): void {
    this.broken.push(promise);
  }

  private placeOf(id: string): number {
    return this.places.get(id) ?? -1;
  }
}

/** All over the history, not mostly at its ends. */
const crash = fc.record({
  percent: fc.noBias(fc.integer({ min: 0, max: 99 })),
  inStep: fc.nat(40),
  isApplied: fc.boolean(),
  lostSaves: fc.nat(5),
});

it.each<Marking>(['in one step with the effect', 'after the effect', 'behind, before the next cursor'])(
  '20,000 events of 100 keys, one of them met every fifth time, in processes that crash: order per key, each once, cursor never ahead; marks written %s',
  async (marking) => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), fc.array(crash, { minLength: 4, maxLength: 8 }), (seed, crashes) =>
        runHistory(marking, seed, crashes),
      ),
      // A history is long: what would be gained by a shorter one is not worth the time.
      { numRuns: 2, endOnFailure: true },
    );
  },
  240_000,
);

async function runHistory(
  marking: Marking,
  seed: number,
  crashes: readonly (Crash & { percent: number })[],
): Promise<void> {
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
  const disk = new Disk(clock);
  const model = new Model(ids, keys, disk, marking);
  const savedBy = new Map<MortalProcess, string[]>();

  /** One more process over what the others left; it has the pump when this resolves, unless it did not live to see it. */
  const start = async (crash?: Crash) => {
    const saves: string[] = [];
    const process: MortalProcess = new MortalProcess({
      disk,
      clock,
      marking,
      onSave: ({ eventId }) => {
        if (eventId === undefined) return;
        model.saved(eventId);
        saves.push(eventId);
      },
      onDeath: () => model.crashed(),
    });
    savedBy.set(process, saves);
    if (crash) process.dieAt(crash);
    const { store } = process;
    const engine = new PathwaysEngine({ baseUrl: 'http://127.0.0.1:9', logger: silentLogger, clock, store });
    const contract = createPathwayContract(
      {
        flowType: 'order.0',
        eventType: 'order.placed.0',
        orderBy: ({ payload }) => String((payload as { key: number }).key),
      },
      { declaredBy: 'test' },
    );
    engine.addContract(contract);
    const invoke = async ({ eventId, payload }: PathwayEvent) => {
      if (process.isAlive) model.begins(eventId);
      await new Promise<void>((resolve) => clock.startTimer((payload as { ms: number }).ms, resolve));
      if (process.isAlive) model.ends(eventId);
    };
    engine.handlers.addHandler({ pathway: contract.key, where: 'test', invoke });
    const manager = await harness.started({
      processor: engine.processor,
      source: process.reading(platform),
      cursors: process.cursors,
      leases: process.leases,
      options: { concurrency: CONCURRENCY, commitIntervalMs: 7 },
    });
    await harness.until(() => disk.holder === process || !process.isAlive, 'the lease runs out', 20);
    return { process, manager };
  };

  const inTheBackground: Promise<void>[] = [];
  for (const { percent, ...last } of [...crashes].sort((a, b) => a.percent - b.percent)) {
    const reached = (percent * EVENTS) / 100;
    const isDueAtOnce = model.handled.size >= reached;
    const { process, manager } = await start(isDueAtOnce ? last : undefined);
    if (!isDueAtOnce) {
      await harness.until(() => model.handled.size >= reached, 'the next crash', 1, 500_000);
      process.dieAt(last);
    }
    await harness.until(() => !process.isAlive, 'the crash', 1, 500_000);
    // Nobody stops a process that crashed: only what is left of it here must not go on for ever.
    inTheBackground.push(manager.stop({ timeoutMs: 0 }));
  }
  const { manager } = await start();
  const isOver = () => model.handled.size === EVENTS || model.broken.length > 0;
  await harness.until(isOver, 'all handled', 1, 500_000);
  expect(model.broken.slice(0, 5)).toEqual([]);
  await harness.awaiting(Promise.all([...inTheBackground, manager.stop()]), 1);
  expect(disk.saves.at(-1)?.eventId).toBe(ids.at(-1));
  expect(model.broken.slice(0, 5)).toEqual([]);
  expect(disk.effects.size).toBe(EVENTS);
  if (marking === 'in one step with the effect')
    expect([...disk.effects].filter(([, times]) => times > 1)).toEqual([]);
  for (const saves of savedBy.values()) {
    for (const [index, id] of saves.entries()) {
      if (index > 0) expect(compareTimeUuids(saves[index - 1] as string, id)).toBeLessThanOrEqual(0);
    }
  }
}
