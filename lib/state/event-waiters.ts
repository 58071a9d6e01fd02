/** How a waited-for event ended. */
export type EventEnd =
  { readonly status: 'processed' } | { readonly status: 'dead-lettered'; readonly error: Error };

/** A registered wait. */
export interface EventWait {
  readonly end: Promise<EventEnd>;
  cancel(): void;
}

/** Wakes waiting writes the moment their event ends in this process: no polling. */
export class EventWaiters {
  private readonly waiting = new Map<string, Set<(end: EventEnd) => void>>();

  /** How many events somebody waits for. Checked on the hot path before anything is built for `settle`. */
  get size(): number {
    return this.waiting.size;
  }

  wait(eventId: string): EventWait {
    let wake!: (end: EventEnd) => void;
    const end = new Promise<EventEnd>((resolve) => (wake = resolve));
    const waiters = this.waiting.get(eventId) ?? new Set();
    waiters.add(wake);
    this.waiting.set(eventId, waiters);
    return {
      end,
      cancel: () => {
        waiters.delete(wake);
        if (waiters.size === 0 && this.waiting.get(eventId) === waiters) this.waiting.delete(eventId);
      },
    };
  }

  settle(eventId: string, end: EventEnd): void {
    const waiters = this.waiting.get(eventId);
    if (!waiters) return;
    this.waiting.delete(eventId);
    for (const wake of waiters) wake(end);
  }
}
