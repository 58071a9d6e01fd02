import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  auditOf,
  NoopLogger,
  PathwayHandlerFailedError,
  PathwayRouter,
  PathwaysBuilder,
  PathwaysConfigurationError,
  PathwayUnknownError,
  PathwayWriteUnawaitableError,
  PumpUnknownError,
  SessionPathwayBuilder,
  type PathwayEvent,
  type PathwaysBuilderOptions,
  type ReferenceDeliveryStore,
} from 'nestjs-pathways/builder';
import { startLocalFlowcore, type LocalFlowcore } from 'nestjs-pathways/local';
import { until } from '../support/until.js';

const order = z.object({ orderId: z.string(), total: z.number() });
const placed = { flowType: 'order', eventType: 'placed', schema: order } as const;

describe('PathwaysBuilder', () => {
  let local: LocalFlowcore;
  const builders: PathwaysBuilder[] = [];

  beforeEach(async () => {
    local = await startLocalFlowcore();
  });
  afterEach(async () => {
    await Promise.all(builders.splice(0).map((builder) => builder.close()));
    await local.stop();
  });

  function create(options: Partial<PathwaysBuilderOptions> = {}): PathwaysBuilder {
    const builder = new PathwaysBuilder({
      baseUrl: local.url,
      tenant: 'acme',
      dataCore: 'shop',
      apiKey: 'fc_id_secret',
      runtimeEnv: 'development',
      logger: new NoopLogger(),
      pump: { startFrom: 'beginning' },
      ...options,
    });
    builders.push(builder);
    return builder;
  }

  it('writes, pulls and handles; the write waits until it is handled', async () => {
    const handled: unknown[] = [];
    const pathways = create()
      .register(placed)
      .handle('order/placed', ({ payload }) => handled.push(payload));
    await pathways.startPump();
    const id = await pathways.write('order/placed', { data: { orderId: 'o-1', total: 3 } });
    expect(id).toMatch(/^[0-9a-f-]{36}$/);
    expect(handled).toEqual([{ orderId: 'o-1', total: 3 }]);
    const ids = await pathways.write('order/placed', {
      batch: true,
      data: [
        { orderId: 'o-2', total: 1 },
        { orderId: 'o-3', total: 2 },
      ],
    });
    expect(ids).toHaveLength(2);
    expect(handled).toHaveLength(3);
  });

  it('observers, error listeners and audit are told; a waiting write learns of the failure', async () => {
    const told: string[] = [];
    const pathways = create()
      .register({ ...placed, maxRetries: 1, retryDelayMs: 0 })
      .handle('order/placed', ({ payload }) => {
        told.push('handler');
        if (payload.total < 0) throw new RangeError('negative');
      })
      .subscribe('order/placed', (_event, stage) => told.push(stage), 'all')
      .onError('order/placed', (error) => told.push(`error ${error.message}`))
      .onAnyError((error, _event, pathway) => told.push(`any ${pathway} ${error.message}`))
      .withAudit((pathway) => told.push(`audit ${pathway}`));
    await pathways.startPump();
    await pathways.write('order/placed', { data: { orderId: 'o-1', total: 3 } });
    await until(() => told.includes('after'));
    expect(told).toEqual(['audit order/placed', 'before', 'handler', 'after']);
    told.length = 0;
    await expect(pathways.write('order/placed', { data: { orderId: 'o-2', total: -1 } })).rejects.toThrow(
      PathwayHandlerFailedError,
    );
    expect(told.filter((what) => what.startsWith('error'))).toHaveLength(2);
    expect(told.filter((what) => what.startsWith('any order/placed'))).toHaveLength(2);
  });

  it('a router hands over what is posted, also before anything else was called', async () => {
    const handled: PathwayEvent<{ orderId: string }>[] = [];
    const pathways = create()
      .register(placed)
      .handle('order/placed', (event) => handled.push(event));
    const router = new PathwayRouter(pathways, 'secret');
    const event = {
      eventId: '6f1a0b52-5c0e-11f0-8000-000000000001',
      timeBucket: '20250101000000',
      tenant: 'acme',
      dataCoreId: 'x',
      flowType: 'order',
      eventType: 'placed',
      metadata: {},
      payload: { orderId: 'o-1', total: 1 },
      validTime: '2025-01-01T00:00:00.000Z',
    };
    await expect(router.processEvent(event, 'wrong')).rejects.toMatchObject({ httpStatus: 401 });
    await expect(router.processEvent(event, 'secret')).resolves.toEqual({
      success: true,
      message: 'Event processed through pathway order/placed',
    });
    await expect(router.processEvent(event, 'secret')).resolves.toMatchObject({
      message: 'Event already processed through pathway order/placed',
    });
    expect(handled).toHaveLength(1);
    await expect(router.processEvent({ ...event, eventType: 'gone' }, 'secret')).rejects.toThrow(
      PathwayUnknownError,
    );
  });

  it('process takes an event and throws what its handler failed with', async () => {
    const pathways = create()
      .register({ ...placed, maxRetries: 0 })
      .handle('order/placed', ({ payload }) => {
        if (payload.total < 0) throw new RangeError('negative');
      });
    const event = (total: number, last: number) => ({
      eventId: `6f1a0b52-5c0e-11f0-8000-00000000000${last}`,
      timeBucket: '20250101000000',
      tenant: 'acme',
      dataCoreId: 'x',
      flowType: 'order',
      eventType: 'placed',
      metadata: {},
      payload: { orderId: 'o-1', total },
      validTime: '2025-01-01T00:00:00.000Z',
    });
    await pathways.process('order/placed', event(1, 1));
    await expect(pathways.process('order/placed', event(-1, 2))).rejects.toThrow(PathwayHandlerFailedError);
  });

  it('sessions write with their id and their user', async () => {
    const audits: unknown[] = [];
    const pathways = create()
      .register(placed)
      .handle('order/placed', (event) => audits.push(auditOf(event)));
    await pathways.startPump();
    pathways.withUserResolver(async () => ({ entityId: 'global', entityType: 'user' }));
    const session = new SessionPathwayBuilder(pathways, 's-1').withUserResolver(async () => ({
      entityId: 'ada',
      entityType: 'user',
    }));
    const data = { orderId: 'o-1', total: 3 };
    await session.write('order/placed', { data });
    await session.write('order/placed', { data, options: { sessionId: 's-2' } });
    await new SessionPathwayBuilder(pathways).write('order/placed', { data });
    expect(audits).toMatchObject([
      { entityId: 'ada', sessionId: 's-1' },
      { entityId: 'global', sessionId: 's-2' },
      { entityId: 'global', sessionId: expect.stringMatching(/^[0-9a-f-]{36}$/) },
    ]);
    await expect(
      Promise.resolve(pathways.getSessionUserResolver('s-1')).then((ask) => ask?.()),
    ).resolves.toEqual({
      entityId: 'ada',
      entityType: 'user',
    });
    const off = create({ enableSessionUserResolvers: false });
    expect(() => off.withSessionUserResolver('s-1', async () => undefined)).toThrow(
      /enableSessionUserResolvers/,
    );
  });

  it('stopPump stops pulling and startPump goes on, with other options', async () => {
    const handled: string[] = [];
    const pathways = create()
      .register(placed)
      .handle('order/placed', ({ payload }) => handled.push(payload.orderId));
    await pathways.startPump();
    await pathways.startPump();
    await pathways.write('order/placed', { data: { orderId: 'o-1', total: 3 } });
    await pathways.stopPump();
    expect(pathways.pump).toBeUndefined();
    const write = () => pathways.write('order/placed', { data: { orderId: 'o-2', total: 3 } });
    await expect(write()).rejects.toThrow(PathwayWriteUnawaitableError);
    await pathways.write('order/placed', {
      data: { orderId: 'o-2', total: 3 },
      options: { fireAndForget: true },
    });
    await pathways.startPump({ concurrency: 4 });
    expect(pathways.pump?.status()).toMatchObject([{ concurrency: 4 }]);
    await until(() => handled.length === 2);
    expect(handled).toEqual(['o-1', 'o-2']);
  });

  it('starts at once are one start, and a stop behind a start stops it', async () => {
    const handled: string[] = [];
    const pathways = create()
      .register(placed)
      .handle('order/placed', ({ payload }) => handled.push(payload.orderId));
    await Promise.all([pathways.startPump(), pathways.startPump()]);
    await pathways.write('order/placed', { data: { orderId: 'o-1', total: 3 } });
    expect(handled).toEqual(['o-1']);
    await pathways.stopPump();
    await Promise.all([pathways.startPump(), pathways.stopPump()]);
    expect(pathways.pump).toBeUndefined();
    const { pumps } = await pathways.engine();
    expect(pumps.status()).toMatchObject([{ state: 'stopped' }]);
  });

  it('resetPump runs every handler again and names the pumps', async () => {
    const handled: string[] = [];
    const pathways = create()
      .register(placed)
      .handle('order/placed', ({ payload }) => handled.push(payload.orderId));
    await expect(pathways.resetPump()).rejects.toThrow(/startPump/);
    await pathways.startPump();
    await pathways.write('order/placed', { data: { orderId: 'o-1', total: 3 } });
    await expect(pathways.resetPump('beginning', ['order'])).resolves.toEqual(['order::default']);
    await until(() => handled.length === 2);
  });

  it('resetPump with a stop delivers up to there and stands still', async () => {
    const handled: string[] = [];
    const pathways = create()
      .register(placed)
      .handle('order/placed', ({ payload }) => handled.push(payload.orderId));
    await pathways.startPump();
    const stopAt = await pathways.write('order/placed', { data: { orderId: 'o-1', total: 3 } });
    await pathways.write('order/placed', { data: { orderId: 'o-2', total: 3 } });
    handled.length = 0;
    await pathways.resetPump('beginning', { flowTypes: ['order'] }, stopAt);
    await pathways.pump?.whenDone();
    expect(handled).toEqual(['o-1']);
    expect(pathways.pump?.status()).toMatchObject([{ state: 'done' }]);
  });

  it('C8: startPump and provision cannot create what the constructor leaves out, and may leave out more', async () => {
    const names = { dataCoreDescription: 'Shop' };
    const off = create({ ...names, autoProvision: { dataCore: true, flowType: false, eventType: false } });
    off.register({ ...placed, description: 'Placed', flowTypeDescription: 'Orders' });
    await off.provision({ autoProvision: true });
    expect(local.stats.totals).toMatchObject({ dataCores: 1, flowTypes: 0, eventTypes: 0 });

    const all = create({ ...names, autoProvision: true })
      .register({ ...placed, description: 'Placed', flowTypeDescription: 'Orders' })
      .handle('order/placed', () => {});
    await all.startPump({ autoProvision: { eventType: false } });
    expect(local.stats.totals).toMatchObject({ flowTypes: 1, eventTypes: 0 });
  });

  it('what is registered after startPump is pulled too', async () => {
    const pathways = create()
      .register(placed)
      .handle('order/placed', () => {});
    await pathways.startPump();
    const handled: unknown[] = [];
    const more = pathways
      .register({ flowType: 'user', eventType: 'created' })
      .handle('user/created', ({ payload }) => handled.push(payload));
    await until(() => more.pump?.registeredPumpKeys.includes('user::default') ?? false);
    await more.write('user/created', { data: { name: 'ada', more: true } });
    expect(handled).toEqual([{ name: 'ada', more: true }]);
  });

  it('pause and resume name the pumps that are meant, and refuse names that are none', async () => {
    const pathways = create()
      .register(placed)
      .handle('order/placed', () => {})
      .register({ flowType: 'order', eventType: 'paid', pumpGroup: 'slow' })
      .handle('order/paid', () => {});
    await pathways.startPump();
    const { pump } = pathways;
    expect(await pump?.pause({ pumpGroups: ['slow'] })).toEqual(['order::slow']);
    expect(await pump?.pause()).toEqual(['order::default', 'order::slow']);
    expect(await pump?.resume({ keys: ['order::default'] })).toEqual(['order::default']);
    expect(pump?.pausedGroups).toEqual(['order::slow']);
    expect(await pump?.resume()).toEqual(['order::default', 'order::slow']);
    await expect(pump?.pause({ flowTypes: ['odrer'] })).rejects.toThrow(PumpUnknownError);
    await expect(pump?.resume({ flowTypes: ['odrer'] })).rejects.toThrow(PumpUnknownError);
  });

  it('a delivery store of the reference’s two methods remembers pauses', async () => {
    const lists = new Map<string, readonly string[]>();
    const delivery: ReferenceDeliveryStore = {
      getPausedPumps: async (key) => lists.get(key) ?? [],
      setPausedPumps: async (key, pumps) => void lists.set(key, pumps),
    };
    const start = async () => {
      const pathways = create()
        .register(placed)
        .handle('order/placed', () => {})
        .register({ flowType: 'order', eventType: 'paid', pumpGroup: 'slow' })
        .handle('order/paid', () => {})
        .withPathwayDeliveryStore(delivery);
      await pathways.startPump();
      return pathways;
    };
    const first = await start();
    await Promise.all([first.pump?.pause({ pumpGroups: ['slow'] }), first.pump?.pause()]);
    await first.pump?.pause({ pumpGroups: ['slow'] });
    expect(lists.get('shop')?.toSorted()).toEqual(['order::default', 'order::slow']);
    await first.pump?.resume({ pumpGroups: ['default'] });
    await first.close();
    const second = await start();
    expect(second.pump?.pausedGroups).toEqual(['order::slow']);
    await second.pump?.resume();
    expect(lists.get('shop')).toEqual([]);
  });

  it('stores that lack a method, and bad options of the engine, are refused in the builder’s words', async () => {
    const pathways = create();
    const chunks = { storePart: () => ({ status: 'stored' }), deleteChunk: () => {} };
    expect(() => pathways.withPathwayChunkStore(chunks as never)).toThrow(
      /^The calls of PathwaysBuilder are not usable.*\n.*withPathwayChunkStore: .*without load, finish, takeExpired.*createPostgresPathwayChunkStore/,
    );
    expect(() => pathways.withPathwayDeliveryStore({ getPausedPumps: () => [] } as never)).toThrow(
      /withPathwayDeliveryStore: .*without setPausedPumps/,
    );
    pathways.register(placed).withPathwayState({ claim: () => 'claimed' } as never);
    await expect(pathways.engine()).rejects.toThrow(/^The options of PathwaysBuilder.*\n.*store\.state/);
    const running = create().register(placed);
    await expect(running.startPump({ bufferSize: 0 })).rejects.toThrow(
      /^The options of the pumps.*\n.*pump\.bufferSize/,
    );
  });

  it('bad options are refused in the constructor, all of them in one error', () => {
    const bad = { baseUrl: 'nowhere', tenant: 'acme', dataCore: 'shop', maxBatchSize: 0, tenat: 'x' };
    const make = () => new PathwaysBuilder(bad as unknown as PathwaysBuilderOptions);
    expect(make).toThrow(PathwaysConfigurationError);
    for (const path of ['apiKey', 'maxBatchSize', 'tenat']) expect(make).toThrow(new RegExp(`- ${path}:`));
  });

  it('stores are refused after the first use', async () => {
    const pathways = create().register(placed);
    await pathways.write('order/placed', {
      data: { orderId: 'o-1', total: 3 },
      options: { fireAndForget: true },
    });
    const late = () => pathways.withPathwayState({ isProcessed: () => false, setProcessed: () => {} });
    expect(late).toThrow(/withPathwayState/);
  });

  it('in production memory is refused, with the remedy, and positions of pumps must last', async () => {
    const pathways = create({ runtimeEnv: 'production' }).register(placed);
    const write = () =>
      pathways.write('order/placed', {
        data: { orderId: 'o-1', total: 3 },
        options: { fireAndForget: true },
      });
    await expect(write()).rejects.toThrow(/store: keeps state, deadLetters in memory/);
  });
});
