import { Controller, Injectable, Post, Req, type INestApplication } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { ClsModule, ClsService } from 'nestjs-cls';
import { afterEach, describe, expect, it } from 'vitest';
import {
  auditOf,
  OnAudit,
  OnEvent,
  PathwaysModule,
  PathwayWriter,
  silentLogger,
  type AuditUser,
  type PathwayEvent,
  type PathwaysModuleOptions,
} from 'nestjs-pathways';
import { Apps } from '../nest/support/app.js';
import { OrderPlaced } from '../nest/support/contracts.js';

const order = { orderId: 'o-1', total: 3 };
const ada: AuditUser = { entityType: 'user', entityId: 'ada' };
const AS_ADA = { mode: 'user', entityType: 'user', entityId: 'ada' } as const;

const apps = new Apps();
afterEach(() => apps.close());

describe('session and user of the request, through nestjs-cls', () => {
  interface Caller {
    readonly headers: Record<string, string | undefined>;
  }

  @Controller()
  class Orders {
    constructor(private readonly writer: PathwayWriter) {}
    @Post('orders') place(@Req() _request: Caller): Promise<string> {
      return this.writer.write(OrderPlaced, { data: order });
    }
    @Post('other-session') other(): Promise<string> {
      return this.writer.write(OrderPlaced, { data: order, options: { sessionId: 'named' } });
    }
  }

  const audited: PathwayEvent[] = [];
  @Injectable()
  class Listener {
    @OnAudit() audit(event: PathwayEvent): void {
      audited.push(event);
    }
    @OnEvent(OrderPlaced) place(): void {}
  }

  async function start(
    cls: NonNullable<PathwaysModuleOptions['session']>['cls'],
    remember: (store: ClsService, request: Caller) => void,
    options: PathwaysModuleOptions = {},
  ): Promise<INestApplication> {
    audited.length = 0;
    const module = await Test.createTestingModule({
      imports: [
        ClsModule.forRoot({ global: true, middleware: { mount: true, setup: remember } }),
        PathwaysModule.forRoot({ logger: silentLogger, session: { cls }, ...options }),
      ],
      controllers: [Orders],
      providers: [Listener],
    }).compile();
    const app = module.createNestApplication({ logger: false });
    apps.add(app);
    await app.listen(0, '127.0.0.1');
    return app;
  }

  async function post(app: INestApplication, path: string, headers: Record<string, string> = {}) {
    const response = await fetch(`${await app.getUrl()}/${path}`, { method: 'POST', headers });
    return response.status;
  }

  const fromHeaders = (store: ClsService, { headers }: Caller): void => {
    if (headers['x-session']) store.set('sessionId', headers['x-session']);
    if (headers['x-user']) store.set('auditUser', { entityType: 'user', entityId: headers['x-user'] });
  };

  it('are taken without being passed; requests side by side do not meet', async () => {
    const app = await start(true, fromHeaders);
    const users = Array.from({ length: 20 }, (_, at) => `user-${at}`);
    const statuses = await Promise.all(
      users.map((user) => post(app, 'orders', { 'x-user': user, 'x-session': `session-of-${user}` })),
    );
    expect(new Set(statuses)).toEqual(new Set([201]));
    const found = audited.map((event) => auditOf(event));
    expect(found).toHaveLength(20);
    for (const user of users) {
      expect(found).toContainEqual({
        mode: 'user',
        entityType: 'user',
        entityId: user,
        sessionId: `session-of-${user}`,
      });
    }
  });

  it('a request that names neither has neither; the global resolver then counts', async () => {
    const app = await start(true, fromHeaders, {
      audit: { userResolver: () => ({ entityType: 'key', entityId: 'service' }) },
    });
    await post(app, 'orders');
    await post(app, 'orders', { 'x-user': 'ada' });
    expect(audited.map((event) => auditOf(event))).toEqual([
      { mode: 'user', entityType: 'key', entityId: 'service' },
      AS_ADA,
    ]);
  });

  it('the session that a write names wins; its own resolver wins over the user of the request', async () => {
    const app = await start(true, fromHeaders);
    app
      .get(PathwayWriter)
      .session('named')
      .withUserResolver(() => ({ entityType: 'user', entityId: 'bob' }));
    await post(app, 'other-session', { 'x-user': 'ada', 'x-session': 's-1' });
    expect(auditOf(audited[0] as PathwayEvent)).toMatchObject({ entityId: 'bob', sessionId: 'named' });
  });

  it('stand under other keys when the application says so', async () => {
    const USER = Symbol('user');
    const app = await start({ sessionIdKey: 'sid', userKey: USER }, (store) => {
      store.set('sid', 's-9');
      store.set(USER, ada);
    });
    await post(app, 'orders');
    expect(auditOf(audited[0] as PathwayEvent)).toEqual({ ...AS_ADA, sessionId: 's-9' });
  });

  it('outside of a request there is neither', async () => {
    const app = await start(true, fromHeaders);
    await app.get(PathwayWriter).write(OrderPlaced, { data: order });
    expect(audited.map(({ metadata }) => metadata)).toEqual([{}]);
  });

  it('a user of another form, or a session that is no text, refuses the write instead of storing nonsense', async () => {
    const app = await start(true, (store, { headers }) => {
      store.set(headers['x-what'] ?? '', { id: 7 });
    });
    expect(await post(app, 'orders', { 'x-what': 'auditUser' })).toBe(500);
    expect(await post(app, 'orders', { 'x-what': 'sessionId' })).toBe(500);
    expect(audited).toEqual([]);
  });

  it.each<[string, unknown, RegExp]>([
    ['no ClsModule', { cls: true }, /session\.cls: needs ClsService, which no module provides/],
    ['nothing said', {}, /session\.cls: is required/],
    ['a typo', { cls: { userkey: 'x' } }, /session\.cls\.userkey: is not an option; did you mean userKey/],
    ['a key that is none', { cls: { userKey: 7 } }, /session\.cls\.userKey: must be the key/],
    ['switched off', { cls: false }, /session\.cls/],
  ])('%s is refused at start', async (_, session, message) => {
    const start = Test.createTestingModule({
      imports: [
        PathwaysModule.forRoot({
          local: false,
          pump: false,
          logger: silentLogger,
          session: session as never,
        }),
      ],
    })
      .compile()
      .then((app) => apps.init(app));
    await expect(start).rejects.toThrow(message);
  });
});
