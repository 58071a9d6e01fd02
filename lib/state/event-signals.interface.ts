import type { EventStatus } from './pathway-state.interface.js';

/** Tells waiting writes of other instances how their events ended. */
export interface EventSignals {
  /**
   * Says that this instance waits for these events; their ends are reported to `StoreContext.onEnded`.
   *
   * @param eventIds also the claim ids of writes with an `idempotencyKey`, of some hundred characters: their events may end
   * as another copy, with another id.
   * @returns a function that ends the wait.
   */
  waitFor(eventIds: readonly string[]): () => void;

  /** An event ended in this instance, by its id or its claim id. Called for every event, so it must be cheap while nobody elsewhere waits. */
  ended(eventId: string, status: EventStatus): void;
}
