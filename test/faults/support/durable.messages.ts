/** A moment at which the service ends itself as `kill -9` would, or freezes. */
export interface CrashPoint {
  readonly at: 'before-handler' | 'after-effect' | 'after-commit';
  /** The event, by its number. */
  readonly n: number;
  /** `SIGSTOP` stops it in its tracks, once, until the test wakes it. @default 'SIGKILL' */
  readonly signal?: 'SIGSTOP' | 'SIGKILL';
}

/** How a durable service is started. */
export interface DurableOptions {
  readonly platform: string;
  readonly database: string;
  /** Written beside every effect. */
  readonly name: string;
  /** Pulls events; otherwise they only arrive at its webhook. */
  readonly pump: boolean;
  readonly concurrency: number;
  /**
   * What it does with an event of its pathway. `none`: it only writes; `batches`: up to ten at a time; `files`: events are
   * the parts of files; `cls`: it joins the transaction through `@nestjs-cls/transactional`.
   */
  readonly handler: 'transactional' | 'cls' | 'batches' | 'files' | 'plain' | 'failing' | 'none';
  /** @default 'a.0/b.0' */
  readonly pathway?: `${string}/${string}`;
  /** Of its tables. @default none */
  readonly statePrefix?: string;
  /** Schema of the tables of its effects. @default 'public' */
  readonly effects?: string;
  /** Milliseconds the mark of a finished event is kept. @default 300_000, as for everybody */
  readonly ttlMs?: number;
  readonly crash?: CrashPoint;
  /** @default 300_000, as for everybody */
  readonly lookBackMs?: number;
  /** Most events in one request. @default 25, as for everybody */
  readonly maxBatchSize?: number;
  /** Its clock, and the leases it takes, run that many times faster. @default 1 */
  readonly speed?: number;
}

export const SECRET = 'sh-secret';

/** Name of the service's database sessions. */
export const APPLICATION = 'durable-app';

/** From the test to the service. */
export type Command =
  | { readonly kind: 'start'; readonly options: DurableOptions }
  | { readonly kind: 'write'; readonly n: number }
  | { readonly kind: 'look' }
  | { readonly kind: 'stop' };

/** From the service to the test. */
export type Report =
  | { readonly kind: 'started'; readonly webhook: string }
  /** Answer to `look`: what its pump is doing. */
  | { readonly kind: 'pump'; readonly state: string | undefined }
  | { readonly kind: 'written'; readonly n: number }
  | { readonly kind: 'rejected'; readonly n: number; readonly name: string; readonly message: string }
  | { readonly kind: 'logged'; readonly level: 'warn' | 'error'; readonly message: string };
