import { MemoryPathwayState } from 'nestjs-pathways';
import { expect, it } from 'vitest';
import { MemoryCursorStore } from '../../lib/state/memory-cursor.store.js';
import { MemoryDeadLetterStore } from '../../lib/state/memory-dead-letter.store.js';
import { until } from '../support/until.js';
import { statusOf, useDataPumpWorld } from './support/data-pump-world.js';

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index);
const world = useDataPumpWorld();

it('everything stored is handled once, in order, and what is stored later too; status and cursor are ours', async () => {
  const seen: number[] = [];
  await world.write(range(0, 500), new Date(Date.now() - 2 * 3_600_000));
  await world.write(range(500, 1_000));
  const engine = world.engine((n) => void seen.push(n), { pump: { bufferSize: 64 } });
  await engine.start();
  await engine.pumps.drain();
  expect(seen).toEqual(range(0, 1_000));

  const later = await world.write(range(1_000, 1_100));
  await until(() => seen.length === 1_100);
  expect(seen).toEqual(range(0, 1_100));
  await engine.pumps.drain();
  expect(statusOf(engine)).toMatchObject({
    pump: 'a.0::default',
    state: 'live',
    generation: 0,
    inFlight: 0,
    bufferedEvents: 0,
    bufferedBytes: 0,
    cursor: { eventId: later.at(-1) },
    fetched: { eventId: later.at(-1) },
    counters: { fetched: 1_100, processed: 1_100, skipped: 0, deadLettered: 0, failures: 0 },
    lastError: undefined,
  });
});

it('one warning at the start names what is lost', async () => {
  const engine = world.engine(() => {});
  world.handle(engine, 'c.0', () => {}, { pumpGroup: 'other' });
  await world.write([1]);
  await engine.start();
  await engine.refresh();
  await engine.pumps.drain();
  const warnings = world.log.filter((line) => line.includes('Events are read with @flowcore/data-pump'));
  expect(warnings).toHaveLength(1);
  expect(warnings[0]).toMatch(/^warn .*stored late or backdated.*docs\/data-pump\.md/);
});

it('D1: what was read and not finished at a stop is delivered by the next process, each effect once', async () => {
  const store = {
    state: new MemoryPathwayState(),
    cursors: new MemoryCursorStore(),
    deadLetters: new MemoryDeadLetterStore(),
  };
  const seen: number[] = [];
  let isBlocked = true;
  const ids = await world.write(range(0, 50));
  const options = { store, handlerTimeoutMs: 0, shutdownTimeoutMs: 0, pump: { concurrency: 4 } };
  const first = world.engine(
    async (n) => {
      if (n === 10 && isBlocked) await new Promise(() => {});
      seen.push(n);
    },
    options,
    { orderBy: (event) => String((event.payload as { n: number }).n) },
  );
  await first.start();
  await until(() => seen.length === 49);
  expect(statusOf(first).cursor?.eventId).toBe(ids[9]);
  // What the package saved of itself would begin behind the event that is not finished.
  expect(world.made.saved?.eventId).toBe(ids[49]);
  await first.stop();
  expect(world.made.stops).toBe(1);

  isBlocked = false;
  const second = world.engine((n) => void seen.push(n), options);
  await second.start();
  await second.pumps.drain();
  expect([...seen].sort((a, b) => a - b)).toEqual(range(0, 50));
  expect(seen.at(-1)).toBe(10);
});

it('a stop lets the handler that runs finish, starts no other, and ends the package', async () => {
  const seen: number[] = [];
  let finish = () => {};
  const ids = await world.write(range(0, 5));
  const cursors = new MemoryCursorStore();
  const engine = world.engine(
    async (n) => {
      await new Promise<void>((resolve) => (finish = resolve));
      seen.push(n);
    },
    { store: { cursors } },
  );
  await engine.start();
  await until(() => statusOf(engine).inFlight === 1);
  const stopped = engine.stop();
  await until(() => world.made.stops === 1);
  finish();
  await stopped;
  expect(seen).toEqual([0]);
  const id = { tenant: 'acme', dataCore: 'shop', flowType: 'a.0', pumpGroup: 'default' };
  expect(cursors.load(id)).toMatchObject({ eventId: ids[0] });
});

it('of each key one event at a time, in order, and several keys side by side', async () => {
  const running = new Set<number>();
  const seen: number[] = [];
  let most = 0;
  await world.write(range(0, 300));
  const engine = world.engine(
    async (n) => {
      const key = n % 3;
      expect(running.has(key)).toBe(false);
      running.add(key);
      most = Math.max(most, running.size);
      await new Promise((resolve) => setImmediate(resolve));
      running.delete(key);
      seen.push(n);
    },
    { pump: { concurrency: 8 } },
    { orderBy: (event) => String((event.payload as { n: number }).n % 3) },
  );
  await engine.start();
  await engine.pumps.drain();
  for (const key of range(0, 3)) {
    expect(seen.filter((n) => n % 3 === key)).toEqual(range(0, 300).filter((n) => n % 3 === key));
  }
  expect(most).toBe(3);
  expect(statusOf(engine).counters.deadLettered).toBe(0);
});

it('a bad event becomes a dead letter of ours, and is tried once: the package does not deliver it again', async () => {
  const tries: number[] = [];
  await world.write(range(0, 5));
  const engine = world.engine(
    (n) => {
      tries.push(n);
      if (n === 2) throw new Error('bad');
    },
    {},
    { onExhausted: 'continue' },
  );
  await engine.start();
  await engine.pumps.drain();
  expect(tries).toEqual([0, 1, 2, 3, 4]);
  const { letters } = await engine.deadLetters.list();
  expect(letters.map(({ event }) => event.payload)).toEqual([{ n: 2 }]);
  expect(statusOf(engine).counters).toMatchObject({ processed: 4, deadLettered: 1 });
});

it('a paused pump starts nothing; resumed it goes on where it was', async () => {
  const seen: number[] = [];
  const engine = world.engine((n) => void seen.push(n));
  await world.write([0]);
  await engine.start();
  await engine.pumps.drain();
  await engine.pumps.pause();
  await world.write([1, 2]);
  await until(() => statusOf(engine).bufferedEvents === 2);
  expect(statusOf(engine).state).toBe('paused');
  expect(seen).toEqual([0]);
  await engine.pumps.resume();
  await engine.pumps.drain();
  expect(seen).toEqual([0, 1, 2]);
});

it('a reset to the beginning, to an event, or to live begins there, in a new generation', async () => {
  const seen: number[] = [];
  const ids = await world.write([0, 1, 2, 3]);
  const engine = world.engine((n) => void seen.push(n));
  await engine.start();
  await engine.pumps.drain();
  await engine.pumps.reset();
  await engine.pumps.drain();
  expect(seen.splice(0)).toEqual([0, 1, 2, 3, 0, 1, 2, 3]);

  const eventId = ids[1] as string;
  await engine.pumps.reset(eventId);
  await engine.pumps.drain();
  expect(seen.splice(0)).toEqual([2, 3]);

  // D12: the package itself would deliver the last hour again.
  await engine.pumps.reset('live');
  await engine.pumps.drain();
  expect(seen.splice(0)).toEqual([]);
  await world.write([4]);
  await until(() => seen.length === 1);
  expect(seen).toEqual([4]);
  expect(statusOf(engine).generation).toBe(3);
  expect(world.standIn.made.filter(({ isRunning }) => isRunning)).toHaveLength(1);
});

it('D12: a pump that begins live in an hour without events does not deliver an older hour', async () => {
  const seen: number[] = [];
  await world.write([0, 1], new Date(Date.now() - 5 * 3_600_000));
  const engine = world.engine((n) => void seen.push(n), { pump: { startFrom: 'live' } });
  await engine.start();
  await until(() => world.standIn.made.some(({ pagesRead }) => pagesRead > 0));
  await engine.pumps.drain();
  await world.write([2]);
  await until(() => seen.length > 0);
  expect(seen).toEqual([2]);
});
