// Type tests hold at compile time: `npm run typecheck` fails when one of them does not. Nothing here is ever run.
import { expectTypeOf } from 'vitest';
import {
  PathwayRouter,
  statusOfDelivery,
  type EventDeliveryResult,
  type EventOutcome,
  type EventProcessor,
  type PathwaysEngine,
  type PathwayWriter,
  type PumpFilter,
  type PumpManager,
  type PumpPosition,
  type PumpResetOptions,
  type PumpState,
  type PumpStatus,
  type PumpStop,
  type RoutedEvent,
  type RouterProcessor,
} from 'nestjs-pathways';

declare const pumps: PumpManager;
expectTypeOf(pumps.start()).toEqualTypeOf<Promise<void>>();
expectTypeOf(pumps.stop({ timeoutMs: 1 })).toEqualTypeOf<Promise<void>>();
expectTypeOf(pumps.drain()).toEqualTypeOf<Promise<void>>();
expectTypeOf(pumps.runOnce()).toEqualTypeOf<Promise<void>>();
expectTypeOf(pumps.status()).toEqualTypeOf<PumpStatus[]>();
expectTypeOf(pumps.pause).parameters.toEqualTypeOf<[filter?: PumpFilter | undefined]>();
expectTypeOf(pumps.resume).parameters.toEqualTypeOf<[filter?: PumpFilter | undefined]>();
expectTypeOf(pumps.reset).parameters.toEqualTypeOf<
  [position?: PumpPosition | undefined, options?: PumpResetOptions | undefined]
>();
void pumps.reset();
void pumps.reset(new Date(), { flowTypes: ['order.0'], pumpGroups: ['slow'] });
void pumps.reset({ timeBucket: '20260501100000', eventId: 'id' });
void pumps.reset('beginning', { keys: ['order.0::default'], stopAt: new Date() });
void pumps.reset('beginning', { stopAt: { timeBucket: '20260501100000' } });
// @ts-expect-error an event id alone is given as it is
void pumps.reset('beginning', { stopAt: { eventId: 'id' } });
expectTypeOf(pumps.whenDone).parameters.toEqualTypeOf<[filter?: PumpFilter | undefined]>();
expectTypeOf<PumpStop>().toEqualTypeOf<Date | string | { timeBucket: string; eventId?: string }>();
// @ts-expect-error a position is a time, an id, a bucket or a word, not milliseconds
void pumps.reset(1_700_000_000_000);
// @ts-expect-error unknown keys would mean all pumps
pumps.pause({ flowType: 'order.0' });
// @ts-expect-error a number says no unit
void pumps.stop(1_000);

expectTypeOf<PumpState>().toEqualTypeOf<
  'stopped' | 'starting' | 'catching-up' | 'live' | 'paused' | 'backing-off' | 'halted' | 'done'
>();
expectTypeOf<PumpStatus['state']>().toEqualTypeOf<PumpState>();
expectTypeOf<PumpStatus['stopAt']>().toEqualTypeOf<
  { readonly timeBucket: string; readonly eventId: string } | undefined
>();
expectTypeOf<PumpStatus['lastError']>().toEqualTypeOf<string | undefined>();
expectTypeOf<PumpStatus['counters']['fetched']>().toEqualTypeOf<number>();

declare const processor: EventProcessor;
expectTypeOf(processor).toExtend<RouterProcessor>();
const router = new PathwayRouter(processor, ['new', 'old'] as const, { maxEvents: 10 });
// Anything may be posted and any header may be missing: both are checked, not assumed.
expectTypeOf(router.processEvent).parameters.toEqualTypeOf<[event: unknown, secret: unknown]>();
expectTypeOf(router.processEvent(null, undefined)).toEqualTypeOf<Promise<RoutedEvent>>();
expectTypeOf(router.processEvents([], 's')).toEqualTypeOf<Promise<EventDeliveryResult[]>>();
expectTypeOf<RoutedEvent>().toEqualTypeOf<{ readonly success: true; readonly message: string }>();
expectTypeOf(statusOfDelivery).toEqualTypeOf<(results: readonly EventDeliveryResult[]) => number>();
// @ts-expect-error a router without a secret would let everybody in
export const open = new PathwayRouter(processor);
// @ts-expect-error unknown keys are refused
export const mistyped = new PathwayRouter(processor, 's', { maxEvent: 10 });

declare const outcome: EventOutcome;
if (outcome.status === 'dead-lettered' || outcome.status === 'halted') {
  expectTypeOf(outcome.error).toEqualTypeOf<Error>();
} else expectTypeOf(outcome.status).toEqualTypeOf<'processed' | 'skipped' | 'aborted'>();

declare const engine: PathwaysEngine;
expectTypeOf(engine.pumps).toEqualTypeOf<PumpManager>();
expectTypeOf(engine.writer).toEqualTypeOf<PathwayWriter>();
expectTypeOf(engine.processor).toEqualTypeOf<EventProcessor>();
