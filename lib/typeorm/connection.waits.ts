import type { Pool } from 'pg';
import type { Clock } from '../event/clock.interface.js';
import type { PathwaysLogger } from '../event/logger.interface.js';

/** Longer than this, a wait for a connection is worth a word. Milliseconds. */
const LONG_WAIT_MS = 1_000;

/** Between two words about it. */
const QUIET_MS = 60_000;

/** What the waits are told by. */
export interface ConnectionWaitsOptions {
  readonly pool: () => Pool;
  readonly clock: () => Clock;
  readonly logger: () => PathwaysLogger;
}

/** Says which option to raise when something waits long for a connection: without it, an event waits in silence. */
export class ConnectionWaits {
  private lastWordAt = -Infinity;

  constructor(private readonly options: ConnectionWaitsOptions) {}

  /** Most connections of the pool. */
  get poolSize(): number {
    return this.options.pool().options.max ?? 10;
  }

  /**
   * To be called before a connection is asked for; what it returns, when it is there or never will be. Nothing in the usual
   * case, which costs nothing: whoever finds one that is free, or may open one, does not wait in line.
   */
  acquiring(): (() => void) | undefined {
    const { idleCount, totalCount, waitingCount } = this.options.pool();
    if (waitingCount < idleCount + this.poolSize - totalCount) return undefined;
    return this.waiting(() => `all ${this.poolSize} of the pool are in use, by handlers or the application`);
  }

  /** The same for a wait that is none of the pool. @param why asked when there is a word to say */
  waiting(why: () => string): () => void {
    const clock = this.options.clock();
    const since = clock.now();
    const word = clock.startTimer(LONG_WAIT_MS, () => this.warn(why(), clock.now()));
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      word.cancel();
      if (clock.now() - since > LONG_WAIT_MS) this.warn(why(), clock.now());
    };
  }

  private warn(why: string, now: number): void {
    if (now - this.lastWordAt < QUIET_MS) return;
    this.lastWordAt = now;
    this.options
      .logger()
      .warn(
        `Waited longer than ${LONG_WAIT_MS} ms for a database connection: ${why}. Raise extra.max (poolSize) of the TypeORM DataSource, lower the pump's concurrency, or make what holds the connections shorter.`,
      );
  }
}
