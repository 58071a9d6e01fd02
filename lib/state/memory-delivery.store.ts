import type { DeliveryStore, PauseOrigin } from './delivery-store.interface.js';

/** Pauses in memory: gone with the process. Development and tests. */
export class MemoryDeliveryStore implements DeliveryStore {
  private readonly paused = new Map<string, ReadonlyMap<string, PauseOrigin>>();

  pausedPumps(deliveryKey: string): readonly string[] {
    return [...this.pausesOf(deliveryKey).keys()];
  }

  pause(deliveryKey: string, pumps: readonly string[], origin: PauseOrigin = 'control-plane'): void {
    const pauses = new Map(this.pausesOf(deliveryKey));
    for (const pump of pumps) if (pauses.get(pump) !== 'application') pauses.set(pump, origin);
    this.paused.set(deliveryKey, pauses);
  }

  resume(deliveryKey: string, pumps: readonly string[]): void {
    this.keep(deliveryKey, (pump) => !pumps.includes(pump));
  }

  lift(deliveryKey: string, pumps: readonly string[]): void {
    this.keep(deliveryKey, (pump, origin) => origin === 'application' || !pumps.includes(pump));
  }

  private keep(deliveryKey: string, stays: (pump: string, origin: PauseOrigin) => boolean): void {
    const left = [...this.pausesOf(deliveryKey)].filter(([pump, origin]) => stays(pump, origin));
    this.paused.set(deliveryKey, new Map(left));
  }

  private pausesOf(deliveryKey: string): ReadonlyMap<string, PauseOrigin> {
    return this.paused.get(deliveryKey) ?? new Map();
  }
}
