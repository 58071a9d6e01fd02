// Type tests hold at compile time: `npm run typecheck` fails when one of them does not. Nothing here is ever run.
import { expectTypeOf } from 'vitest';
import {
  batchHandlerBinding,
  CurrentEvents,
  OnEvents,
  PathwaysExecutionContext,
  type BatchAnswer,
  type BatchFailure,
  type HandlerBinding,
  type OnEventsOptions,
  type PathwayEvent,
} from 'nestjs-pathways';
import type { ArgumentsHost } from '@nestjs/common';
import { OrderPlaced } from './contracts.js';

export class Projector {
  @OnEvents(OrderPlaced, { size: 50, waitMs: 20, instance: 'billing', transaction: false })
  nothing(_events: readonly PathwayEvent<OrderPlaced>[]): void {}

  @OnEvents(OrderPlaced)
  async later(_events: readonly PathwayEvent<OrderPlaced>[]): Promise<void> {}

  @OnEvents('order.0/order.placed.0', { size: 5 })
  failures(events: readonly PathwayEvent[]): BatchFailure[] {
    return events.map(({ eventId }) => ({ eventId, error: new Error('no') }));
  }

  @OnEvents({ waitMs: 5 })
  async maybe(
    @CurrentEvents() events: readonly PathwayEvent[],
  ): Promise<readonly BatchFailure[] | undefined> {
    return events.length > 0 ? [] : undefined;
  }

  // A count would be taken for a report of failures that cannot be read.
  // @ts-expect-error a batch handler answers nothing or a list of failures
  @OnEvents(OrderPlaced)
  async count(events: readonly PathwayEvent[]): Promise<number> {
    return events.length;
  }

  // @ts-expect-error rows of an insert are no failures
  @OnEvents(OrderPlaced)
  async rows(): Promise<{ id: string }[]> {
    return [];
  }
}

// @ts-expect-error a size is a number
OnEvents(OrderPlaced, { size: '5' });
// @ts-expect-error unknown options would silently do nothing
OnEvents(OrderPlaced, { wait: 5 });

expectTypeOf<OnEventsOptions>().toEqualTypeOf<{
  size?: number;
  waitMs?: number;
  instance?: string;
  transaction?: boolean;
}>();
expectTypeOf<BatchFailure>().toEqualTypeOf<{ readonly eventId: string; readonly error: unknown }>();
expectTypeOf<undefined>().toExtend<BatchAnswer>();
expectTypeOf(PathwaysExecutionContext.of<OrderPlaced>({} as ArgumentsHost).events).toEqualTypeOf<
  readonly PathwayEvent<OrderPlaced>[]
>();
expectTypeOf(
  batchHandlerBinding({ pathway: 'a/b', where: 'here', size: 1, waitMs: 0, invoke: () => {} }),
).toEqualTypeOf<HandlerBinding>();
