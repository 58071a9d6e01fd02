import {
  Injectable,
  Module,
  type OnApplicationBootstrap,
  type OnModuleDestroy,
  type OnModuleInit,
} from '@nestjs/common';
import { LazyModuleLoader } from '@nestjs/core';
import { Test } from '@nestjs/testing';
import { afterEach, describe, expect, it } from 'vitest';
import {
  OnEvent,
  PathwaysEngine,
  PathwaysModule,
  PathwayUnknownError,
  PathwayWriter,
  PumpManager,
  silentLogger,
  type EventContext,
  type PathwayEvent,
  type PathwaysModuleOptions,
  type PathwaysModuleStructure,
} from 'nestjs-pathways';
import { until } from '../support/until.js';
import { Apps, deliver, offline } from './support/app.js';
import { ORDER_PLACED, OrderPaid, OrderPlaced } from './support/contracts.js';

const apps = new Apps();
afterEach(() => apps.close());

const order = { orderId: 'o-1', total: 3 };
const onLocal = (options: PathwaysModuleOptions & PathwaysModuleStructure = {}) =>
  PathwaysModule.forRoot({ logger: silentLogger, ...options });

/** Lets everything that waits for nothing go on. */
async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

describe('start', () => {
  it('no event is delivered before every module has bootstrapped, wherever it stands', async () => {
    const seen: string[] = [];
    @Injectable()
    class Projector {
      @OnEvent(OrderPlaced) project(): void {
        seen.push('handled');
      }
    }
    @Injectable()
    class Importer implements OnModuleInit, OnApplicationBootstrap {
      constructor(
        private readonly writer: PathwayWriter,
        private readonly pumps: PumpManager,
      ) {}
      async onModuleInit(): Promise<void> {
        await this.writer.write(OrderPlaced, { data: order, options: { fireAndForget: true } });
        seen.push('written in onModuleInit');
      }
      onApplicationBootstrap(): void {
        seen.push(`bootstrapped, pumps: ${this.pumps.status().length}`);
      }
    }
    @Module({ providers: [Projector, Importer] })
    class Orders {}
    const app = await apps.init(await Test.createTestingModule({ imports: [Orders, onLocal()] }).compile());
    await app.get(PumpManager).drain();
    expect(seen).toEqual(['written in onModuleInit', 'bootstrapped, pumps: 0', 'handled']);
  });

  it('a contract is known before the hooks of modules that the library is not global for', async () => {
    let written: Promise<string> | undefined;
    const library = onLocal({ isGlobal: false });
    @Injectable()
    class Importer implements OnModuleInit {
      constructor(private readonly writer: PathwayWriter) {}
      onModuleInit(): void {
        written = this.writer.write(OrderPlaced, { data: order, options: { fireAndForget: true } });
      }
    }
    @Module({ imports: [library, PathwaysModule.forFeature([OrderPlaced])], providers: [Importer] })
    class Deep {}
    @Module({ imports: [Deep] })
    class Middle {}
    await apps.init(await Test.createTestingModule({ imports: [library, Middle] }).compile());
    expect(await written).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('every handler is announced, and what runs where', async () => {
    const lines: string[] = [];
    @Injectable()
    class Projector {
      @OnEvent(OrderPlaced) placed(): void {}
      @OnEvent(OrderPaid) paid(): void {}
    }
    const logger = { ...silentLogger, info: (line: string) => void lines.push(line) };
    await apps.init(
      await Test.createTestingModule({ imports: [offline({ logger })], providers: [Projector] }).compile(),
    );
    expect(lines).toEqual([
      'Projector.placed handles order.0/order.placed.0 (group default)',
      'Projector.paid handles order.0/order.paid.0 (group default)',
      'Instance "default" (test, virtual): platform https://webhook.api.flowcore.io, no pumps, in memory: state, cursors, deadLetters',
    ]);
  });
});

describe('shutdown', () => {
  it.each([['before'], ['after']])(
    'work in flight finishes before a connection pool closes in onModuleDestroy, imported %s the library',
    async (position) => {
      const seen: string[] = [];
      let release = () => {};
      const held = new Promise<void>((resolve) => (release = resolve));
      @Injectable()
      class Pool implements OnModuleDestroy {
        isOpen = true;
        onModuleDestroy(): void {
          this.isOpen = false;
          seen.push('pool closed');
        }
      }
      @Module({ providers: [Pool], exports: [Pool] })
      class PoolModule {}
      @Injectable()
      class Projector {
        constructor(private readonly pool: Pool) {}
        @OnEvent(OrderPlaced) async project(): Promise<void> {
          seen.push('started');
          await held;
          seen.push(`finished, pool ${this.pool.isOpen ? 'open' : 'closed'}`);
        }
      }
      const imports = position === 'before' ? [PoolModule, onLocal()] : [onLocal(), PoolModule];
      // One pool in the root module itself, whose hooks Nest would run first.
      @Module({ imports, providers: [Projector, { provide: 'root pool', useClass: Pool }] })
      class Root {}
      const app = await apps.init(await Test.createTestingModule({ imports: [Root] }).compile());
      await app.get(PathwayWriter).write(OrderPlaced, { data: order, options: { fireAndForget: true } });
      await until(() => seen.includes('started'));
      const closed = app.close();
      // Long enough for every hook that does not wait for the handler.
      await turns(50);
      release();
      await closed;
      expect(seen).toEqual(['started', 'finished, pool open', 'pool closed', 'pool closed']);
    },
  );

  it('a handler that does not finish is told to stop by its signal, and the application still closes', async () => {
    let aborted = false;
    let started = false;
    @Injectable()
    class Projector {
      @OnEvent(OrderPlaced) project(_event: PathwayEvent, { signal }: EventContext): Promise<void> {
        started = true;
        return new Promise((_, reject) =>
          signal.addEventListener('abort', () => {
            aborted = true;
            reject(signal.reason as Error);
          }),
        );
      }
    }
    const app = await apps.init(
      await Test.createTestingModule({
        imports: [onLocal({ shutdownTimeoutMs: 1 })],
        providers: [Projector],
      }).compile(),
    );
    await app.get(PathwayWriter).write(OrderPlaced, { data: order, options: { fireAndForget: true } });
    await until(() => started);
    await app.close();
    expect(aborted).toBe(true);
  });

  it('a start that is refused leaves no local platform behind', async () => {
    @Injectable()
    class Projector {
      @OnEvent(ORDER_PLACED) project(): void {}
    }
    const app = await Test.createTestingModule({ imports: [onLocal()], providers: [Projector] }).compile();
    const { ingestion } = app.get(PathwaysEngine).hosts;
    expect((await fetch(ingestion)).status).toBeGreaterThan(0);
    await expect(app.init()).rejects.toThrow(PathwayUnknownError);
    await expect(fetch(ingestion)).rejects.toThrow();
  });
});

describe('lazily loaded modules', () => {
  @Injectable()
  class Projector {
    seen: string[] = [];
    @OnEvent(OrderPlaced) project(event: PathwayEvent<OrderPlaced>): void {
      this.seen.push(event.payload.orderId);
    }
  }

  it('a module with forFeature gets its events, and earlier handlers keep theirs', async () => {
    @Injectable()
    class Eager {
      seen = 0;
      @OnEvent(OrderPaid) paid(): void {
        this.seen++;
      }
    }
    @Module({ imports: [PathwaysModule.forFeature([OrderPlaced])], providers: [Projector] })
    class LazyModule {}
    const app = await apps.init(
      await Test.createTestingModule({ imports: [onLocal()], providers: [Eager] }).compile(),
    );
    const engine = app.get(PathwaysEngine);
    await expect(engine.writer.write(ORDER_PLACED, { data: order })).rejects.toThrow(PathwayUnknownError);
    const lazy = await app.get(LazyModuleLoader).load(() => LazyModule);
    await until(() => engine.handlers.handlers().length === 2);
    await engine.writer.write(OrderPlaced, { data: order });
    await engine.writer.write(OrderPaid, { data: { orderId: 'o-1' } });
    expect(lazy.get(Projector).seen).toEqual(['o-1']);
    expect(app.get(Eager).seen).toBe(1);
  });

  it('its handlers are not called before its providers are made', async () => {
    let release = () => {};
    const connected = new Promise<string>((resolve) => (release = () => resolve('connection')));
    const seen: unknown[] = [];
    @Injectable()
    class Slow {
      constructor(readonly connection: string) {}
      @OnEvent(OrderPlaced) project(): void {
        seen.push(this.connection);
      }
    }
    @Module({
      imports: [PathwaysModule.forFeature([])],
      providers: [
        { provide: 'connection', useFactory: () => connected },
        { provide: Slow, useFactory: (connection: string) => new Slow(connection), inject: ['connection'] },
      ],
    })
    class LazyModule {}
    const app = await apps.start({});
    const engine = app.get(PathwaysEngine);
    const loading = app.get(LazyModuleLoader).load(() => LazyModule);
    await turns(5);
    expect(engine.handlers.handlers()).toHaveLength(0);
    release();
    await loading;
    await until(() => engine.handlers.handlers().length === 1);
    await deliver(app, ORDER_PLACED, order);
    expect(seen).toEqual(['connection']);
  });

  it('a second handler in a lazy module is reported, not silently dropped', async () => {
    const errors: unknown[] = [];
    const logger = { ...silentLogger, error: (...line: unknown[]) => void errors.push(line) };
    @Injectable()
    class Other {
      @OnEvent(OrderPlaced) other(): void {}
    }
    @Module({ imports: [PathwaysModule.forFeature([])], providers: [Other] })
    class LazyModule {}
    const app = await apps.init(
      await Test.createTestingModule({ imports: [offline({ logger })], providers: [Projector] }).compile(),
    );
    await app.get(LazyModuleLoader).load(() => LazyModule);
    await until(() => errors.length > 0);
    expect(JSON.stringify(errors)).toContain('PATHWAYS_HANDLER_DUPLICATE');
    await deliver(app, ORDER_PLACED, order);
    expect(app.get(Projector).seen).toEqual(['o-1']);
  });
});
