import { systemClock, type Clock } from '../event/clock.interface.js';
import type { ChunkPart, ChunkProgress, ChunkStore, ExpiredChunk } from './chunk-store.interface.js';

/** How long the memory store waits for missing parts. */
export interface MemoryChunkStoreOptions {
  /**
   * Milliseconds a chunk is kept after its last part.
   *
   * @default 3_600_000 (one hour)
   */
  ttlMs?: number;

  /** Where "now" comes from. @default the machine's clock */
  clock?: Clock;
}

interface Chunk {
  readonly totalParts: number;
  readonly digest: string;
  readonly parts: Map<number, ChunkPart>;
  expiresAt: number;
  isFinished: boolean;
}

/** Parts in memory: one process, gone with it. Development and tests. */
export class MemoryChunkStore implements ChunkStore {
  private readonly clock: Clock;
  private readonly ttlMs: number;
  private readonly chunks = new Map<string, Chunk>();

  constructor(options: MemoryChunkStoreOptions = {}) {
    this.clock = options.clock ?? systemClock;
    this.ttlMs = options.ttlMs ?? 3_600_000;
  }

  storePart(part: ChunkPart): ChunkProgress {
    const { chunkId, totalParts, digest } = part;
    let chunk = this.chunks.get(chunkId);
    if (!chunk) {
      chunk = { totalParts, digest, parts: new Map(), expiresAt: 0, isFinished: false };
      this.chunks.set(chunkId, chunk);
    }
    if (chunk.totalParts !== totalParts || chunk.digest !== digest) return { status: 'inconsistent' };
    const known = chunk.parts.get(part.part);
    if (known && known.data !== part.data) return { status: 'conflict' };
    if (!known) chunk.parts.set(part.part, part);
    chunk.expiresAt = this.clock.now() + this.ttlMs;
    const first = chunk.parts.get(1);
    if (first && isComplete(chunk)) return { status: 'complete', firstEventId: first.eventId };
    return { status: known ? 'duplicate' : 'stored' };
  }

  load(chunkId: string): readonly string[] | undefined {
    const chunk = this.chunks.get(chunkId);
    if (!chunk || !isComplete(chunk)) return undefined;
    return inOrder(chunk).map(({ data }) => data);
  }

  finish(chunkId: string): void {
    const chunk = this.chunks.get(chunkId);
    if (chunk) chunk.isFinished = true;
  }

  takeExpired(): readonly ExpiredChunk[] {
    const expired: ExpiredChunk[] = [];
    for (const [chunkId, chunk] of this.chunks) {
      if (chunk.expiresAt > this.clock.now()) continue;
      if (!chunk.isFinished && isComplete(chunk)) continue;
      this.chunks.delete(chunkId);
      if (chunk.isFinished) continue;
      const parts = inOrder(chunk).map(({ part, eventId }) => ({ part, eventId }));
      expired.push({ chunkId, totalParts: chunk.totalParts, parts });
    }
    return expired;
  }
}

function isComplete({ parts, totalParts }: Chunk): boolean {
  return parts.size === totalParts;
}

function inOrder({ parts }: Chunk): ChunkPart[] {
  return [...parts.values()].sort((a, b) => a.part - b.part);
}
