import { Injectable, type INestApplication } from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { IsString } from 'class-validator';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { OnEvent, Pathway, PathwaysModule, type PathwayEvent } from 'nestjs-pathways';

@Pathway({ flowType: 'user.0', eventType: 'user.created.0', maxRetries: 0 })
class UserCreated {
  @IsString() name!: string;
}

@Injectable()
class Users {
  readonly names: string[] = [];
  @OnEvent(UserCreated)
  add(event: PathwayEvent<UserCreated>): void {
    if (event.payload.name === 'broken') throw new Error('no such user');
    this.names.push(event.payload.name);
  }
}

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

  it('the old secret works during a rotation; a wrong, missing, empty or longer one does not', async () => {
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
    expect(answer.text).not.toMatch(/\.ts:|at .*\(|node_modules/);
  });

  it.each([['null'], ['not json'], ['7'], ['"text"']])('the body %s is refused with a 400', async (body) => {
    expect((await post(body)).status).toBe(400);
  });

  it('10 MB are refused with a 413', async () => {
    expect((await post(event({ name: 'x'.repeat(10_000_000) }))).status).toBe(413);
  });

  it('a body above maxBodyBytes but below the adapter limit is refused with a 413', async () => {
    expect(await post(event({ name: 'x'.repeat(70_000) }))).toMatchObject({
      status: 413,
      body: { code: 'PATHWAYS_WEBHOOK_BODY_TOO_LARGE' },
    });
  });

  it('__proto__ and constructor keys change no prototype', async () => {
    const body = JSON.stringify(event({ name: 'P' })).replace(
      '"name"',
      '"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}},"name"',
    );
    await post(body);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
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

  it('an array of 200 small events is handled in order', async () => {
    const names = Array.from({ length: 200 }, (_item, index) => `n${index}`);
    expect((await post(names.map((name) => event({ name })))).status).toBe(200);
    expect(app.get(Users).names).toEqual(names);
  });
});
