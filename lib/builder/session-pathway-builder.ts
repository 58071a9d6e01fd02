import { randomUUID } from 'node:crypto';
import type { PathwayKey } from '../event/pathway-key.util.js';
import type { AuditUserResolver, UserResolver } from '../writer/user-resolver.interface.js';
import type {
  BuilderBatchWrite,
  BuilderPathways,
  BuilderWrite,
  NoPathways,
  RegisteredKey,
  WrittenIds,
} from './builder-pathways.type.js';
import type { PathwaysBuilder } from './pathways-builder.js';

/** What every input of `write` may have. */
interface WithOptions {
  readonly options?: { readonly sessionId?: string };
}

/** Writes events in one session: each carries the session's id, and the session's user where it has one. */
export class SessionPathwayBuilder<TPathways extends BuilderPathways = NoPathways> {
  /** @param sessionId a v4 UUID by default */
  constructor(
    private readonly builder: PathwaysBuilder<TPathways>,
    private readonly sessionId: string = randomUUID(),
  ) {}

  getSessionId(): string {
    return this.sessionId;
  }

  /**
   * Says who writes in this session, also in other objects of the same session in this process.
   *
   * @throws PathwaysConfigurationError with `enableSessionUserResolvers: false`
   */
  withUserResolver(resolver: UserResolver | AuditUserResolver): this {
    this.builder.withSessionUserResolver(this.sessionId, resolver);
    return this;
  }

  /** The same as `PathwaysBuilder.write`, in this session. A session id among the options of a write wins. */
  write<TKey extends RegisteredKey<TPathways>>(
    key: TKey,
    input: BuilderBatchWrite<TPathways, TKey>,
  ): Promise<string[]>;
  write<TKey extends RegisteredKey<TPathways>>(
    key: TKey,
    input: BuilderWrite<TPathways, TKey>,
  ): Promise<WrittenIds<TPathways, TKey>>;
  write(key: PathwayKey, given: unknown): Promise<unknown> {
    const input = Object(given) as WithOptions;
    const options = { ...input.options, sessionId: input.options?.sessionId ?? this.sessionId };
    return this.builder.write(key as never, { ...input, options } as never);
  }
}
