/** How the outbox is emptied. */
export interface OutboxOptions {
  /**
   * `true` sends every write through the outbox that does not say `outbox: false`, nor its pathway.
   *
   * @default true when `outbox` is given as an object
   */
  enabled?: boolean;

  /**
   * Requests in flight at once. Events of one order key are never in two of them.
   *
   * @default 4
   */
  concurrency?: number;

  /**
   * Milliseconds between two looks for entries nobody has told about, ± 20 %.
   *
   * @default 1_000
   */
  pollIntervalMs?: number;

  /**
   * Longest wait, in milliseconds, before an entry that failed is tried again. The first is 250 and each one doubles,
   * ± 20 %.
   *
   * @default 60_000
   */
  maxRetryDelayMs?: number;

  /**
   * Milliseconds sent entries are kept, to be looked at.
   *
   * @default 3_600_000 (an hour)
   */
  retentionMs?: number;

  /**
   * `false`: this instance only writes; another one relays.
   *
   * @default true
   */
  relay?: boolean;
}

/** {@link OutboxOptions} with every default. */
export type ResolvedOutboxOptions = Required<OutboxOptions>;

/** @param given `true` for every write, without: for those that ask. */
export function resolveOutboxOptions(given: boolean | OutboxOptions | undefined): ResolvedOutboxOptions {
  const options = typeof given === 'object' ? given : {};
  return {
    enabled: options.enabled ?? (given !== undefined && given !== false),
    concurrency: options.concurrency ?? 4,
    pollIntervalMs: options.pollIntervalMs ?? 1_000,
    maxRetryDelayMs: options.maxRetryDelayMs ?? 60_000,
    retentionMs: options.retentionMs ?? 3_600_000,
    relay: options.relay ?? true,
  };
}
