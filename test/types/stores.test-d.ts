// Type tests hold at compile time: `npm run typecheck` fails when one of them does not. Nothing here is ever run.
import { expectTypeOf } from 'vitest';
import {
  MemoryChunkStore,
  MemoryPathwayState,
  type ChunkingOptions,
  type ChunkPart,
  type ChunkProgress,
  type ChunkStore,
  type ExpiredChunk,
  type CursorStore,
  type DeadLetter,
  type DeadLetterFilter,
  type DeadLetterStore,
  type DeliveryStore,
  type EventClaim,
  type EventStatus,
  type FencingToken,
  type FlowcoreEvent,
  type Lease,
  type LeaseStore,
  type OrderedClaim,
  type PathwayKey,
  type PathwaysStore,
  type PathwayState,
  type PumpCursor,
  type PumpId,
} from 'nestjs-pathways';

/** What users write to keep cursors elsewhere: synchronous or not, with as few parameters as they need. */
export class OwnCursors implements CursorStore {
  private cursor: PumpCursor | undefined;
  async load({ tenant, dataCore, flowType, pumpGroup }: PumpId): Promise<PumpCursor | undefined> {
    expectTypeOf([tenant, dataCore, flowType, pumpGroup]).toEqualTypeOf<string[]>();
    return this.cursor;
  }
  save(_pump: PumpId, cursor: PumpCursor): void {
    this.cursor = cursor;
  }
  clear(): void {
    this.cursor = undefined;
  }
}
expectTypeOf<OwnCursors>().toExtend<CursorStore>();
expectTypeOf<PathwaysStore['cursors']>().toEqualTypeOf<CursorStore>();
expectTypeOf<Parameters<CursorStore['save']>>().toEqualTypeOf<[PumpId, PumpCursor, FencingToken]>();
expectTypeOf<ReturnType<CursorStore['load']>>().toEqualTypeOf<
  PumpCursor | undefined | Promise<PumpCursor | undefined>
>();

// @ts-expect-error a store that cannot forget a cursor cannot be reset
export class WithoutClear implements CursorStore {
  load(): undefined {}
  save(): void {}
}
export class WrongCursor implements CursorStore {
  // @ts-expect-error a cursor is more than an id
  load(): string {
    return 'id';
  }
  save(): void {}
  clear(): void {}
}

declare const cursor: PumpCursor;
expectTypeOf(cursor).toEqualTypeOf<{
  readonly timeBucket: string;
  readonly eventId?: string;
  readonly generation?: number;
  readonly origin?: string;
  readonly stopAt?: string;
  readonly hasStopped?: boolean;
  readonly caughtUpAt?: number;
}>();
// @ts-expect-error the pump's own value: a store keeps it as it is
cursor.generation = 1;

// The other parts.
expectTypeOf(new MemoryPathwayState({ ttlMs: 1, maxMarks: 1 })).toExtend<PathwayState>();
// @ts-expect-error unknown keys are refused
export const marks = new MemoryPathwayState({ ttl: 1 });
expectTypeOf<EventStatus>().toEqualTypeOf<'processed' | 'dead-lettered'>();
expectTypeOf<EventClaim>().toEqualTypeOf<'claimed' | 'processed' | 'dead-lettered'>();
expectTypeOf<PathwayState['claim']>().parameters.toEqualTypeOf<
  [eventId: string, generation: number, purpose?: 'delivery' | 'replay']
>();
expectTypeOf<PathwayState['claim']>().returns.toEqualTypeOf<EventClaim | Promise<EventClaim>>();
expectTypeOf<PathwayState['markTtlMs']>().toEqualTypeOf<number>();

expectTypeOf<Awaited<ReturnType<DeadLetterStore['list']>>>().toEqualTypeOf<readonly DeadLetter[]>();
expectTypeOf<Parameters<DeadLetterStore['list']>>().toEqualTypeOf<
  [filter?: DeadLetterFilter | undefined, limit?: number | undefined, after?: number | undefined]
>();
expectTypeOf<DeadLetter['sequence']>().toEqualTypeOf<number | undefined>();
expectTypeOf<Parameters<DeadLetterStore['remove']>>().toEqualTypeOf<
  [eventId: string, generation?: number | undefined]
>();
expectTypeOf<DeadLetter['reason']>().toEqualTypeOf<'failed' | 'parked' | 'invalid'>();
expectTypeOf<DeadLetter['event']>().toEqualTypeOf<FlowcoreEvent>();
expectTypeOf<DeadLetter['pathway']>().toEqualTypeOf<PathwayKey>();

expectTypeOf<Awaited<ReturnType<LeaseStore['acquire']>>>().toEqualTypeOf<Lease | undefined>();
expectTypeOf<Awaited<ReturnType<LeaseStore['renew']>>>().toEqualTypeOf<boolean>();
expectTypeOf<Lease['token']>().toEqualTypeOf<FencingToken>();

/** Where parts of large events are kept elsewhere. */
export class OwnChunks implements ChunkStore {
  private readonly parts: ChunkPart[] = [];
  async storePart(part: ChunkPart): Promise<ChunkProgress> {
    this.parts.push(part);
    return { status: 'complete', firstEventId: part.eventId };
  }
  load(): readonly string[] {
    return this.parts.map(({ data }) => data);
  }
  finish(): void {}
  async takeExpired(): Promise<readonly ExpiredChunk[]> {
    return [];
  }
}
expectTypeOf<PathwaysStore['chunks']>().toEqualTypeOf<ChunkStore | undefined>();
expectTypeOf<MemoryChunkStore>().toExtend<ChunkStore>();
// @ts-expect-error who says that an event is complete has to say which one it is
export const nameless: ChunkProgress = { status: 'complete' };
expectTypeOf<{ partBudgetBytes: number }>().toExtend<ChunkingOptions>();
// @ts-expect-error sizes are numbers of bytes
export const sizes: ChunkingOptions = { maxEventBytes: '64kB' };

/** The look for dead letters in the claim: an optional part of a store of one's own. */
expectTypeOf<OrderedClaim>().toEqualTypeOf<{
  readonly eventId: string;
  readonly generation: number;
  readonly purpose: 'delivery' | 'replay';
  readonly source: string;
  readonly orderKey: string;
}>();
expectTypeOf<Omit<PathwaysStore, 'claimInOrder' | 'runInOrder'>>().toExtend<PathwaysStore>();
export const ordered: Pick<PathwaysStore, 'claimInOrder' | 'runInOrder'> = {
  claimInOrder: ({ orderKey }) => (orderKey === 'k' ? 'claimed-behind' : 'claimed'),
  runInOrder: async ({ source }, attempt) => {
    await attempt(source);
    return 'behind';
  },
};
export const unclaimed: Pick<PathwaysStore, 'claimInOrder'> = {
  // @ts-expect-error that is the answer of a transaction, which has nothing left to hold
  claimInOrder: () => 'behind',
};

// A store of pauses may tell of changes, and then takes a listener and gives its end.
expectTypeOf<DeliveryStore['onChanged']>().toEqualTypeOf<
  ((deliveryKey: string, look: () => void) => () => void) | undefined
>();
