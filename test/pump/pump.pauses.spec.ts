import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PumpUnknownError } from '../../lib/errors/pump-unknown.error.js';
import type { DeliveryStore } from '../../lib/state/delivery-store.interface.js';
import { MemoryDeliveryStore } from '../../lib/state/memory-delivery.store.js';
import { breathe, deferred, PumpHarness, status } from '../support/pump-harness.js';

/** Refuses while told to, and answers when let. */
class MoodyDeliveryStore implements DeliveryStore {
  readonly inner = new MemoryDeliveryStore();
  failure: Error | undefined;
  gate: Promise<void> = Promise.resolve();

  async pausedPumps(key: string): Promise<readonly string[]> {
    await this.turn();
    return this.inner.pausedPumps(key);
  }

  async pause(key: string, pumps: readonly string[]): Promise<void> {
    await this.turn();
    this.inner.pause(key, pumps);
  }

  async resume(key: string, pumps: readonly string[]): Promise<void> {
    await this.turn();
    this.inner.resume(key, pumps);
  }

  private async turn(): Promise<void> {
    await this.gate;
    if (this.failure) throw this.failure;
  }
}

const ORDERS = { flowType: 'order.0', pumpGroup: 'default', eventTypes: ['order.placed.0'] };

let harness: PumpHarness;
let delivery: MoodyDeliveryStore;
beforeEach(() => {
  harness = new PumpHarness();
  delivery = new MoodyDeliveryStore();
});
afterEach(() => {
  delivery.failure = undefined;
  return harness.close();
});

describe('a pause', () => {
  it('outlives a restart of the process when its store does', async () => {
    harness.storeMany(3);
    const before = await harness.manager({ delivery });
    await before.pause();
    await before.start();
    await harness.until(() => status(before).bufferedEvents === 3);
    await before.stop();

    const after = await harness.started({ delivery });
    await harness.until(() => status(after).bufferedEvents === 3);
    expect(status(after).state).toBe('paused');
    expect(harness.processor.handled).toEqual([]);

    await after.resume();
    await harness.until(() => harness.processor.handled.length === 3);
  });

  it('is kept under the pathway name, or the data core without one', async () => {
    await (await harness.manager({ delivery })).pause();
    await (await harness.manager({ delivery, deliveryKey: 'orders-prod' })).pause();
    expect(delivery.inner.pausedPumps('core')).toEqual(['order.0::default']);
    expect(delivery.inner.pausedPumps('orders-prod')).toEqual(['order.0::default']);
  });

  it('stays when the pump is replaced because its event types changed', async () => {
    harness.storeMany(2);
    const manager = await harness.started({ delivery });
    await manager.pause();
    harness.platform.createEventTypes('order.0', 'order.sent.0');
    await harness.awaiting(manager.define([{ ...ORDERS, eventTypes: ['order.placed.0', 'order.sent.0'] }]));
    await harness.until(() => status(manager).bufferedEvents === 2);
    expect(status(manager).state).toBe('paused');
    expect(harness.processor.handled).toEqual([]);
  });

  it('by one instance is followed by another', async () => {
    const leader = await harness.live({ delivery });
    const other = await harness.manager({ delivery });
    await other.pause();
    await leader.followPauses();
    expect(status(leader).state).toBe('paused');
    const id = harness.platform.store();
    await harness.until(() => status(leader).bufferedEvents === 1);
    expect(harness.processor.handled).not.toContain(id);

    await other.resume();
    await leader.followPauses();
    await harness.until(() => harness.processor.handled.includes(id));
  });

  it('delivers nothing while the store does not say, and goes on when it does', async () => {
    const [id] = harness.storeMany(1);
    delivery.failure = new Error('down');
    const manager = await harness.started({ delivery });
    await harness.until(() => status(manager).state === 'backing-off');
    await breathe();
    expect(harness.processor.handled).toEqual([]);
    delivery.failure = undefined;
    await harness.until(() => harness.processor.handled.includes(id ?? ''), 'delivered', 100);
  });

  it('that could not be stored rejects, and holds here all the same', async () => {
    const manager = await harness.live({ delivery });
    delivery.failure = new Error('down');
    await expect(manager.pause()).rejects.toThrow('down');
    delivery.failure = undefined;
    await manager.followPauses();
    expect(status(manager).state).toBe('paused');
  });

  it('is not undone by a look at the store that began before it', async () => {
    const manager = await harness.live({ delivery });
    const gate = deferred();
    delivery.gate = gate.promise;
    const followed = manager.followPauses();
    const paused = manager.pause();
    gate.resolve();
    await Promise.all([followed, paused]);
    expect(status(manager).state).toBe('paused');
  });

  it('reaches the pumps it names: by key, in addition to types and groups', async () => {
    harness.platform.createEventTypes('bill.0', 'bill.sent.0');
    const manager = await harness.manager({
      delivery,
      definitions: [
        ORDERS,
        { ...ORDERS, pumpGroup: 'hot' },
        { flowType: 'bill.0', pumpGroup: 'default', eventTypes: ['bill.sent.0'] },
      ],
    });
    await manager.pause({ keys: ['order.0::hot'] });
    expect(delivery.inner.pausedPumps('core')).toEqual(['order.0::hot']);
    await manager.pause({ keys: ['order.0::hot'], flowTypes: ['bill.0'] });
    expect(delivery.inner.pausedPumps('core')).toEqual(['order.0::hot', 'bill.0::default']);
    await expect(manager.pause({ keys: ['order.0::cold'] })).rejects.toThrow(PumpUnknownError);
  });
});

describe('a halt', () => {
  it('is not ended by a resume of another instance', async () => {
    harness.storeMany(1);
    harness.processor.handle = async () => ({ status: 'halted', error: new Error('bad') });
    const leader = await harness.started({ delivery });
    await harness.until(() => status(leader).state === 'halted');
    const other = await harness.manager({ delivery });
    await other.pause();
    await leader.followPauses();
    await other.resume();
    await leader.followPauses();
    expect(status(leader).state).toBe('halted');
    harness.processor.handle = undefined;
    await leader.resume();
    await harness.until(() => harness.processor.handled.length === 1);
  });
});

describe('stopping and starting some pumps', () => {
  it('leaves the others alone', async () => {
    harness.platform.createEventTypes('bill.0', 'bill.sent.0');
    const manager = await harness.started({
      definitions: [ORDERS, { flowType: 'bill.0', pumpGroup: 'default', eventTypes: ['bill.sent.0'] }],
    });
    const states = () => manager.status().map(({ state }) => state);
    await harness.until(() => states().every((state) => state === 'live'));
    await manager.stop({ filter: { flowTypes: ['bill.0'] } });
    expect(states()).toEqual(['live', 'stopped']);
    await manager.start({ keys: ['bill.0::default'] });
    await harness.until(() => states().every((state) => state === 'live'));
  });
});

describe('what has been read', () => {
  it('is told while the pump runs here, also ahead of the cursor', async () => {
    const ids = harness.storeMany(3);
    const manager = await harness.manager({ delivery });
    expect(status(manager).fetched).toBeUndefined();
    await manager.pause();
    await manager.start();
    await harness.until(() => status(manager).bufferedEvents === 3);
    expect(status(manager).fetched?.eventId).toBe(ids[2]);
    expect(status(manager).cursor?.eventId).toBeUndefined();
    await manager.stop();
    expect(status(manager).fetched).toBeUndefined();
  });
});
