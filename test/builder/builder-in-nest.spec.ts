import { Injectable, Module, type OnModuleInit } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  OnEvent,
  OnPathwayObserved,
  PathwaysBuilder,
  PathwaysConfigurationError,
  PathwaysModule,
  PathwayWriter,
  PumpManager,
  type PathwayEvent,
} from 'nestjs-pathways';
import {
  NoopLogger,
  SessionPathwayBuilder,
  type HostedBuilder,
  type PathwaysBuilderOptions,
} from 'nestjs-pathways/builder';
import { startLocalFlowcore, type LocalFlowcore } from 'nestjs-pathways/local';
import { storedEvents } from '../interop/stored-events.js';

const schema = z.object({ orderId: z.string() });

describe('a builder hosted by the Nest module', () => {
  let local: LocalFlowcore;

  beforeEach(async () => {
    local = await startLocalFlowcore();
  });
  afterEach(() => local.stop());

  const create = (options: Partial<PathwaysBuilderOptions> = {}) =>
    new PathwaysBuilder({
      baseUrl: local.url,
      tenant: 'acme',
      dataCore: 'shop',
      apiKey: 'fc_id_secret',
      runtimeEnv: 'development',
      logger: new NoopLogger(),
      pump: { startFrom: 'beginning' },
      ...options,
    });

  it('half the pathways by register and handle, half by decorators: one pump, one state', async () => {
    const handled: string[] = [];
    const builder = create()
      .register({ flowType: 'order', eventType: 'placed', schema })
      .register({ flowType: 'order', eventType: 'paid', schema })
      .handle('order/placed', ({ payload }) => handled.push(`builder ${payload.orderId}`));

    @Injectable()
    class Payments {
      @OnEvent('order/paid')
      pay({ payload }: PathwayEvent<{ orderId: string }>) {
        handled.push(`decorator ${payload.orderId}`);
      }

      @OnPathwayObserved('order/placed', 'after')
      see({ payload }: PathwayEvent<{ orderId: string }>) {
        handled.push(`observer ${payload.orderId}`);
      }
    }

    @Module({ imports: [PathwaysModule.forRoot({ builder })], providers: [Payments] })
    class AppModule {}

    const app = (await Test.createTestingModule({ imports: [AppModule] }).compile()).createNestApplication();
    await app.init();
    try {
      expect(app.get(PumpManager).status()).toMatchObject([
        { pump: 'order::default', eventTypes: ['placed', 'paid'] },
      ]);
      await builder.write('order/paid', { data: { orderId: 'o-1' } });
      await app.get(PathwayWriter).write('order/placed', { data: { orderId: 'o-2' } });
      await expect.poll(() => handled).toEqual(['decorator o-1', 'builder o-2', 'observer o-2']);
    } finally {
      await app.close();
    }
    await expect(builder.write('order/paid', { data: { orderId: 'o-3' } })).rejects.toThrow();
  });

  it('its events arrive at the webhook too', async () => {
    const handled: string[] = [];
    const builder = create()
      .register({ flowType: 'order', eventType: 'placed', schema })
      .handle('order/placed', ({ payload }) => handled.push(payload.orderId));

    @Module({ imports: [PathwaysModule.forRoot({ builder, webhook: { secrets: 'secret' } })] })
    class AppModule {}

    const app = (await Test.createTestingModule({ imports: [AppModule] }).compile()).createNestApplication();
    await app.listen(0, '127.0.0.1');
    try {
      const answer = await fetch(`${await app.getUrl()}/pathways/events`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-webhook-secret': 'secret' },
        body: JSON.stringify({
          eventId: '6f1a0b52-5c0e-11f0-8000-000000000001',
          flowType: 'order',
          eventType: 'placed',
          payload: { orderId: 'o-1' },
        }),
      });
      expect(answer.status).toBe(200);
      expect(handled).toEqual(['o-1']);
    } finally {
      await app.close();
    }
  });

  it.each([
    ['as given', {}, { at: '2026-05-01', note: 'unknown' }],
    ['what the schema makes of it', { writeParsedPayloads: true }, { at: '2026-05-01T00:00:00.000Z' }],
    [
      'what the schema makes of it, as the reference does',
      { compatibility: 'reference' },
      { at: '2026-05-01T00:00:00.000Z' },
    ],
  ] as const)('its two writers, one event or many: both store %s', async (_what, options, stored) => {
    const dated = z.object({ at: z.string().transform((text) => new Date(text)) });
    const builder = create(options).register({ flowType: 'order', eventType: 'placed', schema: dated });
    @Module({ imports: [PathwaysModule.forRoot({ builder })] })
    class AppModule {}

    const app = (await Test.createTestingModule({ imports: [AppModule] }).compile()).createNestApplication();
    await app.init();
    try {
      const writer = app.get(PathwayWriter);
      const data = { at: '2026-05-01', note: 'unknown' };
      const forget = { fireAndForget: true };
      await builder.write('order/placed', { data, options: forget });
      await new SessionPathwayBuilder(builder).write('order/placed', { data, options: forget });
      await writer.write('order/placed', { data, options: forget });
      await writer.session().write('order/placed', { data, options: forget });
      await writer.write('order/placed', { data, options: { ...forget, idempotencyKey: 'once' } });
      await writer.write('order/placed', { data, options: { outbox: true } });
      await builder.write('order/placed', { batch: true, data: [data], options: forget });
      await writer.write('order/placed', { batch: true, data: [data], options: forget });
      const payloads = async () =>
        (await storedEvents(local, 'shop', 'order/placed')).map(({ payload }) => payload);
      await expect.poll(payloads).toEqual(Array.from({ length: 8 }, () => stored));
    } finally {
      await app.close();
    }
  });

  it.each([
    ['forRoot', (builder: HostedBuilder) => PathwaysModule.forRoot({ name: 'shop', builder })],
    [
      'forRootAsync',
      (builder: HostedBuilder) =>
        PathwaysModule.forRootAsync({ name: 'shop', useFactory: async () => ({ builder }) }),
    ],
  ])('a named instance hosts it, by %s', async (_what, moduleFor) => {
    const handled: string[] = [];
    const builder = create().register({ flowType: 'order', eventType: 'paid', schema });

    @Injectable()
    class Payments {
      @OnEvent('order/paid', { instance: 'shop' })
      pay({ payload }: PathwayEvent<{ orderId: string }>) {
        handled.push(payload.orderId);
      }
    }

    @Module({ imports: [moduleFor(builder)], providers: [Payments] })
    class AppModule {}

    const app = (await Test.createTestingModule({ imports: [AppModule] }).compile()).createNestApplication();
    await app.init();
    try {
      await builder.write('order/paid', { data: { orderId: 'o-1' } });
      expect(handled).toEqual(['o-1']);
    } finally {
      await app.close();
    }
  });

  it.each([
    ['forRoot', (builder: HostedBuilder) => PathwaysModule.forRoot({ builder })],
    [
      'forRootAsync',
      (builder: HostedBuilder) => PathwaysModule.forRootAsync({ useFactory: () => ({ builder }) }),
    ],
  ])(
    'one whose pumps run already is refused by %s: they would pass over events of decorated handlers',
    async (_what, moduleFor) => {
      const builder = create()
        .register({ flowType: 'order', eventType: 'placed', schema })
        .handle('order/placed', () => {});
      const starting = builder.startPump();
      @Module({ imports: [moduleFor(builder)] })
      class AppModule {}

      const compile = () => Test.createTestingModule({ imports: [AppModule] }).compile();
      try {
        await expect(compile()).rejects.toThrow(/builder: was started.*do not call startPump/);
        await starting;
        await expect(compile()).rejects.toThrow(PathwaysConfigurationError);
        await builder.stopPump();
        const app = (await compile()).createNestApplication();
        await app.init();
        expect(app.get(PumpManager).status()).toMatchObject([{ pump: 'order::default' }]);
        await app.close();
      } finally {
        await builder.close();
      }
    },
  );

  it('one that a provider starts while the application does is refused too', async () => {
    const builder = create().register({ flowType: 'order', eventType: 'placed', schema });
    @Injectable()
    class Early implements OnModuleInit {
      async onModuleInit() {
        await builder.startPump();
      }
    }
    @Module({ imports: [PathwaysModule.forRoot({ builder })], providers: [Early] })
    class AppModule {}

    const app = (await Test.createTestingModule({ imports: [AppModule] }).compile()).createNestApplication();
    try {
      await expect(app.init()).rejects.toThrow(/builder: was started/);
    } finally {
      await builder.close();
      await app.close();
    }
  });

  it('options that belong to the builder are refused beside it', async () => {
    const builder = create();
    @Module({ imports: [PathwaysModule.forRoot({ builder, tenant: 'acme', pathwayTimeoutMs: 5 })] })
    class AppModule {}
    const compiled = Test.createTestingModule({ imports: [AppModule] }).compile();
    await expect(compiled).rejects.toThrow(PathwaysConfigurationError);
    await expect(compiled).rejects.toThrow(
      /- tenant: belongs to the builder[\s\S]*- pathwayTimeoutMs: belongs/,
    );
  });
});
