import type { Clock } from '../../lib/event/clock.interface.js';
import type {
  CursorStore,
  EventClaim,
  Lease,
  LeaseStore,
  PathwaysStore,
  PathwayState,
  PumpCursor,
  TransactionRunner,
} from '../../lib/index.js';
import type { EventSource } from '../../lib/platform/event-source.interface.js';

/** When a mark becomes durable. */
export type Marking = 'in one step with the effect' | 'after the effect' | 'behind, before the next cursor';

/** How a process ends. */
export interface Crash {
  /** In its n-th step in a store. */
  readonly inStep: number;
  /** Whether that step was still carried out; its caller never learns. */
  readonly isApplied: boolean;
  /** Cursors saved last that are lost with it. */
  readonly lostSaves: number;
}

/** What outlives every process: marks and effects, cursors, and the lease. */
export class Disk {
  readonly marks = new Set<string>();
  readonly effects = new Map<string, number>();
  readonly saves: PumpCursor[] = [];
  holder: MortalProcess | undefined;
  private token = 0;
  private leaseEndsAt = -Infinity;

  constructor(private readonly clock: Clock) {}

  acquire(process: MortalProcess, key: string, ttlMs: number): Lease | undefined {
    if (this.clock.now() < this.leaseEndsAt) return undefined;
    this.holder = process;
    this.leaseEndsAt = this.clock.now() + ttlMs;
    return { key, token: ++this.token };
  }

  renew({ token }: Lease, ttlMs: number): boolean {
    if (token !== this.token || this.clock.now() >= this.leaseEndsAt) return false;
    this.leaseEndsAt = this.clock.now() + ttlMs;
    return true;
  }

  release({ token }: Lease): void {
    if (token === this.token) this.leaseEndsAt = -Infinity;
  }

  apply(eventId: string): void {
    this.effects.set(eventId, (this.effects.get(eventId) ?? 0) + 1);
  }
}

/** What a process tells whoever watches it. */
export interface MortalProcessOptions {
  readonly disk: Disk;
  readonly clock: Clock;
  readonly marking: Marking;
  onSave(cursor: PumpCursor): void;
  onDeath(): void;
}

/**
 * What one process does to its stores, until it crashes. From then on nothing it has begun or begins has any effect: what is
 * still executed of it here only rejects, as in no process at all.
 */
export class MortalProcess {
  isAlive = true;
  private crash: Crash | undefined;
  private steps = 0;
  /** Marks of which only this process knows. */
  private pending = new Set<string>();

  constructor(private readonly options: MortalProcessOptions) {}

  dieAt(crash: Crash): void {
    this.crash = { ...crash, inStep: this.steps + crash.inStep };
  }

  private step<T>(apply: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      if (!this.isAlive) return reject(new Error('The process is dead'));
      // Two moments at which it may be overtaken by its end: before it is carried out, and before its caller learns.
      this.options.clock.startTimer(1, () => {
        if (!this.isAlive) return reject(new Error('The process is dead'));
        const isLast = this.steps++ === this.crash?.inStep;
        const result = !isLast || this.crash?.isApplied ? apply() : undefined;
        if (isLast) this.die();
        setImmediate(() => (this.isAlive ? resolve(result as T) : reject(new Error('The process is dead'))));
      });
    });
  }

  private die(): void {
    const { disk, onDeath } = this.options;
    this.isAlive = false;
    disk.saves.splice(Math.max(0, disk.saves.length - (this.crash?.lostSaves ?? 0)));
    onDeath();
  }

  readonly cursors: CursorStore = {
    load: () => this.step(() => this.options.disk.saves.at(-1)),
    clear: () => this.step(() => void this.options.disk.saves.splice(0)),
    save: (_pump, cursor) =>
      this.step(() => {
        const { disk, onSave } = this.options;
        for (const eventId of this.pending) disk.marks.add(eventId);
        this.pending.clear();
        onSave(cursor);
        disk.saves.push(cursor);
      }),
  };

  readonly leases: LeaseStore = {
    acquire: (key, ttlMs) => this.step(() => this.options.disk.acquire(this, key, ttlMs)),
    renew: (lease, ttlMs) => this.step(() => this.options.disk.renew(lease, ttlMs)),
    release: (lease) => this.step(() => this.options.disk.release(lease)),
  };

  /** Reads go on to whatever is there, while the process lives. */
  reading(source: EventSource): EventSource {
    const alive = <T>(read: () => Promise<T>): Promise<T> =>
      this.isAlive ? read() : Promise.reject(new Error('The process is dead'));
    return {
      resolveEventTypeIds: (...args) => alive(() => source.resolveEventTypeIds(...args)),
      listTimeBuckets: (...args) => alive(() => source.listTimeBuckets(...args)),
      fetchEvents: (...args) => alive(() => source.fetchEvents(...args)),
    };
  }

  /** What the engine of this process remembers its events with. */
  get store(): Partial<PathwaysStore> {
    const { marking } = this.options;
    return {
      state: this.state,
      ...(marking === 'in one step with the effect' && { transactions: this.transactions }),
    };
  }

  private readonly state: PathwayState = {
    markTtlMs: 86_400_000,
    claim: (eventId) => this.step(() => this.answerTo(eventId)),
    complete: (eventId) => {
      if (this.options.marking !== 'behind, before the next cursor')
        return this.step(() => void this.options.disk.marks.add(eventId));
      if (this.isAlive) this.pending.add(eventId);
    },
    release: () => {},
    statusOf: (eventId) => this.step(() => (this.isMarked(eventId) ? 'processed' : undefined)),
  };

  private readonly transactions: TransactionRunner = {
    run: async ({ eventId }, attempt) => {
      const claim = await this.step(() => this.answerTo(eventId));
      if (claim !== 'claimed') return claim;
      await attempt({});
      return this.step(() => {
        this.options.disk.marks.add(eventId);
        this.options.disk.apply(eventId);
        return 'claimed';
      });
    },
  };

  private answerTo(eventId: string): EventClaim {
    return this.isMarked(eventId) ? 'processed' : 'claimed';
  }

  private isMarked(eventId: string): boolean {
    return this.options.disk.marks.has(eventId) || this.pending.has(eventId);
  }
}
