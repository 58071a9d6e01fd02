import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PumpHarness, breathe, deferred, status, untilAborted } from '../support/pump-harness.js';

let harness: PumpHarness;
beforeEach(() => (harness = new PumpHarness()));
afterEach(() => harness.close());

describe('stopping', () => {
  it('lets what runs finish and saves it', async () => {
    const ids = harness.storeMany(3);
    const gate = deferred();
    harness.processor.handle = () => gate.promise;
    const manager = await harness.started();
    await harness.until(() => harness.processor.running.size === 1);
    const stopped = manager.stop({ timeoutMs: 5_000 });
    await breathe();
    gate.resolve();
    await stopped;
    expect(harness.processor.handled).toEqual([ids[0]]);
    expect(harness.cursors.last?.eventId).toBe(ids[0]);
  });

  it('gives up what does not finish in time, with the cursor before it', async () => {
    const ids = harness.storeMany(3);
    harness.processor.handle = ({ eventId }, { signal }) =>
      eventId === ids[1] ? untilAborted(signal) : undefined;
    const manager = await harness.started();
    await harness.until(() => harness.processor.running.has('') && harness.processor.handled.length === 1);
    await harness.awaiting(manager.stop({ timeoutMs: 5_000 }));
    expect(harness.cursors.last?.eventId).toBe(ids[0]);
  });

  it('ends although a delivery never answers its signal', async () => {
    harness.storeMany(1);
    harness.processor.handle = () => new Promise(() => {});
    const manager = await harness.started();
    await harness.until(() => harness.processor.running.size === 1);
    await harness.awaiting(manager.stop({ timeoutMs: 1_000 }));
    expect(status(manager).state).toBe('stopped');
  });

  it('leaves no timer and no subscription', async () => {
    harness.storeMany(3);
    const manager = await harness.live();
    await manager.stop();
    await breathe();
    expect(harness.clock.pendingTimers).toBe(0);
    expect(harness.platform.subscriptions).toBe(0);
  });

  it('leaves no timer when the store fails at the last moment', async () => {
    harness.storeMany(3);
    const manager = await harness.live();
    harness.cursors.failure = new Error('down');
    await harness.awaiting(manager.stop());
    await breathe();
    expect(harness.clock.pendingTimers).toBe(0);
  });

  it('can be started again', async () => {
    const manager = await harness.live();
    await manager.stop();
    const id = harness.platform.store();
    await manager.start();
    await harness.until(() => harness.processor.handled.includes(id));
  });
});

describe('starting', () => {
  it('during a stop that is not over: begins when it is, and a drain waits for that', async () => {
    const ids = harness.storeMany(3);
    const gate = deferred();
    harness.processor.handle = () => gate.promise;
    const manager = await harness.started();
    await harness.until(() => harness.processor.running.size === 1);
    const stopped = manager.stop({ timeoutMs: 5_000 });
    await breathe();
    await manager.start();
    const drained = manager.drain();
    gate.resolve();
    await stopped;
    await drained;
    expect(harness.processor.handled).toEqual(ids);
    expect(harness.processor.overlaps).toEqual([]);
    expect(status(manager).state).toBe('live');
  });

  it('does not undo a stop that was asked for after it', async () => {
    harness.storeMany(3);
    const gate = deferred();
    harness.processor.handle = () => gate.promise;
    const manager = await harness.started();
    await harness.until(() => harness.processor.running.size === 1);
    const first = manager.stop({ timeoutMs: 5_000 });
    await manager.start();
    const second = manager.stop({ timeoutMs: 5_000 });
    const requests = harness.platform.requests.length;
    gate.resolve();
    await Promise.all([first, second]);
    await harness.pass(3_000);
    expect(status(manager).state).toBe('stopped');
    expect(harness.processor.handled).toHaveLength(1);
    expect(harness.platform.requests).toHaveLength(requests);
  });

  it('while event types are added twice at once: one loop, and no event is handled by two', async () => {
    const types = ['order.placed.0', 'order.paid.0', 'order.sent.0'];
    harness.platform.createEventTypes('order.0', ...types);
    const gate = deferred();
    harness.processor.handle = () => gate.promise;
    const manager = await harness.started();
    harness.platform.store();
    await harness.until(() => harness.processor.running.size === 1);
    const pumps = (count: number) => [
      { flowType: 'order.0', pumpGroup: 'default', eventTypes: types.slice(0, count) },
    ];
    const defined = [manager.define(pumps(2)), manager.define(pumps(3))];
    await breathe();
    await manager.start();
    gate.resolve();
    await Promise.all(defined);
    harness.processor.handle = undefined;
    const added = harness.platform.store({ eventType: 'order.sent.0' });
    const id = harness.platform.store();
    await harness.until(() => harness.processor.handled.includes(id));
    await harness.pass(3_000);
    expect(harness.processor.handled).toContain(added);
    expect(harness.processor.delivered.filter((delivered) => delivered === id)).toHaveLength(1);
    expect(harness.processor.overlaps).toEqual([]);
  });
});

describe('pausing', () => {
  it('ends the wait of a drain although the buffer is full', async () => {
    harness.storeMany(50);
    const gate = deferred();
    harness.processor.handle = () => gate.promise;
    const manager = await harness.started({ options: { bufferSize: 4 } });
    await harness.until(() => harness.processor.running.size === 1);
    const drained = manager.drain();
    await breathe();
    manager.pause();
    await drained;
    gate.resolve();
  });

  it('starts nothing more, lets what runs finish, saves, and goes on from the same place', async () => {
    const ids = harness.storeMany(5);
    const gate = deferred();
    harness.processor.handle = ({ eventId }) => (eventId === ids[1] ? gate.promise : undefined);
    const manager = await harness.started();
    await harness.until(() => harness.processor.running.size === 1);
    manager.pause();
    gate.resolve();
    await harness.pass(1_000);
    expect(status(manager).state).toBe('paused');
    expect(harness.processor.handled).toEqual(ids.slice(0, 2));
    expect(harness.cursors.last?.eventId).toBe(ids[1]);
    manager.resume();
    await harness.until(() => harness.processor.handled.length === 5);
    expect(harness.processor.handled).toEqual(ids);
  });

  it('survives stop, start and reset', async () => {
    harness.storeMany(3);
    const manager = await harness.manager();
    manager.pause();
    await manager.start();
    await harness.awaiting(manager.reset('beginning'));
    await harness.pass(3_000);
    expect(harness.processor.handled).toEqual([]);
    expect(status(manager).state).toBe('paused');
    manager.resume();
    await harness.until(() => harness.processor.handled.length === 3);
  });
});

describe('watching', () => {
  it('runOnce handles what is stored and stops', async () => {
    harness.storeMany(50);
    const manager = await harness.manager();
    await manager.runOnce();
    expect(harness.processor.handled).toHaveLength(50);
    expect(status(manager).state).toBe('stopped');
  });

  it('status tells the lag behind the stream, and none when there is nothing to do', async () => {
    const ids = harness.storeMany(3);
    const gate = deferred();
    harness.processor.handle = ({ eventId }) => (eventId === ids[1] ? gate.promise : undefined);
    const manager = await harness.started();
    await harness.until(() => harness.processor.handled.length === 1);
    harness.clock.advance(1_000);
    expect(status(manager).lagMs).toBe(101_000);
    expect(status(manager).bufferAgeMs).toBe(1_000);
    gate.resolve();
    await manager.drain();
    expect(status(manager).lagMs).toBe(0);
  });
});
