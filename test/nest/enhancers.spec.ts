import {
  Catch,
  Controller,
  createParamDecorator,
  ForbiddenException,
  Injectable,
  Module,
  ParseIntPipe,
  Query,
  Scope,
  SetMetadata,
  UseFilters,
  UseGuards,
  UseInterceptors,
  ValidationPipe,
  type ArgumentsHost,
  type CallHandler,
  type CanActivate,
  type ExceptionFilter,
  type ExecutionContext,
  type NestInterceptor,
} from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_INTERCEPTOR, Reflector } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { IsInt, Min } from 'class-validator';
import { map, type Observable } from 'rxjs';
import { afterEach, describe, expect, it } from 'vitest';
import {
  CurrentEvent,
  EventContext,
  EventMetadata,
  OnEvent,
  Pathway,
  PathwaysExecutionContext,
  Payload,
  silentLogger,
  UnrecoverableEventError,
  type PathwayEvent,
} from 'nestjs-pathways';
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

describe('parameters and pipes', () => {
  it('parameter decorators fill the parameters, custom ones included', async () => {
    const Tenant = createParamDecorator(
      (_: unknown, context: ExecutionContext) => PathwaysExecutionContext.of(context).event.tenant,
    );
    const seen: unknown[] = [];
    @Injectable()
    class Projector {
      @OnEvent(OrderPlaced) project(
        @EventContext() context: EventContext,
        @Payload() payload: OrderPlaced,
        @Payload('orderId') orderId: string,
        @EventMetadata() metadata: Record<string, unknown>,
        @EventMetadata('source') source: string,
        @CurrentEvent() event: PathwayEvent<OrderPlaced>,
        @Tenant() tenant: string,
      ): void {
        seen.push(context.pathway, payload, orderId, metadata, source, event.payload, tenant);
      }
    }
    const app = await apps.start({ providers: [Projector] });
    await deliver(app, ORDER_PLACED, order, { metadata: { source: 'web' } });
    expect(seen).toEqual([ORDER_PLACED, order, 'o-1', { source: 'web' }, 'web', order, 'acme']);
  });

  it('a ValidationPipe on @Payload really validates', async () => {
    class Large {
      @IsInt() @Min(100) total!: number;
    }
    const seen: unknown[] = [];
    @Injectable()
    class Projector {
      @OnEvent(OrderPlaced) project(@Payload(new ValidationPipe({ transform: true })) payload: Large): void {
        seen.push(payload);
      }
    }
    const app = await apps.start({ providers: [Projector] });
    expect(await deliver(app, ORDER_PLACED, order)).toMatchObject({ status: 'dead-lettered' });
    await deliver(app, ORDER_PLACED, { ...order, total: 100 });
    expect(seen).toEqual([{ ...order, total: 100 }]);
    expect(seen[0]).toBeInstanceOf(Large);
  });

  it('a pipe on one property transforms it', async () => {
    const seen: unknown[] = [];
    @Injectable()
    class Projector {
      @OnEvent(OrderPlaced) project(@Payload('orderId', ParseIntPipe) orderId: number): void {
        seen.push(orderId);
      }
    }
    const app = await apps.start({ providers: [Projector] });
    await deliver(app, ORDER_PLACED, { ...order, orderId: '42' });
    expect(seen).toEqual([42]);
  });

  it('a parameter decorator of HTTP routes is refused at start instead of injecting undefined', async () => {
    @Injectable()
    class Projector {
      @OnEvent(OrderPlaced) project(@Query('x') _x: string): void {}
    }
    await expect(apps.start({ providers: [Projector] })).rejects.toThrow(
      /Projector\.project: uses a parameter decorator of HTTP/,
    );
  });

  it('PathwaysExecutionContext refuses the context of something else', () => {
    const host = { getType: () => 'http', getArgs: () => [{}, {}] } as unknown as ArgumentsHost;
    expect(PathwaysExecutionContext.isPathways(host)).toBe(false);
    expect(() => PathwaysExecutionContext.of(host)).toThrow(/type "http"/);
  });
});

describe('exception filters', () => {
  class Boom extends Error {}

  function filter(catches: (error: Error, host: ArgumentsHost) => unknown): new () => ExceptionFilter {
    @Catch(Boom)
    class BoomFilter implements ExceptionFilter {
      catch(error: Error, host: ArgumentsHost): unknown {
        return catches(error, host);
      }
    }
    return BoomFilter;
  }

  async function failingUnder(filterClass: new () => ExceptionFilter, thrown: Error = new Boom('boom')) {
    const warnings: string[] = [];
    @Injectable()
    class Projector {
      @OnEvent(OrderPlaced) @UseFilters(filterClass) project(): void {
        throw thrown;
      }
    }
    const logger = { ...silentLogger, warn: (message: string) => void warnings.push(message) };
    const app = await apps.init(
      await Test.createTestingModule({ imports: [offline({ logger })], providers: [Projector] }).compile(),
    );
    const outcomes = [await deliver(app, ORDER_PLACED, order), await deliver(app, ORDER_PLACED, order)];
    const { error } = outcomes[0] as { error?: Error };
    return { outcomes: outcomes.map(({ status }) => status), error, warnings };
  }

  it('one that returns a value has handled the failure; that is said once', async () => {
    const { outcomes, warnings } = await failingUnder(filter(() => 'handled'));
    expect(outcomes).toEqual(['processed', 'processed']);
    expect(warnings.filter((line) => line.includes('Projector.project returned a value'))).toHaveLength(1);
  });

  it.each([
    ['synchronous', () => undefined],
    ['asynchronous', () => Promise.resolve()],
  ])('a %s one that returns nothing has not: the event fails with its own error', async (_, catches) => {
    const { outcomes, error, warnings } = await failingUnder(filter(catches));
    expect(outcomes).toEqual(['dead-lettered', 'dead-lettered']);
    expect(error?.cause).toBeInstanceOf(Boom);
    expect(warnings).toEqual([]);
  });

  it('one that throws another error decides how the event fails, and sees event and context', async () => {
    let event: unknown;
    const { outcomes, error } = await failingUnder(
      filter((caught, host) => {
        ({ event } = PathwaysExecutionContext.of(host));
        throw new UnrecoverableEventError(`never: ${caught.message}`);
      }),
    );
    expect(outcomes).toEqual(['dead-lettered', 'dead-lettered']);
    expect(error?.cause).toBeInstanceOf(UnrecoverableEventError);
    expect(event).toMatchObject({ payload: order });
  });

  it('one for other errors changes nothing', async () => {
    const { outcomes, error } = await failingUnder(
      filter(() => 'handled'),
      new RangeError('other'),
    );
    expect(outcomes).toEqual(['dead-lettered', 'dead-lettered']);
    expect(error?.cause).toBeInstanceOf(RangeError);
  });

  it('a global one catches what a guard throws', async () => {
    const caught: string[] = [];
    @Catch(ForbiddenException)
    class Forbidden implements ExceptionFilter {
      catch(error: Error): void {
        caught.push(error.constructor.name);
      }
    }
    @Injectable()
    class Never implements CanActivate {
      canActivate(): boolean {
        return false;
      }
    }
    @Injectable()
    class Projector {
      @OnEvent(OrderPlaced) @UseGuards(Never) project(): void {}
    }
    const app = await apps.start({ providers: [Projector, { provide: APP_FILTER, useClass: Forbidden }] });
    expect(await deliver(app, ORDER_PLACED, order)).toMatchObject({ status: 'dead-lettered' });
    expect(caught).toEqual(['ForbiddenException']);
  });

  it('one catches the error of a handler with parameter decorators', async () => {
    const caught: string[] = [];
    const note = (error: Error) => caught.push(error.message);
    @Injectable()
    class Projector {
      @OnEvent(OrderPlaced)
      @UseFilters(filter(note))
      project(@Payload('total') total: number): void {
        if (total < 0) throw new Boom('negative');
      }
    }
    const app = await apps.start({ providers: [Projector] });
    expect(await deliver(app, ORDER_PLACED, { ...order, total: -1 })).toEqual({ status: 'processed' });
    expect(await deliver(app, ORDER_PLACED, order)).toEqual({ status: 'processed' });
    expect(caught).toEqual(['negative']);
  });
});
