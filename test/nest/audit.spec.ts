import { Inject, Injectable, Module, Scope } from '@nestjs/common';
import { REQUEST } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { afterEach, describe, expect, it } from 'vitest';
import {
  auditOf,
  OnAudit,
  OnEvent,
  OnPathwayObserved,
  Pathway,
  PathwaysEngine,
  PathwaysModule,
  PathwayWriter,
  silentLogger,
  type AuditUser,
  type AuditUserResolver,
  type EventContext,
  type PathwayEvent,
  type PathwaysModuleOptions,
  type Telemetry,
} from 'nestjs-pathways';
import { Apps, deliver } from './support/app.js';
import { ORDER_PAID, ORDER_PLACED, OrderPaid, OrderPlaced } from './support/contracts.js';

const order = { orderId: 'o-1', total: 3 };
const ada: AuditUser = { entityType: 'user', entityId: 'ada' };
const AS_ADA = { mode: 'user', entityType: 'user', entityId: 'ada' } as const;

@Pathway({ flowType: 'audit.0', eventType: 'fails.0', maxRetries: 2, retryDelayMs: 0 })
class Fails {}

const apps = new Apps();
afterEach(() => apps.close());

describe('audit handlers', () => {
  /** What happened, in order. */
  async function listening(options: PathwaysModuleOptions = {}, throwing = false) {
    const steps: string[] = [];
    const failures: string[] = [];
    const telemetry: Telemetry = { callbackFailed: (_key, where) => void failures.push(where) };
    @Injectable()
    class Listener {
      @OnAudit() audit(event: PathwayEvent, context: EventContext): void {
        steps.push(`audit ${context.pathway} by ${auditOf(event).entityId ?? 'nobody'}`);
        if (throwing) throw new Error('audit is down');
      }
      @OnPathwayObserved(OrderPlaced, 'before') before(): void {
        steps.push('before');
      }
      @OnEvent(OrderPlaced) place(): void {
        steps.push('placed');
      }
      @OnEvent(OrderPaid) async pay(): Promise<void> {
        steps.push('paid');
      }
    }
    const app = await apps.init(
      await Test.createTestingModule({
        imports: [
          PathwaysModule.forRoot({ local: false, pump: false, logger: silentLogger, telemetry, ...options }),
        ],
        providers: [Listener],
      }).compile(),
    );
    return { app, steps, failures };
  }

  it('@OnAudit is told of events of every pathway, once, before observers and handler', async () => {
    const { app, steps } = await listening();
    const metadata = { 'audit/mode': 'user', 'audit/entity-type': 'user', 'audit/entity-id': 'ada' };
    await deliver(app, ORDER_PLACED, order, { metadata });
    await deliver(app, ORDER_PAID, { orderId: 'o-1' });
    expect(steps).toEqual([
      `audit ${ORDER_PLACED} by ada`,
      'before',
      'placed',
      `audit ${ORDER_PAID} by nobody`,
      'paid',
    ]);
  });

  it('audit.handler is told too, with the pathway and the event as its handler gets it', async () => {
    const told: unknown[] = [];
    const handler = (pathway: string, { payload }: PathwayEvent) => void told.push([pathway, payload]);
    const { app } = await listening({ audit: { handler } });
    await deliver(app, ORDER_PLACED, order);
    expect(told).toEqual([[ORDER_PLACED, expect.any(OrderPlaced)]]);
  });

  it('is not told of an event that fails its schema, nor again of one that is delivered again', async () => {
    const { app, steps } = await listening();
    await deliver(app, ORDER_PLACED, { orderId: 7 });
    expect(steps).toEqual([]);
    const event = { eventId: 'bde7ac07-4548-11f1-9234-00000000aaaa' };
    const engine = app.get(PathwaysEngine);
    for (let time = 0; time < 2; time++) {
      await engine.processor.process(
        {
          ...event,
          timeBucket: '20260501100000',
          tenant: 'acme',
          dataCoreId: '',
          flowType: 'order.0',
          eventType: 'order.placed.0',
          metadata: {},
          payload: order,
          validTime: '2026-05-01T10:00:00.000Z',
        },
        { source: 'webhook', generation: 0 },
      );
    }
    expect(steps).toEqual([`audit ${ORDER_PLACED} by nobody`, 'before', 'placed']);
  });

  it('a handler that fails is told of each event once, not of each attempt', async () => {
    let audited = 0;
    let attempts = 0;
    @Injectable()
    class Failing {
      @OnAudit() audit(): void {
        audited++;
      }
      @OnEvent('audit.0/fails.0') fail(): void {
        attempts++;
        throw new Error('no');
      }
    }
    const app = await apps.init(
      await Test.createTestingModule({
        imports: [
          PathwaysModule.forRoot({
            local: false,
            pump: false,
            logger: silentLogger,
            handlerTimeoutMs: 0,
          }),
          PathwaysModule.forFeature([Fails]),
        ],
        providers: [Failing],
      }).compile(),
    );
    await deliver(app, 'audit.0/fails.0', {});
    expect({ audited, attempts }).toEqual({ audited: 1, attempts: 3 });
  });

  it.each([true, false])('one that throws breaks nothing and is counted (%s)', async (isMethod) => {
    const handler = async () => {
      throw new Error('audit is down');
    };
    const { app, steps, failures } = await listening(isMethod ? {} : { audit: { handler } }, isMethod);
    expect(await deliver(app, ORDER_PLACED, order)).toEqual({ status: 'processed' });
    expect(steps).toContain('placed');
    expect(failures).toEqual([isMethod ? 'Listener.audit' : 'audit.handler']);
  });

  it('in a request-scoped provider it gets the event as its request', async () => {
    const seen: unknown[] = [];
    @Injectable({ scope: Scope.REQUEST })
    class Scoped {
      constructor(@Inject(REQUEST) private readonly request: { event: PathwayEvent }) {}
      @OnAudit() audit(): void {
        seen.push(this.request.event.payload);
      }
    }
    @Injectable()
    class Projector {
      @OnEvent(OrderPlaced) place(): void {}
    }
    const app = await apps.start({ providers: [Scoped, Projector] });
    await deliver(app, ORDER_PLACED, order);
    await expect.poll(() => seen).toEqual([expect.objectContaining(order)]);
  });

  it('an unknown option of the decorator is refused', () => {
    expect(() => OnAudit({ instnce: 'b' } as never)).toThrow(/@OnAudit: instnce is not an option/);
  });
});

describe('user resolvers in a container', () => {
  @Injectable()
  class Directory {
    readonly user = ada;
  }
  @Module({ providers: [Directory], exports: [Directory] })
  class DirectoryModule {}
  @Module({ imports: [DirectoryModule], exports: [DirectoryModule] })
  class GlobalDirectoryModule {}
  @Injectable()
  class DirectoryUsers implements AuditUserResolver {
    constructor(private readonly directory: Directory) {}
    async resolveUser(): Promise<AuditUser> {
      return this.directory.user;
    }
  }
  @Injectable()
  class NoResolver {}
  @Injectable({ scope: Scope.REQUEST })
  class ScopedUsers implements AuditUserResolver {
    resolveUser(): AuditUser {
      return ada;
    }
  }

  async function auditedBy(
    audit: PathwaysModuleOptions['audit'],
    providers: NonNullable<Parameters<typeof Test.createTestingModule>[0]['providers']> = [],
  ) {
    let audited: PathwayEvent | undefined;
    @Injectable()
    class Listener {
      @OnAudit() audit(event: PathwayEvent): void {
        audited = event;
      }
      @OnEvent(OrderPlaced) place(): void {}
    }
    const app = await apps.init(
      await Test.createTestingModule({
        imports: [
          { module: GlobalDirectoryModule, global: true },
          PathwaysModule.forRoot({ logger: silentLogger, audit }),
        ],
        providers: [Listener, ...providers],
      }).compile(),
    );
    await app.get(PathwayWriter).write(OrderPlaced, { data: order });
    return audited && auditOf(audited);
  }

  it.each<[string, PathwaysModuleOptions['audit'], unknown[]]>([
    ['a function', { userResolver: () => ada }, []],
    ['an object', { userResolver: { resolveUser: () => ada } }, []],
    ['a provider, by its class', { userResolver: { useExisting: DirectoryUsers } }, [DirectoryUsers]],
    [
      'a provider, by a token',
      { userResolver: { useExisting: 'USERS' } },
      [{ provide: 'USERS', useClass: DirectoryUsers }],
    ],
    ['a class that is made, with its dependencies', { userResolver: { useClass: DirectoryUsers } }, []],
  ])('%s says who writes', async (_, audit, providers) => {
    expect(await auditedBy(audit, providers as never)).toEqual(AS_ADA);
  });

  it.each<[string, PathwaysModuleOptions['audit'], unknown[], RegExp]>([
    [
      'a class without new',
      { userResolver: NoResolver as never },
      [],
      /is the class NoResolver; write \{ useExisting/,
    ],
    [
      'nobody provides it',
      { userResolver: { useExisting: DirectoryUsers } },
      [],
      /names DirectoryUsers, which no module/,
    ],
    [
      'a scoped one',
      { userResolver: { useExisting: ScopedUsers } },
      [ScopedUsers],
      /as a singleton.*nestjs-cls/,
    ],
    ['not a resolver', { userResolver: { useExisting: NoResolver } }, [NoResolver], /no method resolveUser/],
    ['not a resolver', { userResolver: { useClass: NoResolver as never } }, [], /no method resolveUser/],
    [
      'two sources',
      { userResolver: { useClass: 1, useExisting: 2 } as never },
      [],
      /either useClass or useExisting/,
    ],
    ['a typo', { userResolvr: () => ada } as never, [], /audit\.userResolvr: is not an option; did you mean/],
    ['a handler that is none', { handler: 'log' } as never, [], /audit\.handler: must be a function/],
  ])('%s is refused at start', async (_, audit, providers, message) => {
    await expect(auditedBy(audit, providers as never)).rejects.toThrow(message);
  });
});
