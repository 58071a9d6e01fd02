import { Injectable, type INestApplication } from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { Allow, IsString } from 'class-validator';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { OnEvent, Pathway, PathwaysModule, type PathwayEvent } from 'nestjs-pathways';

@Pathway({ flowType: 'user.0', eventType: 'user.created.0', maxRetries: 0 })
class UserCreated {
  @IsString() name!: string;
  @Allow() free!: { list: object[] };
}

@Injectable()
class Users {
  readonly names: string[] = [];
  readonly payloads: UserCreated[] = [];
  @OnEvent(UserCreated)
  add(event: PathwayEvent<UserCreated>): void {
    if (event.payload.name === 'broken') throw new Error('no such user');
    this.names.push(event.payload.name);
    this.payloads.push(event.payload);
  }
}

/** What only an internal error would show. */
const STACK = /\.ts:|\.js:|at .*\(|node_modules/;

let serial = 0;
function event(payload: unknown, more: object = {}): object {
  const low = (0xbde7ac07 + serial++).toString(16).padStart(8, '0');
  return {
    eventId: `${low}-4548-11f1-9234-0123456789ab`,
    timeBucket: '20260501100000',
    flowType: 'user.0',
    eventType: 'user.created.0',
    metadata: {},
    payload,
    ...more,
  };
}

describe.each([
  ['Express', () => new ExpressAdapter()],
  ['Fastify', () => new FastifyAdapter()],
] as const)('webhook on %s', (_, adapter) => {
  let app: INestApplication;
  let url: string;

  beforeEach(async () => {
    const webhook = {
      secrets: ['new-secret', 'old-secret'],
      path: 'hooks/flowcore',
      header: 'X-Flow-Secret',
      maxBodyBytes: 60_000,
    };
    const module = await Test.createTestingModule({
      imports: [PathwaysModule.forRoot({ pump: false, webhook })],
      providers: [Users],
    }).compile();
    app = module.createNestApplication(adapter() as never, { logger: false });
    await app.listen(0, '127.0.0.1');
    url = `${await app.getUrl()}/hooks/flowcore`;
  });
  afterEach(() => app.close());

  async function post(
    body: unknown,
    secret: string | null = 'new-secret',
  ): Promise<{ status: number; body: Record<string, unknown>; text: string }> {
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(secret === null ? {} : { 'x-flow-secret': secret }),
      },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
    const text = await response.text();
    return { status: response.status, body: JSON.parse(text) as Record<string, unknown>, text };
  }

  it('a good event is handled once, however often it is delivered', async () => {
    const body = event({ name: 'Ada' });
    expect((await post(body)).body).toMatchObject({ success: true });
    expect((await post(body)).status).toBe(200);
    expect(app.get(Users).names).toEqual(['Ada']);
  });

  it('a legacy event names its flow type as aggregator', async () => {
    const { flowType: _flowType, ...legacy } = event({ name: 'Old' }, { aggregator: 'user.0' }) as Record<
      string,
      unknown
    >;
    expect((await post(legacy)).status).toBe(200);
    expect(app.get(Users).names).toEqual(['Old']);
  });

  it('the old secret works during a rotation; a wrong, missing, empty or longer one runs nothing', async () => {
    expect((await post(event({ name: 'a' }), 'old-secret')).status).toBe(200);
    for (const secret of ['wrong', '', 'new-secret-and-more', null]) {
      expect(await post(event({ name: 'b' }), secret)).toMatchObject({
        status: 401,
        body: { code: 'PATHWAYS_WEBHOOK_SECRET_INVALID' },
      });
    }
    expect(app.get(Users).names).toEqual(['a']);
  });

  it.each([
    [
      'an unknown pathway',
      event({ name: 'a' }, { eventType: 'user.deleted.0' }),
      404,
      'PATHWAYS_PATHWAY_UNKNOWN',
    ],
    ['an invalid payload', event({ name: 5 }), 400, 'PATHWAYS_PAYLOAD_INVALID'],
    ['a failing handler', event({ name: 'broken' }), 500, 'PATHWAYS_HANDLER_FAILED'],
    ['missing fields', { eventId: 'x' }, 400, 'PATHWAYS_EVENT_MALFORMED'],
    ['a payload of the wrong type', event('text'), 400, 'PATHWAYS_EVENT_MALFORMED'],
    ['an empty object', {}, 400, 'PATHWAYS_EVENT_MALFORMED'],
  ])('%s is answered with its code and no stack', async (_what, body, status, code) => {
    const answer = await post(body);
    expect(answer).toMatchObject({ status, body: { code } });
    expect(answer.body['message']).toEqual(expect.stringMatching(/\w+ \w+/));
    expect(answer.text).not.toMatch(STACK);
  });

  it.each([['null'], ['not json'], ['7'], ['"text"'], ['[null]'], ['[[]]'], ['{"eventId":{}}']])(
    'the body %s neither crashes nor shows a stack: a 400 says why, and the next event is handled',
    async (body) => {
      const answer = await post(body);
      expect(answer).toMatchObject({
        status: 400,
        text: expect.stringContaining('PATHWAYS_EVENT_MALFORMED'),
      });
      expect(answer.text).toContain('"message":"');
      expect(answer.text).not.toMatch(STACK);
      expect((await post(event({ name: 'next' }))).status).toBe(200);
    },
  );

  it('10 MB are not taken into memory: a 413 says why, and the next event is handled', async () => {
    expect(await post(event({ name: 'x'.repeat(10_000_000) }))).toMatchObject({
      status: 413,
      body: { code: 'PATHWAYS_WEBHOOK_BODY_TOO_LARGE', message: expect.stringContaining('60000') },
    });
    expect((await post(event({ name: 'next' }))).status).toBe(200);
  });

  it('a body above maxBodyBytes but below the adapter limit is refused with a 413', async () => {
    expect(await post(event({ name: 'x'.repeat(70_000) }))).toMatchObject({
      status: 413,
      body: { code: 'PATHWAYS_WEBHOOK_BODY_TOO_LARGE' },
    });
  });

  const PROTO = '"__proto__":{"polluted":true}';
  const CONSTRUCTOR = '"constructor":{"prototype":{"polluted":true}}';
  const unpolluted = () => expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  /** A key that `JSON.stringify` could not write, before another one. */
  const withKey = (key: string, place: string, body: object) =>
    JSON.stringify(body).replace(`"${place}":`, `${key},"${place}":`);
  const full = () =>
    event(
      { name: 'P', free: { list: [{ deep: 1 }] } },
      { metadata: { source: 'test', tags: [{ nested: 1 }] } },
    );

  it.each(
    [PROTO, CONSTRUCTOR, '"constructor":"x"'].flatMap((key) => [
      [key, 'the event', 'eventId'],
      [key, 'metadata', 'source'],
      [key, 'metadata', 'nested'],
    ]),
  )('the key %s in %s (before %s) is refused with a 400 that says why', async (key, where, place) => {
    const answer = await post(withKey(key, place, full()));
    expect(answer).toMatchObject({
      status: 400,
      body: {
        code: 'PATHWAYS_EVENT_MALFORMED',
        message: expect.stringContaining(`${where} has a key __proto__ or constructor`),
      },
    });
    expect(answer.text).not.toMatch(STACK);
    unpolluted();
    expect(app.get(Users).names).toEqual([]);
    expect((await post(event({ name: 'next' }))).status).toBe(200);
  });

  it.each(
    [PROTO, CONSTRUCTOR, `${PROTO},${CONSTRUCTOR}`].flatMap((key) => [
      [key, 'name'],
      [key, 'list'],
      [key, 'deep'],
    ]),
  )(
    'the key %s in the payload (before %s) is data: the event is handled, and no prototype changes',
    async (key, place) => {
      expect((await post(withKey(key, place, full()))).status).toBe(200);
      unpolluted();
      const [payload] = app.get(Users).payloads as [UserCreated];
      expect(payload.name).toBe('P');
      expect(Object.getPrototypeOf(payload)).toBe(UserCreated.prototype);
      for (const part of [payload.free, payload.free.list, payload.free.list[0]])
        expect((part as { polluted?: unknown }).polluted).toBeUndefined();
      // Only `constructor` can be kept: a key __proto__ would turn into a changed prototype at the next copy.
      const holder = place === 'list' ? payload.free : place === 'deep' ? payload.free.list[0] : undefined;
      if (holder) {
        expect(Object.hasOwn(holder, '__proto__')).toBe(false);
        expect(Object.hasOwn(holder, 'constructor')).toBe(key.includes('constructor'));
      }
    },
  );

  it('such an event in an array is refused by itself', async () => {
    const [good, odd] = [JSON.stringify(event({ name: 'good' })), withKey(PROTO, 'source', full())];
    expect(await post(`[${odd},${good}]`)).toMatchObject({
      status: 400,
      body: { results: [{ success: false, status: 400 }, { success: true }] },
    });
    expect(app.get(Users).names).toEqual(['good']);
  });

  it('an array gets a result per event; one failure makes the sender deliver again', async () => {
    const good = [event({ name: 'one' }), event({ name: 'two' })];
    const all = await post(good);
    expect(all).toMatchObject({ status: 200, body: { results: [{ success: true }, { success: true }] } });
    const mixed = await post([event({ name: 'three' }), event({ name: 'broken' }), event({ name: 'four' })]);
    expect(mixed).toMatchObject({
      status: 500,
      body: { results: [{ success: true }, { success: false, status: 500 }, { success: true }] },
    });
    expect(app.get(Users).names).toEqual(['one', 'two', 'three', 'four']);
  });
});
