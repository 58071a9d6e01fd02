/** How a waited-for event ended. */
export type EventEnd =
  { readonly status: 'processed' } | { readonly status: 'dead-lettered'; readonly error: Error };

/** A registered wait. */
export interface EventWait {
  readonly end: Promise<EventEnd>;
  cancel(): void;
}

/**
 * Wakes waiting writes the moment their event ends in this process: no polling. The copies of a write with an idempotency
 * key have ids of their own and one claim id: such a wait has both names, and ends under either.
 */
export class EventWaiters {
  private readonly waiting = new Map<string, Set<(end: EventEnd) => void>>();

  /** How many names somebody waits under. Checked on the hot path before anything is built for `settle`. */
  get size(): number {
    return this.waiting.size;
  }

  /** @param names the event's id, and its claim id where that is another. */
  wait(...names: readonly string[]): EventWait {
    let wake!: (end: EventEnd) => void;
    const end = new Promise<EventEnd>((resolve) => (wake = resolve));
    for (const name of names) {
      const waiters = this.waiting.get(name) ?? new Set();
      waiters.add(wake);
      this.waiting.set(name, waiters);
    }
    return {
      end,
      cancel: () => {
        for (const name of names) this.forget(name, wake);
      },
    };
  }

  settle(name: string, end: EventEnd): void {
    const waiters = this.waiting.get(name);
    if (!waiters) return;
    this.waiting.delete(name);
    for (const wake of waiters) wake(end);
  }

  private forget(name: string, wake: (end: EventEnd) => void): void {
    const waiters = this.waiting.get(name);
    if (waiters?.delete(wake) && waiters.size === 0) this.waiting.delete(name);
  }
}
