/** How events are written that are too large for the platform. Sizes are UTF-8 bytes of compact JSON. */
export interface ChunkingOptions {
  /**
   * `false` sends large events as they are, and the platform refuses them. `true` splits them also where the store keeps no
   * parts: for services that only write. Parts that arrive are put together in either case.
   *
   * @default true where the store keeps parts (`typeOrmStore()`, and memory), else false
   */
  enabled?: boolean;

  /**
   * Bytes above which an event is sent in parts. What is encrypted counts as it is sent.
   *
   * @default 64_000, the platform's limit: 64,000 bytes pass, 64,001 do not
   */
  maxEventBytes?: number;

  /**
   * Most bytes of one part. From 306 on, and at most `maxEventBytes`.
   *
   * @default 45_000, or `maxEventBytes` where that is less
   */
  partBudgetBytes?: number;
}

/** {@link ChunkingOptions} with their defaults, but the one that depends on the store. */
export interface ResolvedChunkingOptions {
  readonly enabled: boolean | undefined;
  readonly maxEventBytes: number;
  readonly partBudgetBytes: number;
}

/** The only place that knows the defaults. */
export function resolveChunkingOptions(options: ChunkingOptions = {}): ResolvedChunkingOptions {
  const { enabled, maxEventBytes = 64_000 } = options;
  return {
    enabled,
    maxEventBytes,
    partBudgetBytes: options.partBudgetBytes ?? Math.min(45_000, maxEventBytes),
  };
}
