import {
  Controller,
  ForbiddenException,
  Injectable,
  Module,
  Scope,
  SetMetadata,
  UseGuards,
  UseInterceptors,
  type CallHandler,
  type CanActivate,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { APP_GUARD, APP_INTERCEPTOR, Reflector } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { map, type Observable } from 'rxjs';
import { afterEach, describe, expect, it } from 'vitest';
import { EventContext, OnEvent, Pathway, PathwaysExecutionContext, type PathwayEvent } from 'nestjs-pathways';
import { Apps, deliver, offline } from './support/app.js';
import { ORDER_PLACED, OrderPlaced } from './support/contracts.js';

const apps = new Apps();
afterEach(() => apps.close());

const order = { orderId: 'o-1', total: 3 };

@Injectable()
class Log {
  readonly lines: string[] = [];
}

/** Says in whose name it was asked. */
@Injectable()
class TotalGuard implements CanActivate {
  constructor(
    private readonly log: Log,
    private readonly reflector: Reflector,
  ) {}
  canActivate(context: ExecutionContext): boolean {
    const { event } = PathwaysExecutionContext.of<OrderPlaced>(context);
    const role = this.reflector.getAllAndOverride<string>('role', [context.getHandler(), context.getClass()]);
    this.log.lines.push(
      `guard ${context.getClass().name}.${context.getHandler().name} ${context.getType()} ${role}`,
    );
    return event.payload.total > 0;
  }
}

@Injectable()
class Around implements NestInterceptor {
  constructor(private readonly log: Log) {}
  intercept(_context: ExecutionContext, next: CallHandler): Observable<unknown> {
    this.log.lines.push('before');
    return next.handle().pipe(map(() => void this.log.lines.push('after')));
  }
}

describe('guards and interceptors', () => {
  it('of a method run around it, in the module of the provider', async () => {
    @Injectable()
    class Projector {
      constructor(private readonly log: Log) {}
      @OnEvent(OrderPlaced)
      @UseGuards(TotalGuard)
      @UseInterceptors(Around)
      @SetMetadata('role', 'clerk')
      project(event: PathwayEvent<OrderPlaced>, context: EventContext): void {
        this.log.lines.push(`project ${event.payload.orderId} ${context.attempt}`);
      }
    }
    @Module({ providers: [Log, Projector] })
    class Orders {}
    const app = await apps.start({ imports: [Orders] });
    expect(await deliver(app, ORDER_PLACED, order)).toEqual({ status: 'processed' });
    expect(app.get(Log).lines).toEqual([
      'guard Projector.project pathways clerk',
      'before',
      'project o-1 1',
      'after',
    ]);
  });

  it('a guard that says no is a failure, not a success', async () => {
    @Injectable()
    class Projector {
      constructor(private readonly log: Log) {}
      @OnEvent(OrderPlaced) @UseGuards(TotalGuard) project(): void {
        this.log.lines.push('project');
      }
    }
    const app = await apps.start({ providers: [Log, Projector] });
    const outcome = await deliver(app, ORDER_PLACED, { ...order, total: -1 });
    expect(outcome).toMatchObject({ status: 'dead-lettered' });
    expect((outcome as { error: Error }).error.cause).toBeInstanceOf(ForbiddenException);
    expect(app.get(Log).lines).not.toContain('project');
  });

  it.each(['class', 'method'])('a %s guard of a controller is not skipped', async (place) => {
    const onClass = place === 'class' ? UseGuards(TotalGuard) : () => {};
    const onMethod = place === 'method' ? UseGuards(TotalGuard) : () => {};
    @Controller()
    @onClass
    class Orders {
      constructor(private readonly log: Log) {}
      @OnEvent(OrderPlaced) @onMethod project(): void {
        this.log.lines.push('project');
      }
    }
    @Module({ controllers: [Orders], providers: [Log] })
    class OrdersModule {}
    const app = await apps.start({ imports: [OrdersModule] });
    await deliver(app, ORDER_PLACED, order);
    expect(await deliver(app, ORDER_PLACED, { ...order, total: -1 })).toMatchObject({
      status: 'dead-lettered',
    });
    expect(app.get(Log).lines).toEqual([
      'guard Orders.project pathways undefined',
      'project',
      'guard Orders.project pathways undefined',
    ]);
  });

  it('a guard gets the dependencies of the module that provides the handler, also when another has its token', async () => {
    const seen: string[] = [];
    @Injectable()
    class WhoGuard implements CanActivate {
      constructor(private readonly log: Log) {}
      canActivate(): boolean {
        seen.push(this.log.lines[0] as string);
        return true;
      }
    }
    @Injectable()
    class Projector {
      @OnEvent(OrderPlaced) @UseGuards(WhoGuard) project(): void {}
    }
    class Idle {}
    const named = (name: string) => ({
      provide: Log,
      useFactory: () => Object.assign(new Log(), { lines: [name] }),
    });
    @Module({ providers: [named('wrong'), { provide: Projector, useClass: Idle }, WhoGuard] })
    class First {}
    @Module({ providers: [named('right'), Projector] })
    class Second {}
    const app = await apps.start({ imports: [First, Second] });
    await deliver(app, ORDER_PLACED, order);
    expect(seen).toEqual(['right']);
  });

  it.each([
    [Scope.TRANSIENT, 'transient'],
    [Scope.REQUEST, 'request-scoped'],
  ])('a guard of scope %s (%s) is asked', async (scope) => {
    let asked = 0;
    @Injectable({ scope })
    class ScopedGuard implements CanActivate {
      readonly made = true;
      canActivate(): boolean {
        if (this.made) asked++;
        return false;
      }
    }
    @Injectable()
    class Projector {
      @OnEvent(OrderPlaced) @UseGuards(ScopedGuard) project(): void {}
    }
    const app = await apps.start({ providers: [Projector] });
    expect(await deliver(app, ORDER_PLACED, order)).toMatchObject({ status: 'dead-lettered' });
    expect(asked).toBe(1);
  });

  it.each([
    [Scope.DEFAULT, 'singleton'],
    [Scope.REQUEST, 'request-scoped'],
  ])('a global guard of scope %s (%s) applies to a handler with nothing of its own', async (scope) => {
    const types: string[] = [];
    @Injectable({ scope })
    class Everywhere implements CanActivate {
      readonly made = true;
      canActivate(context: ExecutionContext): boolean {
        if (this.made) types.push(context.getType());
        return false;
      }
    }
    @Injectable()
    class Projector {
      @OnEvent(OrderPlaced) project(): void {}
    }
    const app = await apps.start({
      providers: [Projector, { provide: APP_GUARD, useClass: Everywhere, scope }],
    });
    expect(await deliver(app, ORDER_PLACED, order)).toMatchObject({ status: 'dead-lettered' });
    expect(types).toEqual(['pathways']);
  });

  it('an interceptor added with useGlobalInterceptors applies', async () => {
    @Injectable()
    class Projector {
      @OnEvent(OrderPlaced) project(): void {}
    }
    const log = new Log();
    const module = await Test.createTestingModule({ imports: [offline()], providers: [Projector] }).compile();
    const app = apps.add(module.createNestApplication({ logger: false }));
    app.useGlobalInterceptors(new Around(log));
    await app.init();
    await deliver(app, ORDER_PLACED, order);
    expect(log.lines).toEqual(['before', 'after']);
  });

  it('a global interceptor waits for a handler that takes its time', async () => {
    let isDone = false;
    @Injectable()
    @Pathway({ flowType: 'user.0', eventType: 'user.left.0' })
    class UserLeft {
      @OnEvent() @UseInterceptors(Around) async handle(): Promise<void> {
        await new Promise((resolve) => setImmediate(resolve));
        isDone = true;
      }
    }
    const app = await apps.start({
      providers: [Log, UserLeft, { provide: APP_INTERCEPTOR, useClass: Around }],
    });
    await deliver(app, 'user.0/user.left.0', {});
    expect(isDone).toBe(true);
    expect(app.get(Log).lines).toEqual(['before', 'before', 'after', 'after']);
  });
});
