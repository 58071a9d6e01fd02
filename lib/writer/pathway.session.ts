import type { FilePayload } from '../contract/file-payload.js';
import type { EventClass } from '../contract/pathway.options.js';
import { isPromiseLike } from '../event/maybe-promise.type.js';
import type { PathwayKey } from '../event/pathway-key.util.js';
import type { OutboxReference } from '../state/outbox-reference.js';
import type { AnyWriteInput, EventWriter, PathwayTarget } from './event-writer.interface.js';
import type { BatchItem, FileInput, FileWrite, FileWriteInput } from './files/file-write.input.js';
import type { SessionUserResolverStore } from './session-user-resolver.store.js';
import { userResolverOf, type AuditUserResolver, type UserResolver } from './user-resolver.interface.js';
import type { BatchWriteInput, OutboxWriteOptions, WriteInput } from './write.options.js';

/** Where sessions leave who writes in them. */
export interface PathwaySessionDependencies {
  /** The writer's `write`, of anything. */
  write(target: PathwayTarget, input: AnyWriteInput): Promise<string | string[]>;
  readonly userResolvers: SessionUserResolverStore;
  readonly userResolverTtlMs: number;
}

/** Writes events in one session: each carries the session's id, and the session's user where it has one. */
export class PathwaySession implements EventWriter {
  /** The registration of a resolver that an asynchronous store has not confirmed yet. */
  private pending: Promise<void> | undefined;

  constructor(
    private readonly deps: PathwaySessionDependencies,
    readonly sessionId: string,
  ) {}

  /**
   * Says who writes in this session, in the session of the same id anywhere in this process. Kept for
   * `sessionUserResolverTtlMs` after the last use.
   */
  withUserResolver(resolver: UserResolver | AuditUserResolver): this {
    const { userResolvers, userResolverTtlMs } = this.deps;
    const kept = userResolvers.set(this.sessionId, userResolverOf(resolver), userResolverTtlMs);
    if (isPromiseLike(kept)) {
      this.pending = Promise.resolve(kept);
      // Its failure is the next write's; without one it must not end the process.
      this.pending.catch(() => undefined);
    } else this.pending = undefined;
    return this;
  }

  /** The same as `PathwayWriter.write`, in this session. A session id among the options of a write wins. */
  write<TPayload extends FilePayload>(
    target: EventClass<TPayload>,
    input: FileWriteInput<NoInfer<TPayload>>,
  ): Promise<string[]>;
  write<TData extends FileInput>(target: PathwayKey, input: FileWrite<TData>): Promise<string[]>;
  write<TPayload>(
    target: PathwayTarget<TPayload>,
    input: BatchWriteInput<BatchItem<NoInfer<TPayload>>> & { options: OutboxWriteOptions },
  ): Promise<OutboxReference[]>;
  write<TPayload>(
    target: PathwayTarget<TPayload>,
    input: WriteInput<NoInfer<TPayload>> & { options: OutboxWriteOptions },
  ): Promise<OutboxReference>;
  write<TPayload>(
    target: PathwayTarget<TPayload>,
    input: BatchWriteInput<BatchItem<NoInfer<TPayload>>>,
  ): Promise<string[]>;
  write<TPayload>(target: PathwayTarget<TPayload>, input: WriteInput<NoInfer<TPayload>>): Promise<string>;
  async write(target: PathwayTarget, input: AnyWriteInput): Promise<string | string[]> {
    // A write that overtook the registration would carry another user, or none.
    if (this.pending) await this.pending;
    const options = { ...input.options, sessionId: input.options?.sessionId ?? this.sessionId };
    return this.deps.write(target, { ...input, options });
  }
}
