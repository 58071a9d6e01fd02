import { AsyncResource } from 'node:async_hooks';
import { sleep, type Clock } from '../event/clock.interface.js';

/**
 * Does something at once and then again and again, one after the other.
 *
 * States: *created* → *running* → *stopped*; it does not start again.
 */
export class BackgroundLoop {
  private readonly context: AsyncResource;
  private readonly stopping = new AbortController();
  private running: Promise<void> | undefined;

  /** @param work must not reject: nobody is there to hear it. */
  constructor(
    name: string,
    private readonly clock: Clock,
    private readonly everyMs: number,
    private readonly work: (signal: AbortSignal) => Promise<void>,
  ) {
    this.context = new AsyncResource(name);
  }

  start(): void {
    // Whoever starts it has a request or a transaction of its own; the loop outlives both.
    this.running ??= this.context.runInAsyncScope(() => this.run());
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
      await sleep(this.clock, this.everyMs, signal);
    }
  }
}
