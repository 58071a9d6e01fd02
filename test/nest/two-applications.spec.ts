import { Injectable, type INestApplication } from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { afterEach, expect, it, vi } from 'vitest';
import {
  OnEvent,
  PathwaysEngine,
  PathwaysModule,
  PathwayWriter,
  silentLogger,
  type PathwayEvent,
} from 'nestjs-pathways';
import { Apps, storedEvent } from './support/app.js';
import { ORDER_PLACED, OrderPlaced } from './support/contracts.js';

@Injectable()
class Projector {
  readonly seen: string[] = [];
  @OnEvent(OrderPlaced) project(event: PathwayEvent<OrderPlaced>): void {
    this.seen.push(event.payload.orderId);
  }
}

const apps = new Apps();
afterEach(() => apps.close());

/** As a user would: a platform of its own, a pump, waiting writes and a webhook. */
async function start(secret: string, adapter: ExpressAdapter | FastifyAdapter): Promise<INestApplication> {
  const module = await Test.createTestingModule({
    imports: [PathwaysModule.forRoot({ logger: silentLogger, webhook: { secrets: secret } })],
    providers: [Projector],
  }).compile();
  const app = apps.add(module.createNestApplication<INestApplication>(adapter, { logger: false }));
  await app.listen(0, '127.0.0.1');
  return app;
}

/** Waits until the handler of the application itself is done: a write that nobody handled would be refused. */
const write = (app: INestApplication, orderId: string) =>
  app.get(PathwayWriter).write(OrderPlaced, { data: { orderId, total: 1 } });

async function post(app: INestApplication, orderId: string, secret: string): Promise<number> {
  const response = await fetch(`${await app.getUrl()}/pathways/events`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-webhook-secret': secret },
    body: JSON.stringify(storedEvent(ORDER_PLACED, { orderId, total: 1 })),
  });
  return response.status;
}

it.each([
  ['Express', () => new ExpressAdapter()],
  ['Fastify', () => new FastifyAdapter()],
] as const)(
  'two running applications in one process do not meet, and one outlives the other (%s)',
  async (_, adapter) => {
    const [first, second] = [await start('secret-1', adapter()), await start('secret-2', adapter())];
    expect(first.get(PathwaysEngine).hosts.ingestion).not.toBe(second.get(PathwaysEngine).hosts.ingestion);

    const writes = (app: INestApplication, name: string) =>
      Array.from({ length: 10 }, (_item, n) => write(app, `${name}-${n}`));
    await Promise.all([...writes(first, 'first'), ...writes(second, 'second')]);
    expect(await post(first, 'first-hook', 'secret-1')).toBe(200);
    expect(await post(second, 'second-hook', 'secret-2')).toBe(200);
    expect(await post(first, 'intruder', 'secret-2')).toBe(401);
    expect(await post(second, 'intruder', 'secret-1')).toBe(401);
    const expected = (name: string) => [
      ...Array.from({ length: 10 }, (_item, n) => `${name}-${n}`),
      `${name}-hook`,
    ];
    expect(first.get(Projector).seen.toSorted()).toEqual(expected('first'));
    expect(second.get(Projector).seen.toSorted()).toEqual(expected('second'));

    // Returns although the other one still runs.
    await first.close();
    await write(second, 'after the close');
    expect(await post(second, 'hook after the close', 'secret-2')).toBe(200);
    expect(second.get(Projector).seen.slice(-2)).toEqual(['after the close', 'hook after the close']);
    await expect(write(first, 'too late')).rejects.toMatchObject({
      code: 'PATHWAYS_WRITE_UNAWAITABLE',
    });
    await vi.waitFor(() =>
      expect(second.get(PathwaysEngine).pumps.status()).toMatchObject([{ state: 'live' }]),
    );
  },
);
