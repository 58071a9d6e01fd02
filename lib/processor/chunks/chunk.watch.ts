import { sleep, withJitter, type Clock } from '../../event/clock.interface.js';
import { errorFields, type PathwaysLogger } from '../../event/logger.interface.js';
import type { ChunkStore, ExpiredChunk } from '../../state/chunk-store.interface.js';

/** What the watch works with. */
export interface ChunkWatchOptions {
  readonly chunks: ChunkStore;
  readonly clock: Clock;
  readonly logger: PathwaysLogger;
}

const EVERY_MS = 60_000;

/**
 * Removes the parts whose time is over, and reports events that were never complete: nobody else would ever tell that they
 * are missing.
 *
 * States: *created* → *running* (a look once a minute) → *stopped*.
 */
export class ChunkWatch {
  private readonly stopping = new AbortController();
  private running: Promise<void> | undefined;

  constructor(private readonly options: ChunkWatchOptions) {}

  start(): void {
    this.running ??= this.run();
  }

  /** Resolves when the look under way is done. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
  }

  /** One look. Rejects with the store's error. */
  async runOnce(): Promise<void> {
    for (const chunk of await this.options.chunks.takeExpired()) this.report(chunk);
  }

  private async run(): Promise<void> {
    const { clock, logger } = this.options;
    const { signal } = this.stopping;
    for (;;) {
      await sleep(clock, withJitter(EVERY_MS, 0.2), signal);
      if (signal.aborted) return;
      try {
        await this.runOnce();
      } catch (error) {
        logger.warn(
          'Looking for incomplete large events failed; it is tried again later',
          errorFields(error),
        );
      }
    }
  }

  private report({ chunkId, totalParts, parts }: ExpiredChunk): void {
    const there = new Set(parts.map(({ part }) => part));
    const missing = Array.from({ length: totalParts }, (_, at) => at + 1).filter((part) => !there.has(part));
    this.options.logger.warn(
      `The large event of chunk ${chunkId} was not handled: of its ${totalParts} parts ${ranges([...there])} arrived, and ${ranges(missing)} did not in time. Its parts here are removed. If a write failed half-way, write it again; else reset the pump to before its first part.`,
      { chunkId, totalParts, parts: [...there], missing, eventIds: parts.map(({ eventId }) => eventId) },
    );
  }
}

/** `1-3, 7` for 1, 2, 3, 7. */
function ranges(numbers: readonly number[]): string {
  const found: [from: number, to: number][] = [];
  for (const number of numbers) {
    const last = found.at(-1);
    if (last && last[1] === number - 1) last[1] = number;
    else found.push([number, number]);
  }
  return found.map(([from, to]) => (from === to ? String(from) : `${from}-${to}`)).join(', ');
}
