import { PageSizeEstimator } from './page-size.estimator.js';
import type { PumpItem } from './pump-item.interface.js';

/** How much may be held. */
export interface FetchBufferLimits {
  readonly bufferSize: number;
  readonly bufferBytes: number;
}

/** Fetched, and not yet behind the cursor: a slow event must not let the others pile up without limit. */
export class FetchBuffer {
  events = 0;
  bytes = 0;
  private readonly pageSizes = new PageSizeEstimator();
  private roomListener: (() => void) | undefined;

  constructor(private readonly limits: FetchBufferLimits) {}

  add(bytes: number): void {
    this.events++;
    this.bytes += bytes;
  }

  /** The cursor passed a buffered event: its room is free. */
  release(item: PumpItem): void {
    this.events--;
    this.bytes -= item.bytes;
    if (this.roomListener && this.hasRoom()) this.roomListener();
  }

  /** A page arrived. */
  learn(events: number, bytes: number): void {
    this.pageSizes.learn(events, bytes);
  }

  /** Waits for room; tells how many events fit. */
  async room(signal: AbortSignal): Promise<number> {
    if (!this.hasRoom()) await this.untilRoom(signal);
    signal.throwIfAborted();
    const { bufferSize, bufferBytes } = this.limits;
    return this.pageSizes.next(bufferSize - this.events, bufferBytes - this.bytes);
  }

  private hasRoom(): boolean {
    const { bufferSize, bufferBytes } = this.limits;
    // Half a buffer of room, so that a slow handler does not cause a request per event.
    return this.events <= bufferSize / 2 && this.bytes <= bufferBytes / 2;
  }

  private untilRoom(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const leave = () => {
        signal.removeEventListener('abort', leave);
        this.roomListener = undefined;
        resolve();
      };
      this.roomListener = leave;
      if (signal.aborted) leave();
      else signal.addEventListener('abort', leave, { once: true });
    });
  }
}
