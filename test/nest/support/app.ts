import type { DynamicModule, ModuleMetadata } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import {
  getEngineToken,
  PathwaysModule,
  silentLogger,
  type EventOutcome,
  type PathwaysEngine,
  type PathwaysModuleOptions,
  type PathwaysModuleStructure,
} from 'nestjs-pathways';

/** An instance that needs no platform: events are delivered by hand. */
export function offline(options: PathwaysModuleOptions & PathwaysModuleStructure = {}): DynamicModule {
  return PathwaysModule.forRoot({ local: false, pump: false, logger: silentLogger, ...options });
}

/** Everything a test started; close it in `afterEach`. */
export class Apps {
  private readonly started: { close(): Promise<void> }[] = [];

  async start(metadata: ModuleMetadata): Promise<TestingModule> {
    const app = await Test.createTestingModule({
      ...metadata,
      imports: [offline(), ...(metadata.imports ?? [])],
    }).compile();
    return this.init(app);
  }

  async init(app: TestingModule): Promise<TestingModule> {
    // Nest 11 repeats the error of a failed start when such an application is closed, so it is not kept.
    await app.init();
    return this.add(app);
  }

  add<T extends { close(): Promise<void> }>(app: T): T {
    this.started.push(app);
    return app;
  }

  async close(): Promise<void> {
    for (const app of this.started.splice(0).reverse()) await app.close();
  }
}

let serial = 0;

/** A stored event with an id of its own. */
export function storedEvent(key: string, payload: unknown, metadata: Record<string, unknown> = {}) {
  const [flowType = '', eventType = ''] = key.split('/');
  const low = (0xbde7ac07 + serial++).toString(16).padStart(8, '0');
  return {
    eventId: `${low}-4548-11f1-9234-0123456789ab`,
    timeBucket: '20260501100000',
    tenant: 'acme',
    dataCoreId: '',
    flowType,
    eventType,
    metadata,
    payload,
    validTime: '2026-05-01T10:00:00.000Z',
  };
}

/** Delivers an event to an application as the platform would. */
export function deliver(
  app: Pick<TestingModule, 'get'>,
  key: string,
  payload: unknown,
  { instance = 'default', metadata = {} }: { instance?: string; metadata?: Record<string, unknown> } = {},
): Promise<EventOutcome> {
  const engine = app.get<PathwaysEngine>(getEngineToken(instance));
  return engine.processor.process(storedEvent(key, payload, metadata), { source: 'webhook', generation: 0 });
}
