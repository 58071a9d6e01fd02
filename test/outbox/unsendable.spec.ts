import { describe, expect, it } from 'vitest';
import { WriteOptionsInvalidError, type WriteOptions } from 'nestjs-pathways';
import { failureOf } from '../support/failure-of.js';
import { usePostgres } from '../support/postgres.js';
import { until } from '../support/until.js';
import { ns, OutboxWorld } from './support/outbox-world.js';

// One write that can never be sent must not end the writes behind it: those of its whole flow type, without orderBy.
const postgres = usePostgres();
const world = OutboxWorld.use(postgres);
const PLACED = 'order.0/placed.0';
const SHIPPED = 'order.0/shipped.0';
const outbox = { outbox: true } as const;
const byKey = { orderBy: ({ payload }: { payload: { key?: string } }) => payload.key ?? '' };
const attempts = async () => (await world.rows()).map((row) => Number(row['attempts']));

describe('a time that no request can carry', () => {
  const wrong: [name: keyof WriteOptions, options: WriteOptions][] = [
    ['eventTime', { eventTime: new Date('x') }],
    ['validTime', { validTime: '2026-05-01' as never }],
    ['eventTimeKey', { eventTimeKey: '時間' }],
    ['validTimeKey', { validTimeKey: '' }],
  ];
  const ways: [way: string, options: WriteOptions][] = [
    ['direct', { fireAndForget: true }],
    ['with a key', { fireAndForget: true, idempotencyKey: 'k' }],
    ['through the outbox', outbox],
  ];
  it('is refused before anything is kept or sent, whichever way the write goes', async () => {
    const { writer } = (await world.app({ writesOnly: true })).engine;
    for (const [way, options] of ways) {
      for (const [name, time] of wrong) {
        const write = writer.write(PLACED, { data: { n: 1 }, options: { ...options, ...time } });
        const error = await failureOf(write, WriteOptionsInvalidError);
        expect([way, error.message]).toEqual([way, expect.stringContaining(`${name} must`)]);
      }
    }
    expect([await world.rows(), await postgres.query('SELECT FROM pathway_writes')]).toEqual([[], []]);
    expect(world.stored).toBe(0);
  });
});

describe('an entry of which no request can be made', () => {
  it('is set aside alone: entries of other keys are sent, and those behind it when it is discarded', async () => {
    const writer = await world.app({
      writesOnly: true,
      engine: { outbox: { relay: false } },
      pathway: byKey,
    });
    const data = [1, 2, 3, 4, 5].map((n) => ({ n, key: n % 2 ? 'odd' : 'even' }));
    const references = await writer.engine.writer.write(PLACED, {
      batch: true,
      data,
      options: { ...outbox, eventTime: new Date('2026-05-01T10:00:00Z') },
    });
    await writer.stop();
    // As a version stored it that did not look at times.
    await postgres.query(
      `UPDATE pathway_outbox SET headers = '{"metadata":{},"eventTime":null}' WHERE id IN (SELECT id FROM pathway_outbox ORDER BY id LIMIT 1)`,
    );
    const app = await world.app({ pathway: byKey });
    await until(() => app.handled.length === 2);
    expect(ns(app).toSorted()).toEqual([2, 4]);
    await until(async () => (await app.engine.outbox.held()).length > 0);
    const held = await app.engine.outbox.held();
    expect(held).toMatchObject([{ payload: { n: 1 }, attempts: 1, lastError: expect.stringMatching(/./) }]);
    expect(app.logged).toContainEqual({
      level: 'error',
      message: expect.stringContaining('is set aside, because no request can be made of it'),
    });
    expect(await app.engine.outbox.discard([references[0] ?? ''])).toBe(1);
    await until(() => app.handled.length === 4);
    expect(ns(app).slice(2)).toEqual([3, 5]);
  });
});

describe('an error inside of an answer with status 200', () => {
  const answer = (body: object) =>
    world.local.faults.add({ kind: 'status', status: 200, body, match: { path: '/event' }, times: 1 });

  it('is a refusal: the entry is set aside, and sent when it is retried', async () => {
    const app = await world.app();
    answer({ error: 'Bad Request', message: 'n is wrong' });
    await app.engine.writer.write(PLACED, { data: { n: 1 }, options: outbox });
    await until(async () => (await app.engine.outbox.held()).length > 0);
    const [held] = await app.engine.outbox.held();
    expect(held?.lastError).toContain('n is wrong');
    expect(await app.engine.outbox.retry([held?.id ?? ''])).toBe(1);
    await until(() => app.handled.length === 1);
  });

  it('that names status 500 is tried again', async () => {
    const app = await world.app();
    answer({ statusCode: 500, message: 'out of order' });
    await app.engine.writer.write(PLACED, { data: { n: 1 }, options: outbox });
    await until(() => app.handled.length === 1);
    expect([await app.engine.outbox.held(), await attempts()]).toEqual([[], [1]]);
  });
});

it('an entry that fails again and again can be discarded: what waits behind it is sent', async () => {
  const app = await world.app();
  const { faults } = world.local;
  const path = '/event/acme/shop/order.0/placed.0';
  faults.add({ kind: 'status', status: 404, match: { path } });
  const reference = await app.engine.writer.write(PLACED, { data: { n: 1 }, options: outbox });
  await app.engine.writer.write(SHIPPED, { data: { n: 2 }, options: outbox });
  await until(async () => ((await attempts())[0] ?? 0) > 0);
  expect([await app.engine.outbox.held(), world.stored]).toEqual([[], 0]);
  expect(await app.engine.outbox.discard([reference])).toBe(1);
  await until(() => app.handled.length === 1);
  expect(ns(app)).toEqual([2]);
});
