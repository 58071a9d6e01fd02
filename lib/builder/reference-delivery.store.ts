import type { MaybePromise } from '../event/maybe-promise.type.js';
import { SerialChanges } from '../pump/serial-changes.js';
import type { DeliveryStore } from '../state/delivery-store.interface.js';

/** The reference's contract for pauses: what services that come from it have implemented. */
export interface ReferenceDeliveryStore {
  /** Keys of the paused pumps, `flowType::group`. */
  getPausedPumps(deliveryKey: string): MaybePromise<readonly string[]>;
  /** Replaces them; an empty list forgets them all. */
  setPausedPumps(deliveryKey: string, pumps: string[]): MaybePromise<void>;
}

export function isReferenceDeliveryStore(
  store: DeliveryStore | ReferenceDeliveryStore,
): store is ReferenceDeliveryStore {
  return !('pausedPumps' in store);
}

/**
 * A {@link ReferenceDeliveryStore} that adds and takes away. Two processes that do it at the same time may overwrite each
 * other: its contract can only replace the whole list.
 */
export class ReferenceDeliveryAdapter implements DeliveryStore {
  /** What reads and writes back must not be overtaken here at least. */
  private readonly turns = new SerialChanges();

  constructor(private readonly given: ReferenceDeliveryStore) {}

  pausedPumps(deliveryKey: string): MaybePromise<readonly string[]> {
    return this.given.getPausedPumps(deliveryKey);
  }

  pause(deliveryKey: string, pumps: readonly string[]): Promise<void> {
    return this.change(deliveryKey, (paused) => [...paused, ...pumps]);
  }

  resume(deliveryKey: string, pumps: readonly string[]): Promise<void> {
    return this.change(deliveryKey, (paused) => paused.filter((pump) => !pumps.includes(pump)));
  }

  private change(deliveryKey: string, next: (paused: readonly string[]) => readonly string[]): Promise<void> {
    return this.turns.run(async () => {
      const paused = await this.given.getPausedPumps(deliveryKey);
      await this.given.setPausedPumps(deliveryKey, [...new Set(next(paused))]);
    });
  }
}
