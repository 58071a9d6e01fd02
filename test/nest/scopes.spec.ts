import {
  Controller,
  Inject,
  Injectable,
  Scope,
  UseInterceptors,
  type CallHandler,
  type NestInterceptor,
} from '@nestjs/common';
import { ContextIdFactory, REQUEST, type ContextId, type HostComponentInfo } from '@nestjs/core';
import type { Observable } from 'rxjs';
import { afterEach, describe, expect, it } from 'vitest';
import {
  OnAnyPathwayError,
  OnEvent,
  OnPathwayObserved,
  Payload,
  type PathwaysRequest,
} from 'nestjs-pathways';
import { Apps, deliver } from './support/app.js';
import { ORDER_PAID, ORDER_PLACED, OrderPaid, OrderPlaced } from './support/contracts.js';

const apps = new Apps();
afterEach(() => apps.close());

const order = { orderId: 'o-1', total: 3 };
let made = 0;

@Injectable({ scope: Scope.REQUEST })
class UnitOfWork {
  readonly serial = ++made;
  constructor(@Inject(REQUEST) readonly request: PathwaysRequest) {}
}

@Injectable()
class Through implements NestInterceptor {
  intercept(_: unknown, next: CallHandler): Observable<unknown> {
    return next.handle();
  }
}

describe('request scope', () => {
  it.each([
    ['provider', false, false],
    ['provider with an interceptor', false, true],
    ['controller', true, false],
    ['controller with an interceptor', true, true],
  ])(
    'a %s is made anew for every event, with the event as its request',
    async (_, isController, isEnhanced) => {
      made = 0;
      const seen: unknown[] = [];
      const mark = isController ? Controller() : Injectable();
      const around = isEnhanced ? UseInterceptors(Through) : () => {};
      @mark
      class Projector {
        constructor(@Inject(UnitOfWork) private readonly work: UnitOfWork) {}
        @OnEvent(OrderPlaced) @around project(): void {
          const { event, context } = this.work.request;
          seen.push([this.work.serial, event.payload, context.attempt]);
        }
      }
      const app = await apps.start({
        controllers: isController ? [Projector] : [],
        providers: isController ? [UnitOfWork] : [UnitOfWork, Projector],
      });
      await deliver(app, ORDER_PLACED, order);
      await deliver(app, ORDER_PLACED, { ...order, total: 4 });
      expect(seen).toEqual([
        [1, order, 1],
        [2, { ...order, total: 4 }, 1],
      ]);
    },
  );

  it('parameter decorators work on a request-scoped handler', async () => {
    const seen: unknown[] = [];
    @Injectable({ scope: Scope.REQUEST })
    class Projector {
      @OnEvent(OrderPlaced) project(@Payload('orderId') orderId: string): void {
        seen.push(orderId);
      }
    }
    const app = await apps.start({ providers: [Projector] });
    await deliver(app, ORDER_PLACED, order);
    expect(seen).toEqual(['o-1']);
  });

  it('events handled at the same time do not share an instance', async () => {
    made = 0;
    const finished: number[] = [];
    let release = () => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    @Injectable()
    class Projector {
      constructor(private readonly work: UnitOfWork) {}
      @OnEvent(OrderPlaced) async project(): Promise<void> {
        const mine = this.work.request.event;
        if (this.work.serial === 1) await held;
        else release();
        expect(this.work.request.event).toBe(mine);
        finished.push(this.work.serial);
      }
    }
    const app = await apps.start({ providers: [UnitOfWork, Projector] });
    await Promise.all([deliver(app, ORDER_PLACED, order), deliver(app, ORDER_PLACED, order)]);
    expect(finished.sort()).toEqual([1, 2]);
  });

  it('observers and error handlers of a request-scoped provider see their event', async () => {
    const seen: unknown[] = [];
    @Injectable()
    class Watcher {
      constructor(private readonly work: UnitOfWork) {}
      @OnPathwayObserved(OrderPlaced, 'before') observe(): void {
        seen.push(['observed', this.work.request.event.payload]);
      }
      @OnAnyPathwayError() failed(error: Error): void {
        seen.push([error.message, this.work.request.event.payload]);
      }
    }
    @Injectable()
    class Projector {
      @OnEvent(OrderPlaced) project(): void {
        throw new Error('no');
      }
    }
    const app = await apps.start({ providers: [UnitOfWork, Watcher, Projector] });
    await deliver(app, ORDER_PLACED, order);
    await expect
      .poll(() => seen)
      .toEqual([
        ['observed', order],
        ['no', order],
      ]);
  });

  it('a constructor that throws fails the event instead of the process', async () => {
    @Injectable({ scope: Scope.REQUEST })
    class Projector {
      constructor() {
        throw new Error('cannot be made');
      }
      @OnEvent(OrderPlaced) project(): void {}
    }
    const app = await apps.start({ providers: [Projector] });
    const outcome = await deliver(app, ORDER_PLACED, order);
    expect(outcome).toMatchObject({
      status: 'dead-lettered',
      error: { cause: { message: 'cannot be made' } },
    });
  });
});

describe('transient and durable providers', () => {
  it('a transient provider is constructed, once for all of its methods', async () => {
    made = 0;
    const seen: unknown[] = [];
    @Injectable({ scope: Scope.TRANSIENT })
    class Projector {
      readonly serial = ++made;
      @OnEvent(OrderPlaced) placed(): void {
        seen.push(['placed', this.serial]);
      }
      @OnEvent(OrderPaid) @UseInterceptors(Through) paid(): void {
        seen.push(['paid', this.serial]);
      }
    }
    const app = await apps.start({ providers: [Projector] });
    await deliver(app, ORDER_PLACED, order);
    await deliver(app, ORDER_PLACED, order);
    await deliver(app, ORDER_PAID, order);
    expect(seen).toEqual([
      ['placed', 1],
      ['placed', 1],
      ['paid', 1],
    ]);
  });

  it('a durable provider is shared by the events of one tenant', async () => {
    made = 0;
    const seen: unknown[] = [];
    const trees = new Map<string, ContextId>();
    ContextIdFactory.apply({
      attach(contextId: ContextId, request: PathwaysRequest) {
        const tenant = String(request.event.metadata['tenant']);
        const tree = trees.get(tenant) ?? ContextIdFactory.create();
        trees.set(tenant, tree);
        return {
          resolve: (info: HostComponentInfo) => (info.isTreeDurable ? tree : contextId),
          payload: { tenant },
        };
      },
    });
    try {
      @Injectable({ scope: Scope.REQUEST, durable: true })
      class Projector {
        readonly serial = ++made;
        constructor(@Inject(REQUEST) private readonly owner: { tenant: string }) {}
        @OnEvent(OrderPlaced) project(): void {
          seen.push([this.serial, this.owner.tenant]);
        }
      }
      const app = await apps.start({ providers: [Projector] });
      for (const tenant of ['a', 'b', 'a']) await deliver(app, ORDER_PLACED, order, { metadata: { tenant } });
      expect(seen).toEqual([
        [1, 'a'],
        [2, 'b'],
        [1, 'a'],
      ]);
    } finally {
      ContextIdFactory.apply(undefined as never);
    }
  });
});
