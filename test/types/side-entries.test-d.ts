// Type tests hold at compile time: `npm run typecheck` fails when one of them does not. Nothing here is ever run.
import { expectTypeOf } from 'vitest';
import {
  MemoryPathwayState,
  type Clock,
  type CursorStore,
  type DeadLetterStore,
  type LeaseStore,
  type PathwaysStore,
  type StoreContext,
} from 'nestjs-pathways';
import {
  startLocalFlowcore,
  type FaultHandle,
  type FaultOptions,
  type LocalFaults,
  type LocalFlowcore,
  type LocalFlowcoreOptions,
} from 'nestjs-pathways/local';
import {
  ControllableClock,
  createStoreContext,
  cursorStoreContract,
  deadLetterEndingContract,
  deadLetterStoreContract,
  eventSignalsContract,
  leaseStoreContract,
  MemoryPlatform,
  pathwayStateContract,
  transactionRunnerContract,
  type ContractCase,
  type MemoryPlatformRequest,
  type StoredEventInput,
} from 'nestjs-pathways/testing';

// Local Flowcore.
expectTypeOf(startLocalFlowcore()).toEqualTypeOf<Promise<LocalFlowcore>>();
const options: LocalFlowcoreOptions = {
  port: 0,
  host: '127.0.0.1',
  data: 'folder',
  strict: true,
  tenants: ['acme'],
  apiKeys: ['key'],
  maxBatchSize: 25,
  heartbeatIntervalMs: 1,
  clock: new ControllableClock(0),
};
void startLocalFlowcore(options);
// @ts-expect-error unknown keys are refused
void startLocalFlowcore({ folder: 'data' });
// @ts-expect-error a port is a number
void startLocalFlowcore({ port: '8080' });

declare const local: LocalFlowcore;
expectTypeOf(local.faults).toEqualTypeOf<LocalFaults>();
expectTypeOf(
  local.faults.add({ kind: 'status', status: 500, when: 'after', times: 1 }),
).toEqualTypeOf<FaultHandle>();
expectTypeOf(local.stop()).toEqualTypeOf<Promise<void>>();
expectTypeOf(local.eventCount({ flowType: 'order.0' })).toEqualTypeOf<number>();
expectTypeOf(local.stats.requests).toEqualTypeOf<Readonly<Record<string, number>>>();
local.faults.add({ kind: 'latency', delayMs: 10, match: { method: 'POST', path: /event/ } });
local.faults.add({ kind: 'lost-notification', flowType: 'order.0' });
// @ts-expect-error there is no such fault
local.faults.add({ kind: 'explode' });
// @ts-expect-error a latency says how long
local.faults.add({ kind: 'latency' });
// @ts-expect-error sockets match no path
local.faults.add({ kind: 'socket-closed', match: { path: '/' } });
// @ts-expect-error an odd event still has a place
void local.appendRaw({ payload: {} });
expectTypeOf<FaultOptions['kind']>().toEqualTypeOf<
  | 'latency'
  | 'status'
  | 'dropped-connection'
  | 'hang'
  | 'truncated-answer'
  | 'lost-notification'
  | 'socket-refused'
  | 'socket-closed'
  | 'socket-half-open'
>();

// Testing.
const clock = new ControllableClock(0);
expectTypeOf(clock).toExtend<Clock>();
expectTypeOf(clock.advance).toEqualTypeOf<(milliseconds: number) => void>();
// @ts-expect-error time is a number of milliseconds
export const wrongClock = new ControllableClock(new Date());

const platform = new MemoryPlatform(clock);
expectTypeOf(platform.store).parameter(0).toEqualTypeOf<StoredEventInput | undefined>();
expectTypeOf(platform.store()).toEqualTypeOf<string>();
expectTypeOf(platform.requests).toEqualTypeOf<MemoryPlatformRequest[]>();
// @ts-expect-error unknown keys are refused
platform.store({ type: 'order.placed.0' });
// @ts-expect-error unknown keys are refused
platform.store({}, { quiet: true });

// Contract suites: what `create` gives follows from what the store is said to be.
const state = new MemoryPathwayState();
declare const cursors: CursorStore;
declare const deadLetters: DeadLetterStore;
declare const leases: LeaseStore;
declare const store: Required<PathwaysStore>;

expectTypeOf<ContractCase>().toEqualTypeOf<{ readonly name: string; readonly run: () => Promise<void> }>();
expectTypeOf(pathwayStateContract(() => ({ store: state }), { shared: false })).toEqualTypeOf<
  ContractCase[]
>();
pathwayStateContract(async () => ({ store: state, openSecond: async () => state, dispose: async () => {} }));
pathwayStateContract(() => ({ store: state, advance: (ms: number) => clock.advance(ms) }), {
  shared: false,
  clock: true,
  limitMs: 1_000,
});
// @ts-expect-error a store is shared unless it says otherwise, and then needs a second instance
pathwayStateContract(() => ({ store: state }));
// @ts-expect-error with a clock it must be able to move on
pathwayStateContract(() => ({ store: state }), { shared: false, clock: true });
// @ts-expect-error unknown traits are refused
pathwayStateContract(() => ({ store: state }), { shared: false, clok: true });
// @ts-expect-error a cursor store is no state
pathwayStateContract(() => ({ store: cursors }), { shared: false });

cursorStoreContract(() => ({ store: cursors, openSecond: () => cursors }), { origin: false });
deadLetterStoreContract(() => ({ store: deadLetters }), { shared: false });
leaseStoreContract(() => ({ store: leases, openSecond: () => leases, advance: async () => {} }), {
  clock: true,
});
deadLetterEndingContract(() => ({ store, openSecond: () => store }));

const effects = { apply: async (_transaction: unknown, _eventId: string) => {}, committed: () => [] };
transactionRunnerContract(() => ({ store, effects, openSecond: () => store }));
transactionRunnerContract(() => ({ store, effects }), { shared: false, batches: false });
// @ts-expect-error what a transaction did must be seen
transactionRunnerContract(() => ({ store, openSecond: () => store }));

eventSignalsContract(() => ({
  open: async (onEnded) => {
    expectTypeOf(onEnded).toEqualTypeOf<StoreContext['onEnded']>();
    await store.open(createStoreContext({ onEnded }));
    return store;
  },
}));
expectTypeOf(createStoreContext).returns.toEqualTypeOf<StoreContext>();
// @ts-expect-error unknown keys are refused
createStoreContext({ onEnd: () => {} });
