import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  breathe,
  deferred,
  HOUR,
  PumpHarness,
  START,
  status,
  untilAborted,
} from '../support/pump-harness.js';

let harness: PumpHarness;
/** What is stored while the stream runs. */
let streamed: string[];
beforeEach(() => {
  harness = new PumpHarness();
  streamed = [];
});
afterEach(() => harness.close());

/** From now on every request takes 50 ms, and an event is stored meanwhile: no look is the last one. */
function beginStream(perRequest = 1): void {
  harness.platform.beforeAnswer = async () => {
    await breathe(1);
    harness.clock.advance(50);
    for (let n = 0; n < perRequest; n++) streamed.push(harness.platform.store());
  };
  streamed.push(harness.platform.store());
}

const endStream = () => (harness.platform.beforeAnswer = undefined);

/** The stream stands still while it is waited for: what happens must not need its end. */
async function whileItRuns(condition: () => boolean, what: string): Promise<void> {
  const from = streamed.length;
  await harness.until(() => condition() || streamed.length - from > 500, what);
  expect(condition(), `${what}, before 500 more events`).toBe(true);
}

const handles = (id: string) => () => harness.processor.handled.includes(id);

describe.each([
  ['read as fast as it comes', 1, 1_000],
  ['faster than it is read', 3, 2],
])('a stream that never rests, %s', (_what, perRequest, bufferSize) => {
  const options = { bufferSize };

  it('a backdated event that is announced is read', async () => {
    harness.platform.store();
    await harness.live({ options });
    beginStream(perRequest);
    await harness.until(() => streamed.length > 100);
    const late = harness.platform.store({ at: START - 3 * HOUR });
    await whileItRuns(handles(late), 'the backdated event is handled');
    endStream();
  });

  it('what was stored late while the connection was gone is looked for', async () => {
    harness.platform.store({ at: START - HOUR });
    harness.platform.store();
    await harness.live({ options });
    beginStream(perRequest);
    await harness.until(() => streamed.length > 100);
    harness.platform.disconnect();
    const late = harness.platform.store({ at: START - 60_000 });
    harness.platform.reconnect();
    await whileItRuns(handles(late), 'the late event is handled');
    endStream();
  });

  it('an event type that exists only now is adopted', async () => {
    harness.platform.store();
    const definitions = [
      { flowType: 'order.0', pumpGroup: 'default', eventTypes: ['order.placed.0', 'order.paid.0'] },
    ];
    await harness.live({ options, definitions });
    beginStream(perRequest);
    await harness.until(() => streamed.length > 100);
    const first = harness.platform.store({ eventType: 'order.paid.0' });
    await whileItRuns(handles(first), 'the first event of the new type is handled');
    endStream();
  });

  it('its events are all handled, in order and once', async () => {
    const first = harness.platform.store();
    const manager = await harness.live({ options });
    beginStream(perRequest);
    await harness.until(() => streamed.length > 300);
    endStream();
    await harness.awaiting(manager.drain(), 50);
    expect(harness.processor.handled).toEqual([first, ...streamed]);
    expect(new Set(harness.processor.delivered).size).toBe(harness.processor.delivered.length);
  });
});

describe('waiting for what is stored, while the stream never rests', () => {
  it('drain resolves when what was there at its call is finished', async () => {
    const late = () => harness.platform.store({ at: START - 3 * HOUR });
    harness.platform.store();
    const manager = await harness.live();
    beginStream();
    await harness.until(() => streamed.length > 100);
    const there = [...streamed, late()];
    let isOver = false;
    const drained = manager.drain().then(() => (isOver = true));
    await whileItRuns(() => isOver, 'drain resolves');
    await drained;
    expect(harness.processor.handled).toEqual(expect.arrayContaining(there));
    endStream();
  });

  it('drain waits for the handler of an event that was there', async () => {
    harness.platform.store();
    const manager = await harness.live({ options: { concurrency: 2 } });
    const gate = deferred();
    const slow = harness.platform.store({ payload: { slow: true } }, { silent: true });
    harness.processor.keyOf = ({ eventId }) => eventId;
    harness.processor.handle = async ({ eventId }) => {
      if (eventId === slow) await gate.promise;
    };
    beginStream();
    await harness.until(() => streamed.length > 100);
    let isOver = false;
    const drained = manager.drain().then(() => (isOver = true));
    const from = streamed.length;
    await harness.until(() => streamed.length > from + 200);
    expect(isOver).toBe(false);
    gate.resolve();
    await whileItRuns(() => isOver, 'drain resolves');
    await drained;
    endStream();
  });

  it('runOnce handles what was there, and stops', async () => {
    const there = harness.storeMany(50);
    const manager = await harness.manager();
    beginStream();
    let isOver = false;
    const once = manager.runOnce().then(() => (isOver = true));
    await whileItRuns(() => isOver, 'runOnce resolves');
    await once;
    expect(harness.processor.handled.slice(0, 50)).toEqual(there);
    expect(status(manager).state).toBe('stopped');
    endStream();
  });

  it('drain begins anew when another run takes the pump over', async () => {
    const lost = { at: false };
    const leases = {
      acquire: (key: string) => ({ key, token: harness.clock.now() }),
      renew: () => !lost.at,
      release: () => {},
    };
    harness.platform.store();
    const manager = await harness.live({ leases });
    const stuck = harness.platform.store({}, { silent: true });
    harness.processor.handle = ({ eventId }, { signal }) =>
      eventId === stuck ? untilAborted(signal) : undefined;
    beginStream();
    await harness.until(() => streamed.length > 20);
    let isOver = false;
    const drained = manager.drain().then(() => (isOver = true));
    lost.at = true;
    await harness.until(() => status(manager).state === 'starting', 'the lease is lost', 50);
    expect(isOver).toBe(false);
    harness.processor.handle = undefined;
    lost.at = false;
    await harness.until(() => isOver, 'drain resolves', 50);
    await drained;
    expect(harness.processor.handled).toContain(stuck);
    endStream();
  });
});
