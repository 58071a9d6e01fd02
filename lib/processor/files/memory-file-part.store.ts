import { type Clock, systemClock } from '../../event/clock.interface.js';
import type { PathwaysLogger } from '../../event/logger.interface.js';
import type {
  FilePartEntry,
  FilePartOutcome,
  FilePartStore,
  StoredFilePart,
} from '../../state/file-part-store.interface.js';

/** How long parts are kept in memory. */
export interface MemoryFilePartStoreOptions {
  readonly logger: PathwaysLogger;
  /**
   * Milliseconds since its newest part after which a file is forgotten, complete or not.
   *
   * @default 86_400_000 (one day)
   */
  readonly ttlMs?: number;
  /** @default the machine's clock */
  readonly clock?: Clock;
}

interface Group {
  readonly parts: Map<number, StoredFilePart>;
  readonly totalParts: number;
  touchedAt: number;
}

/** Parts of files in memory: one process, gone with it. Development and tests. */
export class MemoryFilePartStore implements FilePartStore {
  /** In the order of their newest parts: what has to be forgotten first stands first. */
  private readonly groups = new Map<string, Group>();
  private readonly ttlMs: number;
  private readonly clock: Clock;

  constructor(private readonly options: MemoryFilePartStoreOptions) {
    this.ttlMs = options.ttlMs ?? 86_400_000;
    this.clock = options.clock ?? systemClock;
  }

  /** Files of which parts are kept. */
  get size(): number {
    return this.groups.size;
  }

  storePart({ groupId, part, totalParts, eventId, data }: FilePartEntry): FilePartOutcome {
    this.forgetOld();
    const group = this.groups.get(groupId) ?? { parts: new Map(), totalParts, touchedAt: 0 };
    group.touchedAt = this.clock.now();
    this.groups.delete(groupId);
    this.groups.set(groupId, group);
    const isNew = !group.parts.has(part);
    if (isNew) group.parts.set(part, { part, eventId, data });
    if (group.parts.size < group.totalParts) return { status: isNew ? 'stored' : 'duplicate' };
    return { status: 'complete', parts: [...group.parts.values()].sort((a, b) => a.part - b.part) };
  }

  discard(groupId: string): void {
    this.groups.delete(groupId);
  }

  private forgetOld(): void {
    const oldest = this.clock.now() - this.ttlMs;
    for (const [groupId, { parts, totalParts, touchedAt }] of this.groups) {
      if (touchedAt > oldest) return;
      this.groups.delete(groupId);
      this.options.logger.warn(
        'Parts of a file were forgotten, because the file did not get handled in time',
        {
          groupId,
          parts: parts.size,
          totalParts,
          eventIds: [...parts.values()].slice(0, 10).map(({ eventId }) => eventId),
        },
      );
    }
  }
}
