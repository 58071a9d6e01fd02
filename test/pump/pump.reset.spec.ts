import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PumpHarness, breathe, deferred, status, untilAborted } from '../support/pump-harness.js';
import { PumpPositionInvalidError } from '../../lib/errors/pump-position-invalid.error.js';
import { PumpUnknownError } from '../../lib/errors/pump-unknown.error.js';

let harness: PumpHarness;
beforeEach(() => (harness = new PumpHarness()));
afterEach(() => harness.close());

describe('reset', () => {
  it('runs every handler again, in a new generation', async () => {
    const ids = harness.storeMany(5);
    const manager = await harness.live();
    await harness.awaiting(manager.reset('beginning'));
    await harness.until(() => harness.processor.handled.length === 10);
    expect(harness.processor.handled).toEqual([...ids, ...ids]);
    expect(harness.cursors.last?.generation ?? 0).toBe(1);
  });

  it('D8: during a delivery: the delivery ends, then the replay begins and delivers', async () => {
    const ids = harness.storeMany(3);
    let hold = true;
    harness.processor.handle = (_event, { signal }) => (hold ? untilAborted(signal) : undefined);
    const manager = await harness.started();
    await harness.until(() => harness.processor.running.size === 1);
    const reset = manager.reset('beginning');
    hold = false;
    await harness.awaiting(reset);
    await harness.until(() => harness.processor.handled.length === 3);
    expect(harness.processor.handled).toEqual(ids);
    expect(harness.processor.overlaps).toEqual([]);
  });

  it('while backing off', async () => {
    const ids = harness.storeMany(3);
    harness.platform.beforeAnswer = () => {
      throw new Error('down');
    };
    const manager = await harness.started();
    await harness.until(() => status(manager).state === 'backing-off');
    await harness.awaiting(manager.reset(ids[0] as string));
    harness.platform.beforeAnswer = undefined;
    await harness.until(() => harness.processor.handled.length === 2, 'both', 500);
    expect(harness.processor.handled).toEqual(ids.slice(1));
  });

  it('before the first page arrived', async () => {
    const ids = harness.storeMany(3);
    const gate = deferred();
    harness.platform.beforeAnswer = () => gate.promise;
    const manager = await harness.started();
    await breathe();
    const reset = harness.awaiting(manager.reset(ids[1] as string));
    gate.resolve();
    await reset;
    await harness.until(() => harness.processor.handled.length >= 1);
    await harness.pass(3_000);
    expect(harness.processor.handled).toEqual([ids[2]]);
  });

  it('twice at once: the last one wins, both raise the generation', async () => {
    const ids = harness.storeMany(3);
    const manager = await harness.live();
    await harness.awaiting(Promise.all([manager.reset('beginning'), manager.reset(ids[1] as string)]));
    await harness.until(() => harness.processor.handled.at(-1) === ids[2], 'replayed');
    await harness.pass(3_000);
    expect(harness.processor.handled.slice(3).at(-1)).toBe(ids[2]);
    expect(status(manager).generation).toBe(2);
  });

  it('of a stopped pump: it starts there later', async () => {
    const ids = harness.storeMany(3);
    const manager = await harness.live();
    await manager.stop();
    await harness.awaiting(manager.reset('beginning'));
    expect(status(manager).state).toBe('stopped');
    await manager.start();
    await harness.until(() => harness.processor.handled.length === 6);
    expect(harness.processor.handled.slice(3)).toEqual(ids);
  });

  it('D11: that a store refuses rejects, and the pump runs on', async () => {
    harness.storeMany(3);
    const manager = await harness.live();
    harness.cursors.failure = new Error('down');
    await expect(harness.awaiting(manager.reset('beginning'))).rejects.toThrow('down');
    harness.cursors.failure = undefined;
    const id = harness.platform.store();
    await harness.until(() => harness.processor.handled.includes(id), 'runs on', 500);
  });

  it('D12: to live delivers nothing stored before', async () => {
    harness.storeMany(3);
    const manager = await harness.live();
    harness.clock.advance(1_000);
    await harness.awaiting(manager.reset('live'));
    const id = harness.platform.store();
    await harness.until(() => harness.processor.handled.includes(id));
    await harness.pass(3_000);
    expect(harness.processor.handled).toHaveLength(4);
  });

  it('of an invalid position or an unknown pump is refused by name', async () => {
    const manager = await harness.live();
    await expect(manager.reset('nonsense')).rejects.toBeInstanceOf(PumpPositionInvalidError);
    await expect(manager.reset({ timeBucket: '2026' })).rejects.toBeInstanceOf(PumpPositionInvalidError);
    await expect(manager.reset('live', { flowTypes: ['x.0'] })).rejects.toBeInstanceOf(PumpUnknownError);
    await expect(manager.pause({ pumpGroups: ['x'] })).rejects.toThrow(PumpUnknownError);
  });
});
