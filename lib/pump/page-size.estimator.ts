/** A first page is small: nothing is known of the events' size, and a thousand of a megabyte each must not arrive at once. */
const FIRST_PAGE = 16;
const GROWTH = 4;

/** Chooses page sizes so that a page fits into the free bytes of a buffer, going by the pages before it. */
export class PageSizeEstimator {
  private limit = FIRST_PAGE;
  private bytesPerEvent = 1;

  next(freeEvents: number, freeBytes: number): number {
    return Math.max(1, Math.min(freeEvents, this.limit, Math.floor(freeBytes / this.bytesPerEvent)));
  }

  learn(events: number, bytes: number): void {
    if (events === 0) return;
    const seen = bytes / events;
    // Up at once, down slowly: one page of small events among big ones must not open the gate.
    this.bytesPerEvent = Math.max(1, seen > this.bytesPerEvent ? seen : (seen + this.bytesPerEvent) / 2);
    this.limit = Math.min(this.limit * GROWTH, 1_000_000);
  }
}
