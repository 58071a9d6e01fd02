import { sleep, type Clock } from './clock.interface.js';

/** A bell that is not missed: a ring before the wait ends the next wait at once. */
export class WakeUp {
  private rung = false;
  private ringing: AbortController | undefined;

  constructor(private readonly clock: Clock) {}

  ring(): void {
    this.rung = true;
    this.ringing?.abort();
  }

  /** Waits for a ring, the time, or the signal. Tells whether it rang. */
  async wait(delayMs: number, signal: AbortSignal): Promise<boolean> {
    if (!this.rung && !signal.aborted) {
      this.ringing = new AbortController();
      const stop = () => this.ringing?.abort();
      signal.addEventListener('abort', stop, { once: true });
      await sleep(this.clock, delayMs, this.ringing.signal);
      signal.removeEventListener('abort', stop);
      this.ringing = undefined;
    }
    const rung = this.rung;
    this.rung = false;
    return rung;
  }
}
