import type { Clock } from '../event/clock.interface.js';
import type { MaybePromise } from '../event/maybe-promise.type.js';
import type { DeliveryStore, PauseOrigin } from '../state/delivery-store.interface.js';
import { SerialChanges } from './serial-changes.js';

/**
 * Which pumps are paused, as the store knows it. Reads and writes of this process take turns, and what was asked for here
 * but is not stored yet wins over what is read: a look at the store must not undo a pause it does not know of.
 */
export class PauseLedger {
  private readonly turns = new SerialChanges();
  /** By pump key: paused or not. Stays when the store refused: better a pump too quiet than one that was to be paused. */
  private readonly unstored = new Map<string, boolean>();

  /** What was read last, for those who ask often. */
  private recent: { readonly readAt: number; readonly paused: Promise<ReadonlySet<string>> } | undefined;

  constructor(
    private readonly store: DeliveryStore,
    private readonly deliveryKey: string,
    private readonly clock: Clock,
  ) {}

  /** Remembers it; rejects with the store's error. */
  pause(pumpKeys: readonly string[], origin: PauseOrigin): Promise<void> {
    return this.change(pumpKeys, true, () => this.store.pause(this.deliveryKey, pumpKeys, origin));
  }

  /** Remembers it; rejects with the store's error. */
  resume(pumpKeys: readonly string[]): Promise<void> {
    return this.change(pumpKeys, false, () => this.store.resume(this.deliveryKey, pumpKeys));
  }

  /** Ends the pauses that came from the control plane, as far as the store knows; rejects with its error. */
  lift(pumpKeys: readonly string[]): Promise<void> {
    const { store, deliveryKey } = this;
    this.recent = undefined;
    return this.turns.run(async () => {
      if (store.lift) await store.lift(deliveryKey, pumpKeys);
      else await store.resume(deliveryKey, pumpKeys);
    });
  }

  /** Calls back with the paused ones, in the moment it knows them: whatever is changed here later comes after. */
  read<T>(use: (paused: ReadonlySet<string>) => T): Promise<T> {
    return this.turns.run(async () => {
      const paused = new Set(await this.store.pausedPumps(this.deliveryKey));
      for (const [key, isPaused] of this.unstored) {
        if (isPaused) paused.add(key);
        else paused.delete(key);
      }
      return use(paused);
    });
  }

  /** The paused ones, as they were at most `maxAgeMs` ago; what was changed here counts at once. */
  async lately(maxAgeMs: number): Promise<ReadonlySet<string>> {
    const now = this.clock.now();
    if (!this.recent || now - this.recent.readAt >= maxAgeMs) {
      const recent = { readAt: now, paused: this.read((paused) => paused) };
      this.recent = recent;
      recent.paused.catch(() => {
        if (this.recent === recent) this.recent = undefined;
      });
    }
    return this.recent.paused;
  }

  private change(
    pumpKeys: readonly string[],
    isPaused: boolean,
    store: () => MaybePromise<void>,
  ): Promise<void> {
    for (const key of pumpKeys) this.unstored.set(key, isPaused);
    this.recent = undefined;
    return this.turns.run(async () => {
      await store();
      for (const key of pumpKeys) if (this.unstored.get(key) === isPaused) this.unstored.delete(key);
    });
  }
}
