import { Injectable, Module, type DynamicModule } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { afterEach, describe, expect, it } from 'vitest';
import {
  getPathwayWriterToken,
  DeadLetters,
  InjectDeadLetters,
  InjectPathwaysEngine,
  InjectPathwayWriter,
  InjectPumpManager,
  MemoryPathwayState,
  OnEvent,
  PathwaysConfigurationError,
  PathwaysEngine,
  PathwaysModule,
  PathwaysModuleDuplicateError,
  PathwayWriter,
  PumpManager,
  silentLogger,
  systemClock,
  type PathwayEvent,
  type PathwaysModuleAsyncOptions,
  type PathwaysModuleOptions,
  type PathwaysOptionsFactory,
} from 'nestjs-pathways';
import { Apps, deliver, offline } from './support/app.js';
import { ORDER_PLACED, OrderPlaced } from './support/contracts.js';

const apps = new Apps();
afterEach(() => apps.close());

const order = { orderId: 'o-1', total: 3 };
const quiet = { local: false, pump: false, logger: silentLogger } as const;

async function start(...imports: NonNullable<DynamicModule['imports']>) {
  return apps.init(await Test.createTestingModule({ imports }).compile());
}

async function compileError(imports: DynamicModule['imports']): Promise<Error> {
  try {
    apps.add(await Test.createTestingModule({ imports: imports ?? [] }).compile());
  } catch (error) {
    return error as Error;
  }
  throw new Error('The module started');
}

describe('injection', () => {
  it('any module can inject the parts of the unnamed instance', async () => {
    @Injectable()
    class Everything {
      constructor(
        readonly writer: PathwayWriter,
        readonly pumps: PumpManager,
        readonly engine: PathwaysEngine,
        @InjectPathwayWriter() readonly sameWriter: PathwayWriter,
        @InjectPumpManager() readonly samePumps: PumpManager,
        @InjectPathwaysEngine() readonly sameEngine: PathwaysEngine,
        readonly deadLetters: DeadLetters,
        @InjectDeadLetters() readonly sameDeadLetters: DeadLetters,
      ) {}
    }
    @Module({ providers: [Everything], exports: [Everything] })
    class Feature {}
    const app = await start(offline(), Feature);
    const parts = app.get(Everything);
    expect(parts.sameWriter).toBe(parts.writer);
    expect(parts.samePumps).toBe(parts.pumps);
    expect(parts.sameEngine).toBe(parts.engine);
    expect(parts.deadLetters).toBe(parts.engine.deadLetters);
    expect(parts.sameDeadLetters).toBe(parts.deadLetters);
  });

  it('with isGlobal: false only importers can', async () => {
    @Injectable()
    class NeedsWriter {
      constructor(readonly writer: PathwayWriter) {}
    }
    const local = offline({ isGlobal: false });
    @Module({ imports: [local], providers: [NeedsWriter] })
    class Importer {}
    @Module({ providers: [NeedsWriter] })
    class Stranger {}
    expect((await start(Importer)).get(NeedsWriter).writer).toBeInstanceOf(PathwayWriter);
    expect((await compileError([local, Stranger])).message).toMatch(/PathwayWriter/);
  });

  it('with isGlobal: false the contracts and handlers of other modules still count', async () => {
    @Injectable()
    class Projector {
      seen = 0;
      @OnEvent(ORDER_PLACED) project(): void {
        this.seen++;
      }
    }
    @Module({ imports: [PathwaysModule.forFeature([OrderPlaced])], providers: [Projector] })
    class Orders {}
    const app = await start(offline({ isGlobal: false }), Orders);
    await deliver(app, ORDER_PLACED, order);
    expect(app.get(Projector).seen).toBe(1);
  });
});

describe('named instances', () => {
  it('two data cores in one application have handlers, contracts and writers of their own', async () => {
    @Injectable()
    class Projector {
      readonly seen: string[] = [];
      constructor(
        readonly writer: PathwayWriter,
        @InjectPathwayWriter('billing') readonly billing: PathwayWriter,
      ) {}
      @OnEvent(OrderPlaced) shop(event: PathwayEvent<OrderPlaced>): void {
        this.seen.push(`shop ${event.payload.orderId}`);
      }
      @OnEvent(OrderPlaced, { instance: 'billing' }) bill(event: PathwayEvent<OrderPlaced>): void {
        this.seen.push(`billing ${event.payload.orderId}`);
      }
    }
    @Module({ providers: [Projector] })
    class Orders {}
    const app = await start(offline(), offline({ name: 'billing' }), Orders);
    const projector = app.get(Projector);
    expect(projector.billing).not.toBe(projector.writer);
    expect(app.get(getPathwayWriterToken('billing'))).toBe(projector.billing);
    await deliver(app, ORDER_PLACED, order);
    await deliver(app, ORDER_PLACED, order, { instance: 'billing' });
    expect(projector.seen).toEqual(['shop o-1', 'billing o-1']);
  });

  it('forFeature declares a contract in the instance it names', async () => {
    const app = await start(
      offline(),
      offline({ name: 'billing' }),
      PathwaysModule.forFeature([OrderPlaced], { name: 'billing' }),
    );
    const billing = app.get<PathwaysEngine>('PathwaysEngine(billing)');
    expect(billing.registry.has(ORDER_PLACED)).toBe(true);
    expect(app.get(PathwaysEngine).registry.has(ORDER_PLACED)).toBe(false);
  });

  it('forFeature for an instance that nobody sets up is refused at start', async () => {
    const starting = start(offline(), PathwaysModule.forFeature([OrderPlaced], { name: 'biling' }));
    await expect(starting).rejects.toThrow(/forFeature: belongs to the instance "biling"/);
  });
});

describe('importing forRoot more than once', () => {
  it.each<[string, () => NonNullable<DynamicModule['imports']>, string, string]>([
    ['twice in one module', () => [offline(), offline()], 'default', 'by RootTestModule 2 times'],
    [
      'in two modules, once as forRootAsync',
      () => {
        @Module({ imports: [offline()] })
        class First {}
        @Module({ imports: [PathwaysModule.forRootAsync({ useFactory: () => quiet })] })
        class Second {}
        @Module({})
        class Bystander {}
        return [First, Second, Bystander];
      },
      'default',
      'by First, by Second',
    ],
    [
      'by a module that was itself made with options, beside one that is not global',
      () => {
        class Configured {}
        @Module({ imports: [offline({ isGlobal: false })] })
        class Plain {}
        return [{ module: Configured, imports: [offline()] }, Plain];
      },
      'default',
      'by Configured, by Plain',
    ],
    [
      'twice under one other name',
      () => [offline(), offline({ name: 'b' }), offline({ name: 'b' })],
      'b',
      'by RootTestModule 2 times',
    ],
  ])('%s is refused before anything starts, and the error says where', async (_, imports, name, where) => {
    const error = await compileError(imports());
    expect(error).toBeInstanceOf(PathwaysModuleDuplicateError);
    expect(error.message).toContain(`more than once for the instance "${name}" (${where}): every handler`);
  });

  it('the same definition imported by two modules is one instance', async () => {
    const shared = offline();
    @Injectable()
    class Projector {
      seen = 0;
      @OnEvent(OrderPlaced) project(): void {
        this.seen++;
      }
    }
    @Module({ imports: [shared], providers: [Projector] })
    class First {}
    @Module({ imports: [shared] })
    class Second {}
    const app = await start(First, Second);
    await deliver(app, ORDER_PLACED, order);
    expect(app.get(Projector).seen).toBe(1);
  });

  it('two applications in one process do not meet: no event, contract or shutdown of one reaches the other', async () => {
    @Injectable()
    class Projector {
      seen: string[] = [];
      @OnEvent(OrderPlaced) project(event: PathwayEvent<OrderPlaced>): void {
        this.seen.push(event.payload.orderId);
      }
    }
    const first = await apps.start({ providers: [Projector] });
    const second = await apps.start({ providers: [Projector] });
    await deliver(first, ORDER_PLACED, { ...order, orderId: 'first' });
    await deliver(second, ORDER_PLACED, { ...order, orderId: 'second' });
    expect(first.get(Projector).seen).toEqual(['first']);
    expect(second.get(Projector).seen).toEqual(['second']);
    await first.close();
    await deliver(second, ORDER_PLACED, { ...order, orderId: 'still running' });
    expect(second.get(Projector).seen).toEqual(['second', 'still running']);
  });
});

describe('forRootAsync', () => {
  @Injectable()
  class Settings implements PathwaysOptionsFactory {
    createPathwaysOptions(): PathwaysModuleOptions {
      return { ...quiet, tenant: 'from-settings' };
    }
  }
  @Module({ providers: [Settings], exports: [Settings] })
  class SettingsModule {}

  it.each<[string, PathwaysModuleAsyncOptions]>([
    [
      'useFactory',
      {
        imports: [SettingsModule],
        inject: [Settings],
        useFactory: async (settings: Settings) => Promise.resolve(settings.createPathwaysOptions()),
      },
    ],
    ['useClass', { useClass: Settings }],
    ['useExisting', { imports: [SettingsModule], useExisting: Settings }],
  ])('takes the options of %s, for a named instance too', async (_, options) => {
    const named = PathwaysModule.forRootAsync({ ...options, name: 'b' });
    const app = await start(PathwaysModule.forRootAsync(options), named);
    expect(app.get(PathwaysEngine).options.tenant).toBe('from-settings');
    expect(app.get<PathwaysEngine>('PathwaysEngine(b)').options.tenant).toBe('from-settings');
  });

  it('takes the store beside the factory', async () => {
    const state = new MemoryPathwayState({ clock: systemClock });
    const app = await start(PathwaysModule.forRootAsync({ store: { state }, useFactory: () => quiet }));
    expect(app.get(PathwaysEngine).store.state).toBe(state);
  });

  it.each<[string, object, RegExp]>([
    ['an option beside the factory', { tenant: 'acme', useFactory: () => quiet }, /tenant: is not an option/],
    ['no factory', {}, /exactly one of them must be given/],
    ['two factories', { useFactory: () => quiet, useClass: Settings }, /exactly one of them must be given/],
    [
      'secrets beside the factory',
      { webhook: { secrets: 's' }, useFactory: () => quiet },
      /webhook\.secrets: is not an option/,
    ],
  ])('refuses %s where the module is declared', (_, options, message) => {
    expect(() => PathwaysModule.forRootAsync(options)).toThrow(message);
  });

  it.each<[string, PathwaysModuleAsyncOptions, RegExp]>([
    [
      'a webhook without a declared path',
      { useFactory: () => ({ ...quiet, webhook: { secrets: 's' } }) },
      /webhook: has no controller/,
    ],
    [
      'a path from the factory',
      { webhook: {}, useFactory: () => ({ ...quiet, webhook: { secrets: 's', path: 'x' } }) },
      /webhook\.path: belongs beside the factory/,
    ],
    [
      'a declared webhook without secrets',
      { webhook: {}, useFactory: () => quiet },
      /webhook\.secrets: is required/,
    ],
    [
      'a factory that returns nothing',
      { useFactory: () => undefined as never },
      /options: must be an object/,
    ],
    [
      'two stores',
      { store: {}, useFactory: () => ({ ...quiet, store: {} }) },
      /store: is given both beside the factory and by it/,
    ],
  ])('refuses %s at start', async (_, options, message) => {
    const error = await compileError([PathwaysModule.forRootAsync(options)]);
    expect(error).toBeInstanceOf(PathwaysConfigurationError);
    expect(error.message).toMatch(message);
  });
});

describe('options', () => {
  it('every problem is reported at once, with the key that was probably meant', async () => {
    const error = await compileError([
      PathwaysModule.forRoot({
        tenantt: 'acme',
        handlerTimeoutMs: '5000',
        local: 'false',
        pump: { notifer: 'poller', concurrency: 0 },
        webhook: { secrets: '' },
      } as never),
    ]);
    expect(error).toBeInstanceOf(PathwaysConfigurationError);
    expect((error as PathwaysConfigurationError).problems).toEqual([
      { path: 'tenantt', message: 'is not an option; did you mean tenant?' },
      { path: 'handlerTimeoutMs', message: 'must be a whole number from 0, not "5000"' },
      { path: 'local', message: 'must be true or false, or an object, not "false"' },
      { path: 'pump.notifer', message: 'is not an option; did you mean notifier?' },
      { path: 'pump.concurrency', message: expect.stringMatching(/whole number from 1/) as string },
      { path: 'webhook.secrets', message: expect.stringMatching(/non-empty/) as string },
    ]);
  });

  it('in production everything that is missing is named in one error, and no local platform starts', async () => {
    const error = await compileError([PathwaysModule.forRoot({ runtimeEnv: 'production' })]);
    expect((error as PathwaysConfigurationError).problems.map(({ path }) => path)).toEqual([
      'tenant',
      'dataCore',
      'apiKey',
      'store',
    ]);
  });

  it.each([[''], [5], ['  ']])('the name %j is refused where the module is declared', (name) => {
    expect(() => PathwaysModule.forRoot({ name } as never)).toThrow(/name: must be a non-empty string/);
  });

  it('without options Local Flowcore starts, and stops with the application', async () => {
    const app = await start(PathwaysModule.forRoot({ logger: silentLogger }));
    const { ingestion } = app.get(PathwaysEngine).hosts;
    expect(ingestion).toMatch(/^http:\/\/(127\.0\.0\.1|localhost|\[::1\]):\d+$/);
    expect((await fetch(ingestion)).status).toBeGreaterThan(0);
    await app.close();
    await expect(fetch(ingestion)).rejects.toThrow();
  });
});
