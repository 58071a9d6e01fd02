import { sleep, withJitter, type Clock } from '../../event/clock.interface.js';
import { errorFields, type PathwaysLogger } from '../../event/logger.interface.js';

/** Something to be done again and again. */
export interface Chore {
  readonly name: string;
  /** Milliseconds between two times, ± 20 %; 0 is never. */
  readonly everyMs: number;
  run(signal: AbortSignal): Promise<unknown>;
}

/** Does chores in the background. One that fails is done again next time; none keeps the process alive. */
export class Housekeeper {
  private readonly stopping = new AbortController();
  private loops: Promise<void>[] = [];

  constructor(
    private readonly clock: Clock,
    private readonly logger: PathwaysLogger,
  ) {}

  start(chores: readonly Chore[]): void {
    this.loops = chores.filter(({ everyMs }) => everyMs > 0).map((chore) => this.repeat(chore));
  }

  /** Resolves when the chore under way is done. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await Promise.all(this.loops);
  }

  private async repeat(chore: Chore): Promise<void> {
    const { signal } = this.stopping;
    for (;;) {
      await sleep(this.clock, withJitter(chore.everyMs, 0.2), signal);
      if (signal.aborted) return;
      try {
        await chore.run(signal);
      } catch (error) {
        this.logger.warn(`${chore.name} failed; it is tried again later`, errorFields(error));
      }
    }
  }
}
