import { DataSource } from 'typeorm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  createPathwayContract,
  PathwayHandlerFailedError,
  PathwaysEngine,
  PathwayWriteUnawaitableError,
  silentLogger,
  type PathwayOptions,
  type PathwaysEngineOptions,
} from 'nestjs-pathways';
import { startLocalFlowcore, type LocalFlowcore } from 'nestjs-pathways/local';
import { typeOrmStore } from 'nestjs-pathways/typeorm';
import { type Clock, systemClock } from '../../lib/event/clock.interface.js';
import { LocalTestClient } from '../../lib/local/local-flowcore.test-client.js';
import { failureOf } from '../support/failure-of.js';
import { usePostgres } from '../support/postgres.js';
import { deferred } from '../support/pump-harness.js';
import { until } from '../support/until.js';

const postgres = usePostgres();
const KEY = 'order.0/b.0';
const WRITE = { data: { n: 1 } };
const PUMP = 'the pump order.0::default';

let local: LocalFlowcore;
const cleanups: (() => Promise<unknown>)[] = [];

beforeEach(async () => {
  await postgres.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public');
  local = await startLocalFlowcore();
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  await local.stop();
});

/** Tells another time than the machine's, and lets timers be: the store's own go on. */
class SkippingClock implements Clock {
  private readonly frozenAt = Date.now();
  private skipped = 0;
  readonly startTimer = systemClock.startTimer.bind(systemClock);

  now(): number {
    return this.frozenAt + this.skipped;
  }

  skip(milliseconds: number): void {
    this.skipped += milliseconds;
  }
}

interface Given {
  readonly options?: PathwaysEngineOptions;
  readonly pathway?: Partial<PathwayOptions>;
  /** `false`: nothing here handles it. */
  readonly handle?: false | (() => unknown);
}

/** One instance of an application; all of them share a database. */
async function instance({ options = {}, pathway, handle = () => undefined }: Given = {}) {
  const dataSource = await new DataSource({ type: 'postgres', url: postgres.url, poolSize: 4 }).initialize();
  const engine = new PathwaysEngine({
    baseUrl: local.url,
    tenant: 'acme',
    dataCore: 'shop',
    apiKey: 'fc_id_secret',
    logger: silentLogger,
    store: typeOrmStore({ dataSource }),
    ...options,
    pump: options.pump === false ? false : { startFrom: 'beginning', pollIntervalMs: 50, ...options.pump },
  });
  cleanups.push(async () => {
    await engine.stop();
    await dataSource.destroy();
  });
  const contract = { flowType: 'order.0', eventType: 'b.0', maxRetries: 0, ...pathway };
  engine.addContract(createPathwayContract(contract, { declaredBy: 'spec' }));
  if (handle !== false) engine.handlers.addHandler({ pathway: KEY, where: 'spec', invoke: handle });
  await engine.start();
  return engine;
}

async function refusalOf(engine: PathwaysEngine): Promise<string> {
  const stored = local.eventCount();
  const error = await failureOf(engine.writer.write(KEY, WRITE), PathwayWriteUnawaitableError);
  expect(local.eventCount()).toBe(stored);
  return error.message;
}

describe('a wait that no instance can end is refused before anything is sent', () => {
  it('its pump is paused here; once it is resumed, the write waits and is processed', async () => {
    const engine = await instance();
    await engine.pumps.pause();
    expect(await refusalOf(engine)).toContain(`${PUMP} is paused; resume it first`);
    await engine.pumps.resume();
    await engine.writer.write(KEY, WRITE);
  });

  it.each<[string, Given]>([
    ['in an instance without pumps', { options: { pump: false } }],
    ['in an instance without a handler', { options: { pump: false }, handle: false }],
    ['with an idempotency key', { options: { pump: false } }],
  ])('its pump is paused by another instance, %s', async (how, given) => {
    // The pauses that were read count for a while: on this clock, until the test skips it.
    const clock = new SkippingClock();
    const runner = await instance();
    const writer = await instance({ ...given, options: { ...given.options, clock } });
    await writer.writer.write(KEY, WRITE);
    await runner.pumps.pause();
    clock.skip(1_000);
    const options = how.includes('key') ? { idempotencyKey: 'k' } : {};
    const stored = local.eventCount();
    const write = () => writer.writer.write(KEY, { ...WRITE, options });
    const { message } = await failureOf(write(), PathwayWriteUnawaitableError);
    expect(message).toContain(`${PUMP} is paused; resume it first`);
    expect(local.eventCount()).toBe(stored);
    await writer.writer.write(KEY, { ...WRITE, options: { fireAndForget: true } });

    await runner.pumps.resume();
    clock.skip(1_000);
    await write();
  });

  it('many writes at once ask the store for pauses once', async () => {
    const clock = new SkippingClock();
    const runner = await instance();
    const { writer, store } = await instance({ options: { pump: false, clock } });
    let asked = 0;
    const { delivery } = store;
    if (!delivery) throw new Error('The store keeps no pauses');
    const pausedPumps = delivery.pausedPumps.bind(delivery);
    delivery.pausedPumps = (key) => {
      asked++;
      return pausedPumps(key);
    };
    await Promise.all([1, 2, 3, 4, 5].map((n) => writer.write(KEY, { data: { n } })));
    expect([asked, runner.pumps.status()[0]?.counters.processed]).toEqual([1, 5]);
  });

  it('a store that does not tell its pauses keeps nobody from writing', async () => {
    await instance();
    const { writer, store } = await instance({ options: { pump: false } });
    if (!store.delivery) throw new Error('The store keeps no pauses');
    store.delivery.pausedPumps = () => Promise.reject(new Error('the database is away'));
    await writer.write(KEY, WRITE);
  });

  it('its pump has halted here at an event that failed', async () => {
    const handle = () => {
      throw new Error('broken');
    };
    const engine = await instance({ pathway: { onExhausted: 'halt' }, handle });
    await engine.writer.write(KEY, { ...WRITE, options: { fireAndForget: true } });
    await until(() => engine.pumps.status()[0]?.state === 'halted');
    expect(await refusalOf(engine)).toContain(`${PUMP} has halted at an event that failed`);
  });

  it('subscribe: false, with and without a handler', async () => {
    for (const handle of [() => undefined, false] as const) {
      const engine = await instance({ pathway: { subscribe: false }, handle });
      const message = await refusalOf(engine);
      expect(message).toContain('its contract has subscribe: false, so this application never receives it');
      expect(message).toContain('handledElsewhere: true');
    }
  });

  it('nothing here handles it, and its contract says that nobody else does', async () => {
    const engine = await instance({ pathway: { handledElsewhere: false }, handle: false });
    expect(await refusalOf(engine)).toContain('no method in this application handles it');
  });
});

describe('a wait that no instance can end any more, as the event is stored already', () => {
  it('its pump is paused by the instance that runs it', async () => {
    const gate = deferred();
    let handled = 0;
    const runner = await instance({
      handle: () => {
        handled++;
        return gate.promise;
      },
    });
    const { writer } = await instance({ options: { pump: false } });
    await writer.write(KEY, { ...WRITE, options: { fireAndForget: true } });
    await until(() => handled === 1);
    const refused = failureOf(writer.write(KEY, WRITE), PathwayWriteUnawaitableError);
    await until(() => local.eventCount() === 2);
    await runner.pumps.pause();
    const { message, stored } = await refused;
    expect(message).toContain(`${PUMP} is paused; resume it first`);
    expect(stored).toBe(true);
    gate.resolve();
    await runner.pumps.resume();
    await until(() => handled === 2);
  });

  it('its pump has halted here', async () => {
    const gate = deferred();
    let handled = 0;
    const handle = async () => {
      handled++;
      await gate.promise;
      throw new Error('broken');
    };
    const { writer } = await instance({ pathway: { onExhausted: 'halt' }, handle });
    const failed = failureOf(writer.write(KEY, WRITE), PathwayHandlerFailedError);
    await until(() => handled === 1);
    const refused = failureOf(writer.write(KEY, WRITE), PathwayWriteUnawaitableError);
    await until(() => local.eventCount() === 2);
    gate.resolve();
    await failed;
    expect((await refused).message).toContain(`${PUMP} has halted at an event that failed`);
  });
});

describe('a wait that another instance may end is none of those', () => {
  it.each<[string, Given]>([
    ['subscribe: false with handledElsewhere', { pathway: { subscribe: false, handledElsewhere: true } }],
    ['nothing here handles it', { handle: false }],
    ['the pumps run elsewhere', { options: { pump: false } }],
    ['its pump is stopped here', { options: { pump: { autoStart: false } } }],
  ])('%s', async (_why, given) => {
    await instance();
    const writer = await instance(given);
    await writer.writer.write(KEY, WRITE);
  });

  it('the platform posts the events to some instance, whatever a pause said when there were pumps', async () => {
    const paused = await instance();
    await paused.pumps.pause();
    await paused.stop();
    const production = { runtimeEnv: 'production', pathwayMode: 'managed', autoProvision: false } as const;
    const writer = await instance({ options: production });
    const receiver = await instance({ options: { pump: false } });
    const writing = writer.writer.write(KEY, WRITE);
    await until(() => local.eventCount() === 1);
    const eventId = await storedId();
    const event = { eventId, flowType: 'order.0', eventType: 'b.0', payload: WRITE.data, metadata: {} };
    const times = { timeBucket: '20260501100000', validTime: '2026-05-01T10:00:00.000Z' };
    await receiver.processor.process(
      { ...event, ...times, tenant: 'acme', dataCoreId: 'local' },
      { source: 'webhook', generation: 0 },
    );
    expect(await writing).toBe(eventId);
  });
});

async function storedId(): Promise<string> {
  const [event] = await LocalTestClient.of(local).all('b.0');
  return event?.eventId ?? '';
}
