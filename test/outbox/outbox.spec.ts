import { createServer } from 'node:http';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { OutboxTransactionInvalidError, type OutboxReference } from 'nestjs-pathways';
import { usePostgres } from '../support/postgres.js';
import { until } from '../support/until.js';
import { ns, OutboxWorld, type OutboxApp } from './support/outbox-world.js';

const postgres = usePostgres();
const world = OutboxWorld.use(postgres);
const PLACED = 'order.0/placed.0';
const SHIPPED = 'order.0/shipped.0';
const options = { outbox: true } as const;

const isEmpty = async () => (await world.rows()).every((row) => row['sent_at'] !== null);
const write = (app: OutboxApp, n: number, more: object = {}): Promise<string> =>
  app.engine.writer.write(PLACED, { data: { n }, options: { ...options, ...more } });

describe('a write through the outbox', () => {
  it('gives a reference, is sent, and says where it went', async () => {
    const app = await world.app();
    const reference: OutboxReference = await app.engine.writer.write(PLACED, {
      data: { n: 1 },
      metadata: { source: 'web' },
      options: { ...options, eventTime: new Date('2026-05-01T10:00:00Z') },
    });
    expect(reference).toMatch(/^outbox:\d+$/);
    await until(() => app.handled.length === 1);
    expect(app.handled[0]).toMatchObject({ timeBucket: '20260501100000', metadata: { source: 'web' } });
    await until(isEmpty);
    expect((await world.rows())[0]).toMatchObject({
      event_id: app.handled[0]?.eventId,
      idempotency_id: app.handled[0]?.metadata['pathways/idempotency-id'],
    });
  });

  it('is accepted although the platform cannot be reached, and sent when it can', async () => {
    const app = await world.app({ engine: { requestTimeoutMs: 500 } });
    world.network.cuts = 8;
    await write(app, 1);
    await until(() => app.logged.some(({ message }) => message.includes('could not be sent')));
    await until(() => app.handled.length > 0 && world.network.cuts === 0);
    await until(isEmpty);
    expect(await postgres.query('SELECT attempts FROM pathway_outbox')).not.toEqual([{ attempts: 0 }]);
    // Every lost answer stored a copy.
    expect(world.stored).toBe(9);
    await app.engine.writer.write(PLACED, { data: { n: 2 } });
    expect(ns(app)).toEqual([1, 2]);
  });

  it('whose answer is lost has one effect', async () => {
    const app = await world.app();
    world.network.cuts = 1;
    await write(app, 1);
    await until(isEmpty);
    await app.engine.writer.write(PLACED, { data: { n: 2 } });
    expect([world.stored, ns(app)]).toEqual([3, [1, 2]]);
  });

  it('of equal payloads has as many effects as there are writes', async () => {
    const app = await world.app();
    await app.engine.writer.write(PLACED, { batch: true, data: [{ n: 1 }, { n: 1 }, { n: 1 }], options });
    await until(() => app.handled.length === 3);
    await until(isEmpty);
    expect(ns(app)).toEqual([1, 1, 1]);
  });

  it('keeps the order of a flow type over its pathways, and sends neighbours in one request', async () => {
    // One handler at a time: what is asked here is the order of the events, not of parallel handlers without a key.
    const app = await world.app({
      engine: { pump: { startFrom: 'beginning', concurrency: 1, pollIntervalMs: 50 } },
    });
    await app.dataSource.transaction(async (transaction) => {
      for (let n = 0; n < 60; n++) {
        const target = n % 20 < 10 ? PLACED : SHIPPED;
        await app.engine.writer.write(target, { data: { n }, options: { ...options, transaction } });
      }
    });
    await until(() => app.handled.length === 60);
    expect(ns(app)).toEqual(Array.from({ length: 60 }, (_, n) => n));
    // By the ids they travelled under: a connection that is cut may send a request twice.
    const groups = new Set((await world.rows()).map((row) => row['idempotency_id']));
    expect(groups.size).toBe(6);
  });

  it('with a key is one entry, in this transaction and the next', async () => {
    const app = await world.app();
    const first = await write(app, 1, { idempotencyKey: 'k' });
    expect(await write(app, 1, { idempotencyKey: 'k' })).toBe(first);
    await until(isEmpty);
    // Another way to write the same.
    const other = await app.engine.writer.write(PLACED, { data: { n: 1 }, options: { idempotencyKey: 'k' } });
    expect([other, world.stored]).toEqual([first, 1]);
  });
});

describe('the transaction of the caller', () => {
  it('rolled back: never sent', async () => {
    const app = await world.app();
    const rolledBack = app.dataSource.transaction(async (transaction) => {
      await write(app, 1, { transaction, idempotencyKey: 'k' });
      throw new Error('rolled back');
    });
    await expect(rolledBack).rejects.toThrow('rolled back');
    await write(app, 2);
    await until(isEmpty);
    expect([await postgres.query('SELECT FROM pathway_writes'), world.stored]).toEqual([[], 1]);
  });

  it("of a handler: sent with the handler's effects, not with those of a failed attempt", async () => {
    const app = await world.app({
      handle: async ({ eventType, payload: { n } }, _manager, { writer }) => {
        if (eventType !== 'placed.0') return;
        await writer.write(SHIPPED, { data: { n }, options });
        if (n === 1) throw new Error('no stock');
      },
    });
    await expect(app.engine.writer.write(PLACED, { data: { n: 1 } })).rejects.toThrow('no stock');
    await app.engine.writer.write(PLACED, { data: { n: 2 } });
    await until(() => app.handled.some(({ eventType }) => eventType === 'shipped.0'));
    await until(isEmpty);
    expect(app.handled.map(({ eventType, payload }) => [eventType, payload.n])).toEqual([
      ['placed.0', 2],
      ['shipped.0', 2],
    ]);
    expect(world.stored).toBe(3);
  });

  it('is not sent before its commit', async () => {
    const app = await world.app();
    await app.dataSource.transaction(async (transaction) => {
      await write(app, 1, { transaction });
      await write(app, 2);
      await until(() => world.stored === 1);
    });
    await until(() => app.handled.length === 2);
    expect(ns(app)).toEqual([2, 1]);
  });

  it('that is none, is over or belongs to another database is refused, and nothing written', async () => {
    const [app, other] = [await world.app({ writesOnly: true }), await world.app({ writesOnly: true })];
    const wrong = [{}, app.dataSource.manager, null as never];
    for (const transaction of wrong) {
      await expect(write(app, 1, { transaction })).rejects.toThrow(OutboxTransactionInvalidError);
    }
    await other.dataSource.transaction(async (transaction) => {
      await expect(write(app, 1, { transaction })).rejects.toThrow('another DataSource');
    });
    expect(await world.rows()).toEqual([]);
  });
});

it('options that would do something else than they say are refused together, and nothing is written', async () => {
  const app = await world.app({ writesOnly: true });
  await app.dataSource.transaction(async (transaction) => {
    const wrong = write(app, 1, { outbox: 'false' as never, timeoutMs: -1 });
    await expect(wrong).rejects.toThrow(/outbox must be true or false, not "false".*timeoutMs must be/s);
    // Sent at once, it would stay when the transaction rolls back.
    const apart = write(app, 1, { outbox: false, transaction });
    await expect(apart).rejects.toThrow('transaction is for writes through the outbox');
  });
  expect([await world.rows(), world.stored]).toEqual([[], 0]);
});

describe('the relay', () => {
  it('of two instances, one holds the lease; the other takes over when it stops', async () => {
    const [a, b] = [await world.app({ writesOnly: true }), await world.app({ writesOnly: true })];
    await Promise.all(Array.from({ length: 20 }, (_, n) => write(n % 2 ? a : b, n)));
    await until(isEmpty);
    const holders = () =>
      postgres.query(
        `SELECT instance_id FROM pathway_leases WHERE key LIKE '%/outbox' AND expires_at > now()`,
      );
    expect([(await holders()).length, world.stored]).toEqual([1, 20]);
    await a.stop();
    await b.stop();
    expect(await holders()).toEqual([]);
    const c = await world.app({ writesOnly: true });
    await write(c, 20);
    await until(isEmpty);
    expect(world.stored).toBe(21);
  });

  it('sends what lay in the outbox when it started', async () => {
    const writer = await world.app({ writesOnly: true, engine: { outbox: { enabled: true, relay: false } } });
    await writer.engine.writer.write(PLACED, { data: { n: 1 } });
    await writer.stop();
    expect(world.stored).toBe(0);
    const app = await world.app();
    await until(() => app.handled.length === 1);
    expect(ns(app)).toEqual([1]);
  });

  it('lets its shutdown send what is there', async () => {
    const app = await world.app({ writesOnly: true });
    await Promise.all(Array.from({ length: 200 }, (_, n) => write(app, n)));
    await app.stop();
    expect([await isEmpty(), world.stored]).toEqual([true, 200]);
  });

  it('sets aside what the platform refuses for good: only its key waits, until it is discarded or retried', async () => {
    // A platform that takes no event with n = 1.
    let isRepaired = false;
    const picky = createServer(async (request, response) => {
      const body = await text(request);
      if (!isRepaired && body.includes('"n":1,')) {
        response.writeHead(400, { 'content-type': 'application/json' });
        return response.end('{"error":"Bad Request","message":"n is wrong"}');
      }
      const { authorization = '', ...others } = request.headers;
      const answer = await fetch(world.local.url + request.url, {
        method: 'POST',
        body,
        headers: {
          authorization,
          'content-type': 'application/json',
          'x-flowcore-metadata-json': String(others['x-flowcore-metadata-json']),
        },
      });
      response.writeHead(answer.status, { 'content-type': 'application/json' });
      return response.end(await answer.text());
    });
    await once(picky.listen(0, '127.0.0.1'), 'listening');
    const ingestion = `http://127.0.0.1:${(picky.address() as AddressInfo).port}`;
    try {
      const app = await world.app({
        engine: { hosts: { ingestion } },
        pathway: { orderBy: ({ payload }) => payload.key ?? '' },
      });
      const data = [1, 2, 3, 4, 5, 6].map((n) => ({ n, key: n % 2 ? 'odd' : 'even' }));
      await app.engine.writer.write(PLACED, { batch: true, data, options });
      await until(() => app.handled.length === 3);
      expect(ns(app).sort()).toEqual([2, 4, 6]);
      const [held] = await app.engine.outbox.held();
      expect(held).toMatchObject({
        payload: { n: 1 },
        attempts: 1,
        lastError: expect.stringContaining('400'),
      });
      expect(app.logged).toContainEqual({ level: 'error', message: expect.stringContaining('is set aside') });
      isRepaired = true;
      expect(await app.engine.outbox.retry([held?.id ?? ''])).toBe(1);
      await until(() => app.handled.length === 6);
      expect(ns(app).slice(3)).toEqual([1, 3, 5]);
      isRepaired = false;
      await app.engine.writer.write(PLACED, { batch: true, data: data.slice(0, 3), options });
      await until(async () => (await app.engine.outbox.held()).length > 0);
      const [again] = await app.engine.outbox.held();
      expect(await app.engine.outbox.discard([`outbox:${again?.id}`])).toBe(1);
      await until(() => ns(app).filter((n) => n === 3).length === 2);
      expect(ns(app).filter((n) => n === 1)).toHaveLength(1);
    } finally {
      picky.close();
      picky.closeAllConnections();
    }
  });
});
