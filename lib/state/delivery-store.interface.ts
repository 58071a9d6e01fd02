import type { MaybePromise } from '../event/maybe-promise.type.js';

/** Who paused a pump: the application itself (`PumpManager.pause`), or an operator by the control plane. */
export type PauseOrigin = 'application' | 'control-plane';

/**
 * Remembers which pumps of an application are paused, so that a pause outlives restarts and deployments and reaches every
 * instance. Pumps are named `flowType::group`.
 */
export interface DeliveryStore {
  /** @param deliveryKey names the application: its pathway name, or its data core where it has none */
  pausedPumps(deliveryKey: string): MaybePromise<readonly string[]>;
  /**
   * Adds to the paused ones, in one step. Must be durable when it returns.
   *
   * @param origin whose pause it is. Of a pump that both have paused it is the application's. @default 'control-plane'
   */
  pause(deliveryKey: string, pumps: readonly string[], origin?: PauseOrigin): MaybePromise<void>;
  /** Takes away from the paused ones, whoever paused them, in one step. Must be durable when it returns. */
  resume(deliveryKey: string, pumps: readonly string[]): MaybePromise<void>;
  /**
   * Takes those away that the application did not pause itself, in one step. Must be durable when it returns.
   *
   * @default a store without it does not know whose a pause is: each counts as the control plane's, and is taken away
   */
  lift?(deliveryKey: string, pumps: readonly string[]): MaybePromise<void>;
  /**
   * Calls back soon after another instance has changed the pauses of that application, or may have: a call too many costs a
   * look at `pausedPumps`.
   *
   * @default without it, and should a call get lost, every instance looks about every five seconds
   * @returns a function that ends it.
   */
  onChanged?(deliveryKey: string, look: () => void): () => void;
}
