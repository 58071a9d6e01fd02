import { expect, it } from 'vitest';
import { timeUuid } from '../event/time-uuid.util.js';
import type { PumpCursor } from '../state/cursor-store.interface.js';
import { ControllableClock } from '../testing/controllable-clock.js';
import type { PumpItem } from './pump-item.interface.js';
import { PumpCommitter } from './pump.committer.js';

async function breathe(turns: number): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
}

function deferred() {
  let resolve!: () => void;
  const promise = new Promise<void>((settle) => (resolve = settle));
  return { promise, resolve };
}

const NOW = Date.UTC(2026, 4, 1, 10, 30);
const item = (index: number): PumpItem => ({
  event: { eventId: timeUuid(NOW + index), payload: {} } as PumpItem['event'],
  orderKey: '',
  bytes: 1,
  fetchedAt: 0,
  movesCursor: true,
  finished: false,
  inFlight: false,
  claimedAt: undefined,
  next: undefined,
});

function committerOn(save: (cursor: PumpCursor) => Promise<void>) {
  const clock = new ControllableClock(NOW);
  const onError = () => {};
  const options = { clock, commitIntervalMs: 500, save, onPassed: () => {}, onError, onFenced: () => {} };
  const committer = new PumpCommitter(options, { timeBucket: '20260501100000' });
  const finish = (...items: PumpItem[]) => {
    for (const each of items) {
      each.finished = true;
      committer.advance();
    }
  };
  return { clock, committer, finish };
}

it('a gap holds the cursor back until it closes', () => {
  const items = [0, 1, 2].map(item);
  const { committer, finish } = committerOn(async () => {});
  items.forEach((each) => committer.add(each));
  finish(items[1]!, items[2]!);
  expect(committer.position.eventId).toBeUndefined();
  finish(items[0]!);
  expect(committer.position.eventId).toBe(items[2]!.event.eventId);
});

it('two writes never overlap, and a flush ends only when the newest position is durable', async () => {
  const gates = [deferred(), deferred()];
  const begun: (string | undefined)[] = [];
  const { committer, finish } = committerOn(async ({ eventId }) => {
    begun.push(eventId);
    await gates[begun.length - 1]?.promise;
  });
  const items = [0, 1].map(item);
  items.forEach((each) => committer.add(each));
  finish(items[0]!);
  void committer.flush();
  await breathe(1);
  finish(items[1]!);
  let ended = false;
  const flushes = [committer.flush(), committer.flush().then(() => void (ended = true))];
  await breathe(2);
  expect(begun).toHaveLength(1);
  gates[0]!.resolve();
  await breathe(2);
  expect(begun).toEqual(items.map(({ event }) => event.eventId));
  expect(ended).toBe(false);
  gates[1]!.resolve();
  await Promise.all(flushes);
});

it('what finishes after the close neither moves the cursor nor starts a timer', () => {
  const { clock, committer, finish } = committerOn(async () => {});
  const late = item(0);
  committer.add(late);
  committer.close();
  finish(late);
  expect(committer.position.eventId).toBeUndefined();
  expect(clock.pendingTimers).toBe(0);
});
