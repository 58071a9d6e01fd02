import { Controller, Get, Injectable, Module } from '@nestjs/common';
import { afterEach, describe, expect, it } from 'vitest';
import {
  OnAnyPathwayError,
  OnEvent,
  OnPathwayError,
  OnPathwayObserved,
  Pathway,
  PathwayHandlerDuplicateError,
  PathwaysConfigurationError,
  PathwaysEngine,
  PathwaysModule,
  PathwayUnknownError,
  type EventContext,
  type PathwayEvent,
} from 'nestjs-pathways';
import { Apps, deliver } from './support/app.js';
import { ORDER_PAID, ORDER_PLACED, OrderPaid, OrderPlaced } from './support/contracts.js';

const apps = new Apps();
afterEach(() => apps.close());

const order = { orderId: 'o-1', total: 3 };

describe('finding handlers', () => {
  it('a provider method gets the event with an instance of its class, and the context', async () => {
    @Injectable()
    class Projector {
      seen: { event: PathwayEvent<OrderPlaced>; context: EventContext; self: unknown }[] = [];
      @OnEvent(OrderPlaced) project(event: PathwayEvent<OrderPlaced>, context: EventContext): void {
        this.seen.push({ event, context, self: this });
      }
    }
    const app = await apps.start({ providers: [Projector] });
    expect(await deliver(app, ORDER_PLACED, order)).toEqual({ status: 'processed' });
    const projector = app.get(Projector);
    expect(projector.seen).toHaveLength(1);
    expect(projector.seen[0]?.self).toBe(projector);
    expect(projector.seen[0]?.event.payload).toBeInstanceOf(OrderPlaced);
    expect(projector.seen[0]?.context).toMatchObject({
      pathway: ORDER_PLACED,
      attempt: 1,
      source: 'webhook',
    });
  });

  it('a handler with nothing around it is called directly: no promise, no Nest context', async () => {
    @Injectable()
    class Projector {
      @OnEvent(OrderPlaced) project(): string {
        return 'at once';
      }
    }
    const app = await apps.start({ providers: [Projector] });
    const binding = app.get(PathwaysEngine).handlers.of(ORDER_PLACED).handler;
    expect(binding?.invoke({} as never, {} as never)).toBe('at once');
  });

  it('a method on a controller is found, and stays a route', async () => {
    @Controller('orders')
    class Orders {
      seen: string[] = [];
      @Get() @OnEvent(OrderPlaced) add(event: PathwayEvent<OrderPlaced>): void {
        this.seen.push(event.payload.orderId);
      }
    }
    const app = await apps.start({ controllers: [Orders] });
    await deliver(app, ORDER_PLACED, order);
    expect(app.get(Orders).seen).toEqual(['o-1']);
  });

  it('several decorators on one method all count', async () => {
    @Injectable()
    class Audit {
      seen: string[] = [];
      @OnEvent(OrderPlaced) @OnEvent(OrderPaid) add({ eventType }: PathwayEvent): void {
        this.seen.push(eventType);
      }
    }
    const app = await apps.start({ providers: [Audit] });
    await deliver(app, ORDER_PLACED, order);
    await deliver(app, ORDER_PAID, order);
    expect(app.get(Audit).seen).toEqual(['order.placed.0', 'order.paid.0']);
  });

  it('an inherited method handles; an overriding one without a decorator does not', async () => {
    class Base {
      seen: string[] = [];
      @OnEvent(OrderPlaced) placed(): void {
        this.seen.push('base placed');
      }
      @OnEvent(OrderPaid) paid(): void {
        this.seen.push('base paid');
      }
    }
    @Injectable()
    class Derived extends Base {
      override paid(): void {
        this.seen.push('derived paid');
      }
    }
    const app = await apps.start({
      imports: [PathwaysModule.forFeature([OrderPaid])],
      providers: [Derived],
    });
    await deliver(app, ORDER_PLACED, order);
    await deliver(app, ORDER_PAID, order);
    expect(app.get(Derived).seen).toEqual(['base placed']);
  });

  it('an overriding method with a decorator handles instead of the one it overrides', async () => {
    class Base {
      seen: string[] = [];
      @OnEvent(OrderPlaced) placed(): void {
        this.seen.push('base');
      }
    }
    @Injectable()
    class Derived extends Base {
      @OnEvent(OrderPlaced) override placed(): void {
        this.seen.push('derived');
      }
    }
    const app = await apps.start({ providers: [Derived] });
    await deliver(app, ORDER_PLACED, order);
    expect(app.get(Derived).seen).toEqual(['derived']);
  });

  it('one object under several tokens is one handler', async () => {
    @Injectable()
    class Projector {
      seen = 0;
      @OnEvent(OrderPlaced) project(): void {
        this.seen++;
      }
    }
    const app = await apps.start({
      providers: [
        { provide: 'factory', useFactory: (projector: Projector) => projector, inject: [Projector] },
        Projector,
        { provide: 'alias', useExisting: Projector },
      ],
    });
    await deliver(app, ORDER_PLACED, order);
    expect(app.get(Projector).seen).toBe(1);
  });

  it.each(['useValue', 'useFactory', 'useClass'] as const)(
    'a handler behind a token with %s is found',
    async (way) => {
      const seen: string[] = [];
      class Projector {
        @OnEvent(OrderPlaced) project(event: PathwayEvent<OrderPlaced>): void {
          seen.push(event.payload.orderId);
        }
      }
      const source = {
        useValue: { useValue: new Projector() },
        useFactory: { useFactory: () => Promise.resolve(new Projector()) },
        useClass: { useClass: Projector },
      }[way];
      const app = await apps.start({ providers: [{ provide: 'projector', ...source }] });
      await deliver(app, ORDER_PLACED, order);
      expect(seen).toEqual(['o-1']);
    },
  );

  it('a key finds the contract that a class declares elsewhere', async () => {
    @Injectable()
    class Projector {
      seen: unknown[] = [];
      @OnEvent(ORDER_PLACED) project({ payload }: PathwayEvent): void {
        this.seen.push(payload);
      }
    }
    const app = await apps.start({
      imports: [PathwaysModule.forFeature([OrderPlaced])],
      providers: [Projector],
    });
    await deliver(app, ORDER_PLACED, order);
    expect(app.get(Projector).seen[0]).toBeInstanceOf(OrderPlaced);
  });

  it('decorators without a target mean the pathway of their provider', async () => {
    @Injectable()
    @Pathway({ flowType: 'user.0', eventType: 'user.left.0', maxRetries: 0 })
    class UserLeft {
      seen: unknown[] = [];
      @OnEvent() handle({ payload }: PathwayEvent): void {
        this.seen.push(payload);
        if ((payload as { fail?: boolean }).fail) throw new Error('no');
      }
      @OnPathwayObserved('after') after(_event: PathwayEvent, stage: string): void {
        this.seen.push(stage);
      }
      @OnPathwayError() failed(error: Error): void {
        this.seen.push(error.message);
      }
    }
    const app = await apps.start({ providers: [UserLeft] });
    await deliver(app, 'user.0/user.left.0', { any: ['thing'] });
    await deliver(app, 'user.0/user.left.0', { fail: true });
    expect(app.get(UserLeft).seen).toEqual([{ any: ['thing'] }, 'after', { fail: true }, 'no']);
  });

  it('observers and error handlers get their arguments', async () => {
    const calls: unknown[][] = [];
    @Injectable()
    class Watcher {
      @OnEvent(OrderPlaced) handle({ payload }: PathwayEvent<OrderPlaced>): void {
        calls.push(['handle']);
        if (payload.total < 0) throw new Error('negative');
      }
      @OnPathwayObserved(OrderPlaced, 'all') observe(event: PathwayEvent<OrderPlaced>, stage: string): void {
        calls.push(['observe', event.payload.total, stage]);
      }
      @OnPathwayError(OrderPlaced) failed(
        error: Error,
        event: PathwayEvent<OrderPlaced>,
        key: string,
        context: EventContext,
      ): void {
        calls.push(['failed', error.message, event.payload.total, key, context.attempt]);
      }
      @OnAnyPathwayError() anyFailed(error: Error, _event: PathwayEvent, key: string): void {
        calls.push(['any', error.message, key]);
      }
    }
    const app = await apps.start({ providers: [Watcher] });
    await deliver(app, ORDER_PLACED, order);
    expect(calls.splice(0)).toEqual([['observe', 3, 'before'], ['handle'], ['observe', 3, 'after']]);
    await deliver(app, ORDER_PLACED, { ...order, total: -1 });
    expect(calls).toEqual([
      ['observe', -1, 'before'],
      ['handle'],
      ['failed', 'negative', -1, ORDER_PLACED, 1],
      ['any', 'negative', ORDER_PLACED],
    ]);
  });
});

describe('refusing what does not fit', () => {
  it('a second handler of a pathway is refused at start, naming both methods', async () => {
    @Injectable()
    class First {
      @OnEvent(OrderPlaced) one(): void {}
    }
    @Injectable()
    class Second {
      @OnEvent(OrderPlaced) two(): void {}
    }
    const start = apps.start({ providers: [First, Second] });
    await expect(start).rejects.toThrow(PathwayHandlerDuplicateError);
    await expect(start).rejects.toThrow(/First\.one and Second\.two/);
  });

  it('one class provided by two modules is refused, naming the module', async () => {
    @Injectable()
    class Projector {
      @OnEvent(OrderPlaced) project(): void {}
    }
    @Module({ providers: [Projector] })
    class BillingModule {}
    @Module({ providers: [Projector] })
    class ShippingModule {}
    await expect(apps.start({ imports: [BillingModule, ShippingModule] })).rejects.toThrow(
      /Projector\.project and Projector\.project as provided by ShippingModule/,
    );
  });

  it('a key that no contract has is refused at start, naming the method', async () => {
    @Injectable()
    class Projector {
      @OnEvent('order.0/order.gone.0') project(): void {}
    }
    const start = apps.start({ providers: [Projector] });
    await expect(start).rejects.toThrow(PathwayUnknownError);
    await expect(start).rejects.toThrow(/order\.gone\.0.*Projector\.project/);
  });

  it('an argument-less decorator outside a @Pathway provider is refused', async () => {
    @Injectable()
    class Projector {
      @OnEvent() project(): void {}
    }
    await expect(apps.start({ providers: [Projector] })).rejects.toThrow(
      /Projector\.project: names no pathway, and Projector has no @Pathway/,
    );
  });

  it('a handler of an instance that nobody sets up is refused: its events would never arrive', async () => {
    @Injectable()
    class Projector {
      @OnEvent(OrderPlaced, { instance: 'biling' }) project(): void {}
    }
    const start = apps.start({ providers: [Projector] });
    await expect(start).rejects.toThrow(PathwaysConfigurationError);
    await expect(start).rejects.toThrow(
      /Projector\.project: belongs to the instance "biling".*Known: "default"/,
    );
  });

  it('two classes that claim one pathway are refused, naming both', async () => {
    @Pathway({ flowType: 'order.0', eventType: 'order.placed.0' })
    class OrderPlacedCopy {}
    await expect(
      apps.start({ imports: [PathwaysModule.forFeature([OrderPlaced, OrderPlacedCopy])] }),
    ).rejects.toThrow(/class OrderPlaced and by class OrderPlacedCopy/);
  });

  it('forFeature refuses a class that is no contract', async () => {
    class Plain {}
    await expect(apps.start({ imports: [PathwaysModule.forFeature([Plain])] })).rejects.toThrow(
      /Plain: has no @Pathway decorator/,
    );
  });
});
