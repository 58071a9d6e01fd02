import { OutboxMissingError } from '../../errors/outbox-missing.error.js';
import type { PathwaysLogger } from '../../event/logger.interface.js';
import type { HeldOutboxRow, OutboxStore } from '../../state/outbox-store.interface.js';
import { rowIdOf } from '../../state/outbox-reference.js';

/** The parts the outbox works with. */
export interface OutboxDependencies {
  readonly store: OutboxStore | undefined;
  readonly logger: PathwaysLogger;
  /** Lets the relay look at once. */
  wake(): void;
}

/** What operators see of the outbox: the entries that cannot be sent. */
export class Outbox {
  constructor(private readonly deps: OutboxDependencies) {}

  get isAvailable(): boolean {
    return this.deps.store !== undefined;
  }

  /**
   * Entries that were set aside, because the platform refuses them for good or no request can be made of them, the oldest
   * first. Later entries of their keys wait behind them.
   */
  async held(limit = 100): Promise<readonly HeldOutboxRow[]> {
    return this.store.held(limit);
  }

  /**
   * Sends entries that were set aside once more.
   *
   * @param ids rows or references.
   * @returns how many there were.
   */
  async retry(ids: readonly string[]): Promise<number> {
    const count = await this.store.retry(ids.map(rowOf));
    this.deps.wake();
    return count;
  }

  /**
   * Gives entries up that were set aside, or were tried in vain so far: what waits behind them is sent. One that was only
   * tried may arrive all the same, when a request with it is on its way or its answer was lost.
   *
   * @param ids rows or references.
   * @returns how many there were.
   */
  async discard(ids: readonly string[]): Promise<number> {
    const count = await this.store.discard(ids.map(rowOf));
    this.deps.logger.warn(`${count} outbox entries were discarded`, { ids });
    this.deps.wake();
    return count;
  }

  private get store(): OutboxStore {
    if (!this.deps.store) throw new OutboxMissingError('An event');
    return this.deps.store;
  }
}

function rowOf(id: string): string {
  return rowIdOf(id) ?? id;
}
