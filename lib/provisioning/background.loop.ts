import { AsyncResource } from 'node:async_hooks';
import type { Clock } from '../event/clock.interface.js';
import { WakeUp } from '../event/wake-up.js';

/**
 * Does something at once and then again and again, one after the other.
 *
 * States: *created* → *running* → *stopped*; it does not start again.
 */
export class BackgroundLoop {
  private readonly context: AsyncResource;
  private readonly bell: WakeUp;
  private readonly stopping = new AbortController();
  private running: Promise<void> | undefined;

  /** @param work must not reject: nobody is there to hear it. */
  constructor(
    name: string,
    clock: Clock,
    private readonly everyMs: number,
    private readonly work: (signal: AbortSignal) => Promise<void>,
  ) {
    this.context = new AsyncResource(name);
    this.bell = new WakeUp(clock);
  }

  start(): void {
    // Whoever starts it has a request or a transaction of its own; the loop outlives both.
    this.running ??= this.context.runInAsyncScope(() => this.run());
  }

  /** Does it now, or again when it is being done. */
  wake(): void {
    this.bell.ring();
  }

  /** Resolves when the round under way is over. */
  async stop(): Promise<void> {
    this.stopping.abort(new Error('The application stops'));
    await this.running;
  }

  private async run(): Promise<void> {
    const { signal } = this.stopping;
    while (!signal.aborted) {
      await this.work(signal);
      await this.bell.wait(this.everyMs, signal);
    }
  }
}
