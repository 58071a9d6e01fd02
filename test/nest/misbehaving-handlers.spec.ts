import {
  Catch,
  Injectable,
  UseFilters,
  UseInterceptors,
  type CallHandler,
  type ExceptionFilter,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { Test } from '@nestjs/testing';
import type { Observable } from 'rxjs';
import { afterEach, describe, expect, it } from 'vitest';
import {
  EventContext,
  OnEvent,
  PathwayHandlerFailedError,
  PathwayHandlerTimeoutError,
  type PathwayEvent,
} from 'nestjs-pathways';
import { ControllableClock } from 'nestjs-pathways/testing';
import { until } from '../support/until.js';
import { Apps, deliver, offline } from './support/app.js';
import { ORDER_PLACED, OrderPlaced } from './support/contracts.js';

const apps = new Apps();
afterEach(() => apps.close());

const order = { orderId: 'o-1', total: 3 };

@Injectable()
class Around implements NestInterceptor {
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle();
  }
}

/** Catches everything and says nothing about it; asynchronous, because Nest takes a promise for an answer. */
@Catch()
class Swallow implements ExceptionFilter {
  async catch(): Promise<void> {}
}

// Nest calls a handler with nothing around it directly, and all others through its own pipeline.
describe.each([
  ['called directly', () => {}],
  ['behind an interceptor', UseInterceptors(Around)],
  ['under a filter that swallows every error', UseFilters(Swallow)],
])('a handler %s', (_, around: MethodDecorator) => {
  it.each([
    ['a string', 'no stock', 'no stock'],
    ['nothing', undefined, 'undefined'],
    ['an object that is no error', { code: 7 }, 'object'],
  ])('that throws %s does not pass for handled, and the next event runs', async (_what, thrown, text) => {
    const seen: string[] = [];
    @Injectable()
    class Projector {
      @OnEvent(OrderPlaced)
      @around
      project({ payload }: PathwayEvent<OrderPlaced>): void {
        if (payload.orderId === 'bad') throw thrown;
        seen.push(payload.orderId);
      }
    }
    const app = await apps.start({ providers: [Projector] });
    const outcome = await deliver(app, ORDER_PLACED, { ...order, orderId: 'bad' });
    expect(outcome).toMatchObject({
      status: 'dead-lettered',
      error: expect.any(PathwayHandlerFailedError),
    });
    expect((outcome as { error: Error }).error.message).toContain(text);
    expect(await deliver(app, ORDER_PLACED, order)).toEqual({ status: 'processed' });
    expect(seen).toEqual(['o-1']);
  });

  it('that never settles does not hold its event for ever: its signal aborts, and the next event runs', async () => {
    const clock = new ControllableClock(Date.UTC(2026, 4, 1, 10, 30));
    const signals: AbortSignal[] = [];
    const seen: string[] = [];
    @Injectable()
    class Projector {
      @OnEvent(OrderPlaced)
      @around
      async project({ payload }: PathwayEvent<OrderPlaced>, context: EventContext): Promise<void> {
        if (payload.orderId === 'stuck') {
          signals.push(context.signal);
          await new Promise(() => {});
        }
        seen.push(payload.orderId);
      }
    }
    const app = await apps.init(
      await Test.createTestingModule({
        imports: [offline({ clock, handlerTimeoutMs: 30_000 })],
        providers: [Projector],
      }).compile(),
    );
    const outcome = deliver(app, ORDER_PLACED, { ...order, orderId: 'stuck' });
    await until(() => signals.length === 1);
    expect(signals[0]?.aborted).toBe(false);
    clock.advance(30_000);
    expect(await outcome).toMatchObject({
      status: 'dead-lettered',
      error: { cause: expect.any(PathwayHandlerTimeoutError) },
    });
    expect(signals[0]?.aborted).toBe(true);
    expect(await deliver(app, ORDER_PLACED, order)).toEqual({ status: 'processed' });
    expect(seen).toEqual(['o-1']);
  });
});
