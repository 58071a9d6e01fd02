import {
  BadRequestException,
  Catch,
  Inject,
  Injectable,
  ParseArrayPipe,
  Scope,
  SetMetadata,
  UseFilters,
  UseGuards,
  UseInterceptors,
  type CallHandler,
  type CanActivate,
  type ExceptionFilter,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { REQUEST } from '@nestjs/core';
import { type TestingModule } from '@nestjs/testing';
import { afterEach, describe, expect, it } from 'vitest';
import {
  CurrentEvent,
  CurrentEvents,
  EventContext,
  EventMetadata,
  getEngineToken,
  OnEvent,
  OnEvents,
  PathwayHandlerDuplicateError,
  PathwaysExecutionContext,
  Payload,
  type BatchFailure,
  type EventOutcome,
  type PathwayEvent,
  type PathwaysEngine,
  type PathwaysRequest,
} from 'nestjs-pathways';
import { Apps, storedEvent } from './support/app.js';
import { ORDER_PLACED, OrderPlaced } from './support/contracts.js';

const apps = new Apps();
afterEach(() => apps.close());

/** Delivers one batch of orders with these ids, as a pump would. */
async function deliver(app: TestingModule, ...orderIds: string[]): Promise<EventOutcome['status'][]> {
  const outcomes: EventOutcome['status'][] = [];
  const events = orderIds.map((orderId, index) =>
    storedEvent(ORDER_PLACED, { orderId, total: index }, { source: `shop-${index}` }),
  );
  const { processor } = app.get<PathwaysEngine>(getEngineToken());
  await processor.processBatch(events, { source: 'order.0::default', generation: 0 }, (index, { status }) => {
    outcomes[index] = status;
  });
  return outcomes;
}

describe('@OnEvents', () => {
  it('gives a method the events with instances of their class, and the context', async () => {
    @Injectable()
    class Projector {
      seen: [readonly PathwayEvent<OrderPlaced>[], EventContext][] = [];
      @OnEvents(OrderPlaced, { size: 10, waitMs: 5 })
      project(events: readonly PathwayEvent<OrderPlaced>[], context: EventContext): void {
        this.seen.push([events, context]);
      }
    }
    const app = await apps.start({ providers: [Projector] });
    const [sample] = [storedEvent(ORDER_PLACED, {})];
    const limits = app.get<PathwaysEngine>(getEngineToken()).processor.batchOf(sample as never);
    expect(limits).toMatchObject({ size: 10, waitMs: 5 });
    expect(await deliver(app, 'o-1', 'o-2')).toEqual(['processed', 'processed']);
    const [[events, context] = []] = app.get(Projector).seen;
    expect(events?.map(({ payload }) => payload.orderId)).toEqual(['o-1', 'o-2']);
    expect(events?.[0]?.payload).toBeInstanceOf(OrderPlaced);
    expect(context).toMatchObject({ pathway: ORDER_PLACED, attempt: 1, source: 'order.0::default' });
  });

  it('takes 100 events that are ready when nothing else is said', async () => {
    @Injectable()
    class Projector {
      @OnEvents(OrderPlaced) project(): void {}
    }
    const app = await apps.start({ providers: [Projector] });
    const { processor } = app.get<PathwaysEngine>(getEngineToken());
    expect(processor.batchOf(storedEvent(ORDER_PLACED, {}))).toMatchObject({ size: 100, waitMs: 0 });
  });

  it('is the one handler of its pathway: a second is refused, naming both places', async () => {
    @Injectable()
    class Projector {
      @OnEvents(OrderPlaced) project(): void {}
      @OnEvent(OrderPlaced) projectOne(): void {}
    }
    const start = apps.start({ providers: [Projector] });
    await expect(start).rejects.toBeInstanceOf(PathwayHandlerDuplicateError);
    await expect(start).rejects.toThrow(/Projector\.project\b.*Projector\.projectOne\b/);
  });

  it('refuses options that are none, where they are written', () => {
    const decorate = (options: object) => () => OnEvents(OrderPlaced, options);
    expect(decorate({ size: 0 })).toThrow('size must be a whole number of events, 1 or more');
    expect(decorate({ size: 1.5 })).toThrow('size must be');
    expect(decorate({ size: '5' })).toThrow('size must be');
    expect(decorate({ waitMs: -1 })).toThrow('waitMs must be a number of milliseconds, 0 or more');
    expect(decorate({ wait: 1 })).toThrow(
      'wait is not an option. Known: instance, transaction, size, waitMs',
    );
    expect(() => OnEvent(OrderPlaced, { size: 5 } as object)).toThrow('size is not an option');
  });

  it('parameter decorators give the parts of all events', async () => {
    @Injectable()
    class Projector {
      seen: unknown[] = [];
      @OnEvents(OrderPlaced)
      project(
        @Payload() payloads: OrderPlaced[],
        @Payload('orderId', new ParseArrayPipe({ items: String })) ids: string[],
        @CurrentEvents() events: readonly PathwayEvent<OrderPlaced>[],
        @EventMetadata('source') sources: string[],
        @EventContext() { attempt }: EventContext,
      ): void {
        this.seen.push(
          payloads.map(({ total }) => total),
          ids,
          events.length,
          sources,
          attempt,
        );
      }
    }
    const app = await apps.start({ providers: [Projector] });
    expect(await deliver(app, 'o-1', 'o-2')).toEqual(['processed', 'processed']);
    expect(app.get(Projector).seen).toEqual([[0, 1], ['o-1', 'o-2'], 2, ['shop-0', 'shop-1'], 1]);
  });

  it('what asks for the one event of a batch fails instead of answering for all of them', async () => {
    @Injectable()
    class Projector {
      @OnEvents(OrderPlaced) project(@CurrentEvent() _event: PathwayEvent): void {}
    }
    const app = await apps.start({ providers: [Projector] });
    expect(await deliver(app, 'o-1', 'o-2')).toEqual(['dead-lettered', 'dead-lettered']);
    const [letter] = await app.get<PathwaysEngine>(getEngineToken()).store.deadLetters.list({}, 1);
    expect(letter?.attempts.at(-1)?.message).toContain('@CurrentEvents() instead of @CurrentEvent()');
  });

  it('guards and interceptors stand around the call, once', async () => {
    const seen: string[] = [];
    class Guard implements CanActivate {
      canActivate(context: ExecutionContext): boolean {
        const { events, isBatch } = PathwaysExecutionContext.of<OrderPlaced>(context);
        seen.push(`guard ${isBatch} ${events.length}`);
        return events.every(({ payload }) => payload.orderId !== 'forbidden');
      }
    }
    class Interceptor implements NestInterceptor {
      intercept(context: ExecutionContext, next: CallHandler): ReturnType<NestInterceptor['intercept']> {
        seen.push(`interceptor ${PathwaysExecutionContext.of(context).events.length}`);
        return next.handle();
      }
    }
    @Injectable()
    class Projector {
      @OnEvents(OrderPlaced)
      @UseGuards(new Guard())
      @UseInterceptors(new Interceptor())
      @SetMetadata('any', 1)
      project(events: readonly PathwayEvent<OrderPlaced>[]): readonly BatchFailure[] {
        return events.flatMap(({ eventId, payload }) =>
          payload.orderId === 'bad' ? [{ eventId, error: new Error('no') }] : [],
        );
      }
    }
    const app = await apps.start({ providers: [Projector] });
    expect(await deliver(app, 'o-1', 'o-2')).toEqual(['processed', 'processed']);
    expect(seen).toEqual(['guard true 2', 'interceptor 2']);
    expect(await deliver(app, 'o-3', 'forbidden', 'o-4')).toEqual([
      'processed',
      'dead-lettered',
      'processed',
    ]);
    expect(await deliver(app, 'o-5', 'bad', 'o-6'), 'the answer passes through them').toEqual([
      'processed',
      'dead-lettered',
      'processed',
    ]);
  });

  it('a filter that answers for a failed batch has handled it', async () => {
    @Catch(BadRequestException)
    class Filter implements ExceptionFilter {
      catch(): unknown {
        return 'handled';
      }
    }
    @Injectable()
    class Projector {
      @OnEvents(OrderPlaced)
      @UseFilters(new Filter())
      project(): void {
        throw new BadRequestException();
      }
    }
    const app = await apps.start({ providers: [Projector] });
    expect(await deliver(app, 'o-1', 'o-2')).toEqual(['processed', 'processed']);
  });

  it('a request-scoped provider is made once for the batch and sees its events', async () => {
    const made: number[] = [];
    @Injectable({ scope: Scope.REQUEST })
    class Projector {
      constructor(@Inject(REQUEST) { events }: PathwaysRequest) {
        made.push(events.length);
      }
      @OnEvents(OrderPlaced) project(): void {}
    }
    const app = await apps.start({ providers: [Projector] });
    expect(await deliver(app, 'o-1', 'o-2', 'o-3')).toEqual(['processed', 'processed', 'processed']);
    expect(made).toEqual([3]);
  });
});
