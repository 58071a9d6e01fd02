import { systemClock, type Clock } from '../event/clock.interface.js';
import type { MaybePromise } from '../event/maybe-promise.type.js';
import type { UserResolver } from './user-resolver.interface.js';

/** Keeps who writes in which session. A store may answer at once or later. */
export interface SessionUserResolverStore {
  /** Gives the resolver of a session that has one, and keeps it for `ttlMs` from now. */
  get(sessionId: string, ttlMs: number): MaybePromise<UserResolver | undefined>;
  /** Keeps a resolver for `ttlMs`; the last one of a session counts. */
  set(sessionId: string, resolver: UserResolver, ttlMs: number): MaybePromise<void>;
  /** Forgets a session, for example at its logout. */
  delete(sessionId: string): MaybePromise<void>;
}

/** Settings of the memory store. */
export interface MemorySessionUserResolverStoreOptions {
  /**
   * Most sessions kept. Beyond it the one unused for longest is dropped, and its next write has the global user.
   *
   * @default 10_000
   */
  maxSessions?: number;

  /** Where "now" comes from. @default the machine's clock */
  clock?: Clock;

  /** Told when a session that was still alive had to make room. @default nobody is told */
  onDropped?: (sessionId: string) => void;
}

interface Entry {
  readonly resolver: UserResolver;
  readonly expiresAt: number;
}

/** Sessions of this process. */
export class MemorySessionUserResolverStore implements SessionUserResolverStore {
  /** Least recently used first: every use puts an entry at the end. */
  private readonly entries = new Map<string, Entry>();
  private readonly clock: Clock;
  private readonly maxSessions: number;

  constructor(private readonly options: MemorySessionUserResolverStoreOptions = {}) {
    this.clock = options.clock ?? systemClock;
    this.maxSessions = options.maxSessions ?? 10_000;
  }

  get(sessionId: string, ttlMs: number): UserResolver | undefined {
    const entry = this.entries.get(sessionId);
    if (!entry) return undefined;
    this.entries.delete(sessionId);
    if (entry.expiresAt <= this.clock.now()) return undefined;
    this.keep(sessionId, entry.resolver, ttlMs);
    return entry.resolver;
  }

  set(sessionId: string, resolver: UserResolver, ttlMs: number): void {
    this.entries.delete(sessionId);
    this.dropExpired();
    this.keep(sessionId, resolver, ttlMs);
    this.makeRoom();
  }

  delete(sessionId: string): void {
    this.entries.delete(sessionId);
  }

  /** How many sessions are kept, expired ones that nobody asked for among them. */
  get size(): number {
    return this.entries.size;
  }

  private keep(sessionId: string, resolver: UserResolver, ttlMs: number): void {
    this.entries.set(sessionId, { resolver, expiresAt: this.clock.now() + ttlMs });
  }

  /** From the front only: with one lifetime for all, what was used first expires first. */
  private dropExpired(): void {
    const now = this.clock.now();
    for (const [sessionId, { expiresAt }] of this.entries) {
      if (expiresAt > now) return;
      this.entries.delete(sessionId);
    }
  }

  /** A process that opens a session per request would otherwise grow until it dies. */
  private makeRoom(): void {
    for (const sessionId of this.entries.keys()) {
      if (this.entries.size <= this.maxSessions) return;
      this.entries.delete(sessionId);
      this.options.onDropped?.(sessionId);
    }
  }
}
