import { afterEach, beforeEach, expect, it } from 'vitest';
import { createPathwayContract, PathwaysEngine, silentLogger } from 'nestjs-pathways';
import { startLocalFlowcore, type LocalFlowcore } from 'nestjs-pathways/local';
import { ControllableClock } from 'nestjs-pathways/testing';
import { untilIn } from '../support/until.js';

const HOUR = 3_600_000;
const MINUTE = 60_000;
const START = Date.UTC(2026, 4, 1, 10, 30);

let clock: ControllableClock;
let local: LocalFlowcore;
let engine: PathwaysEngine;
let seen: number[];
let ids: string[];

beforeEach(async () => {
  // One clock for platform and pump: hours pass when the test says so.
  clock = new ControllableClock(START);
  local = await startLocalFlowcore({ logger: silentLogger, clock });
  [seen, ids] = [[], []];
  engine = new PathwaysEngine({
    baseUrl: local.url,
    tenant: 'acme',
    dataCore: 'shop',
    clock,
    logger: silentLogger,
    pump: { startFrom: 'beginning' },
  });
  engine.addContract(
    createPathwayContract({ flowType: 'a.0', eventType: 'b.0', maxRetries: 0 }, { declaredBy: 'test' }),
  );
  engine.handlers.addHandler({
    pathway: 'a.0/b.0',
    where: 'test',
    invoke: ({ eventId, payload }) => {
      seen.push((payload as { n: number }).n);
      ids.push(eventId);
    },
  });
});
afterEach(async () => {
  await engine.stop();
  await local.stop();
});

const store = (n: number, more: Partial<Parameters<LocalFlowcore['appendRaw']>[0]> = {}) =>
  local.appendRaw({
    tenant: 'acme',
    dataCore: 'shop',
    flowType: 'a.0',
    eventType: 'b.0',
    payload: { n },
    ...more,
  });
const upTo = (count: number) => Array.from({ length: count }, (_, n) => n);
const isLive = () => engine.pumps.status()[0]?.state === 'live';

it.each([
  ['announced', true],
  ['found at the next look', false],
])(
  'D3: hours that pass while the pump is live lose, repeat and reorder nothing (events %s)',
  async (_how, notify) => {
    await store(0);
    await engine.start();
    await untilIn(clock, () => seen.length === 1 && isLive());
    // The announcements are heard from now on.
    await untilIn(clock, () => local.stats.openSockets.notifications === 1);
    let stored = 1;
    for (let hour = 1; hour <= 6; hour++) {
      // On both sides of the hour, and in every third one nothing at all.
      if (hour % 3 !== 0) {
        clock.advance(HOUR - (clock.now() % HOUR) - 1);
        for (let count = 0; count < 5; count++) await store(stored++, { notify });
        clock.advance(1);
        for (let count = 0; count < 5; count++) await store(stored++, { notify });
      } else clock.advance(HOUR);
      await untilIn(clock, () => seen.length === stored && isLive());
    }
    expect(seen).toEqual(upTo(stored));
  },
);

it('ids whose text order contradicts their time order are handled in the order of time', async () => {
  // The first digits of an id are the low part of its time, which begins anew every seven minutes.
  const count = 25;
  for (let n = 0; n < count; n++) await store(n, { eventTime: new Date(START - 29 * MINUTE + n * MINUTE) });
  await engine.start();
  await untilIn(clock, () => seen.length === count);
  expect(seen).toEqual(upTo(count));
  expect(ids.toSorted()).not.toEqual(ids);
});

it('two events in one tick of 100 ns both arrive, once', async () => {
  const first = await store(0);
  const twin = `${first.slice(0, -12)}ffffffffffff`;
  await store(1, { served: { eventId: twin } });
  await store(2);
  await engine.start();
  await untilIn(clock, () => seen.length === 3 && isLive());
  expect(seen).toEqual([0, 1, 2]);
  expect(ids.slice(0, 2)).toEqual([first, twin]);
});

it('20,000 hours with an event, and empty ones between them, are walked from one end to the other', async () => {
  const hours = 20_000;
  const first = START - 2 * hours * HOUR;
  // Every fourth hour is followed by an empty one.
  for (let n = 0; n < hours; n++)
    await store(n, { eventTime: new Date(first + (n + Math.floor(n / 4)) * HOUR) });
  await engine.start();
  await untilIn(clock, () => seen.length === hours && isLive());
  expect(seen).toEqual(upTo(hours));
}, 120_000);
