import { describe, expect, it } from 'vitest';
import { IdempotencyKeyReusedError, PathwaysConfigurationError, PlatformRequestError } from 'nestjs-pathways';
import { failureOf } from '../support/failure-of.js';
import { usePostgres } from '../support/postgres.js';
import { until } from '../support/until.js';
import { ns, OutboxWorld, type OutboxAppOptions } from './support/outbox-world.js';

const postgres = usePostgres();
const world = OutboxWorld.use(postgres);
const PLACED = 'order.0/placed.0';
const SECRET = 'a-secret-of-at-least-thirty-two-characters';

describe('a write that is accepted, and whose answer is lost', () => {
  it('without key and outbox is stored and handled twice, as documented', async () => {
    const app = await world.app();
    world.network.cuts = 1;
    await app.engine.writer.write(PLACED, { data: { n: 1 } });
    await until(() => app.handled.length === 2);
    expect([world.stored, ns(app)]).toEqual([2, [1, 1]]);
  });

  it('with an idempotency key is stored twice and has one effect', async () => {
    const app = await world.app();
    world.network.cuts = 1;
    await app.engine.writer.write(PLACED, { data: { n: 1 }, options: { idempotencyKey: 'k' } });
    await app.engine.writer.write(PLACED, { data: { n: 2 } });
    expect([world.stored, ns(app)]).toEqual([3, [1, 2]]);
  });

  it('with a batch and a key has one effect for every item, also for equal ones', async () => {
    const app = await world.app();
    world.network.cuts = 1;
    const data = [{ n: 1 }, { n: 1 }, { n: 2 }];
    const ids = await app.engine.writer.write(PLACED, {
      batch: true,
      data,
      options: { idempotencyKey: 'k' },
    });
    await app.engine.writer.write(PLACED, { data: { n: 3 } });
    expect(new Set(ids).size).toBe(3);
    expect([world.stored, ns(app)]).toEqual([5, [1, 1, 2, 3]]);
  });

  it('for good, so that the call fails: the next call with the key sends it again, with one effect', async () => {
    const app = await world.app();
    world.network.cuts = 100;
    const write = () => app.engine.writer.write(PLACED, { data: { n: 1 }, options: { idempotencyKey: 'k' } });
    await expect(write()).rejects.toThrow();
    world.network.cuts = 0;
    await write();
    await app.engine.writer.write(PLACED, { data: { n: 2 } });
    expect(world.stored).toBeGreaterThan(3);
    expect(ns(app)).toEqual([1, 2]);
  });
});

describe('the same key again', () => {
  const options = { idempotencyKey: 'k', fireAndForget: true };

  it('gives the first id without sending, also when both come at once', async () => {
    const { writer } = (await world.app()).engine;
    const write = () => writer.write(PLACED, { data: { n: 1 }, options });
    const ids = await Promise.all([write(), write(), write()]);
    ids.push(await write());
    expect(new Set(ids).size).toBe(1);
    expect(world.stored).toBe(1);
  });

  it('at once on two processes has one id', async () => {
    const [a, b] = [await world.app({ writesOnly: true }), await world.app({ writesOnly: true })];
    const ids = await Promise.all(
      [a, b].map(({ engine }) => engine.writer.write(PLACED, { data: { n: 1 }, options })),
    );
    expect(new Set(ids).size).toBe(1);
    expect(world.stored).toBe(1);
  });

  it('after a restart gives the first id', async () => {
    const first = await world.app({ writesOnly: true });
    const id = await first.engine.writer.write(PLACED, { data: { n: 1 }, options });
    await first.stop();
    const second = await world.app({ writesOnly: true });
    expect(await second.engine.writer.write(PLACED, { data: { n: 1 }, options })).toBe(id);
    expect(world.stored).toBe(1);
  });

  it('after a crash between storing and answering sends the same once more, with one effect', async () => {
    const first = await world.app({ writesOnly: true });
    await first.engine.writer.write(PLACED, { data: { n: 1 }, options });
    await first.stop();
    // What a crash leaves: the row as it was before the answer.
    await postgres.query(`UPDATE pathway_writes SET ids = '{}', answered_at = NULL,
      requests = '[{"idempotencyId":"k#0","payloads":[{"n":1}],"isBatch":false,"headers":{"metadata":{}}}]'`);
    await postgres.query(`UPDATE pathway_writes SET held_until = now() - interval '1 second'`);
    const second = await world.app();
    await second.engine.writer.write(PLACED, { data: { n: 1 }, options });
    await second.engine.writer.write(PLACED, { data: { n: 2 } });
    expect([world.stored, ns(second)]).toEqual([3, [1, 2]]);
  });

  it('with another payload, pathway or form is refused by name', async () => {
    const { writer } = (await world.app({ writesOnly: true })).engine;
    await writer.write(PLACED, { data: { n: 1 }, options });
    const others = [
      () => writer.write(PLACED, { data: { n: 2 }, options }),
      () => writer.write('order.0/shipped.0', { data: { n: 1 }, options }),
      () => writer.write(PLACED, { batch: true, data: [{ n: 1 }], options }),
      () => writer.write(PLACED, { data: { n: 2 }, options: { ...options, outbox: true } }),
    ];
    for (const write of others) await expect(write()).rejects.toThrow(IdempotencyKeyReusedError);
    await expect(writer.write(PLACED, { data: { n: 1 }, options: { idempotencyKey: '' } })).rejects.toThrow(
      PathwaysConfigurationError,
    );
    expect(world.stored).toBe(1);
  });

  it('is free again when its time is over', async () => {
    const { writer } = (await world.app({ writesOnly: true })).engine;
    await writer.write(PLACED, { data: { n: 1 }, options });
    await postgres.query(`UPDATE pathway_writes SET expires_at = now() - interval '1 second'`);
    await writer.write(PLACED, { data: { n: 2 }, options });
    expect(world.stored).toBe(2);
  });
});

describe('a first call that the platform refuses', () => {
  const refuse = (status: number) =>
    world.local.faults.add({ kind: 'status', status, match: { path: '/event' }, times: 1 });

  it.each([400, 413, 422])('for good (%i) leaves the key to the corrected call', async (status) => {
    const app = await world.app();
    const write = (n: number, source: string) =>
      app.engine.writer.write(PLACED, {
        data: { n },
        metadata: { source },
        options: { idempotencyKey: 'k' },
      });
    refuse(status);
    await failureOf(write(1, 'wrong'), PlatformRequestError);
    refuse(status);
    // The payload may have been the mistake too.
    await failureOf(write(2, 'also wrong'), PlatformRequestError);
    const id = await write(2, 'right');
    expect(await write(2, 'right')).toBe(id);
    expect([world.stored, app.handled.map(({ metadata }) => metadata['source'])]).toEqual([1, ['right']]);
  });

  it('for now keeps its requests: the next call sends them as they were', async () => {
    const app = await world.app();
    const write = (source: string) =>
      app.engine.writer.write(PLACED, {
        data: { n: 1 },
        metadata: { source },
        options: { idempotencyKey: 'k' },
      });
    refuse(404);
    await failureOf(write('first'), PlatformRequestError);
    await write('second');
    expect(app.handled.map(({ metadata }) => metadata['source'])).toEqual(['first']);
  });
});

describe('a key that went direct, and then through the outbox', () => {
  const kinds: [kind: string, app: OutboxAppOptions][] = [
    ['encrypted', { engine: { encryption: { key: SECRET, keyId: 'k1' } }, pathway: { encrypted: true } }],
    ['large', { engine: { chunking: { maxEventBytes: 400 } } }],
  ];
  it.each(kinds)('has one effect when the first answers were lost: %s', async (_kind, given) => {
    const app = await world.app(given);
    const data = [1, 2].map((n) => ({ n, key: 'x'.repeat(600) }));
    const write = (outbox: boolean) =>
      app.engine.writer.write(PLACED, {
        batch: true,
        data,
        options: { idempotencyKey: 'k', outbox, fireAndForget: true },
      });
    world.network.cuts = 100;
    await expect(write(false)).rejects.toThrow();
    world.network.cuts = 0;
    const references = await write(true);
    expect([await write(true), await write(false)]).toEqual([references, references]);
    await until(async () => (await world.rows()).every((row) => row['sent_at'] !== null));
    await app.engine.writer.write(PLACED, { data: { n: 3 } });
    expect(ns(app).toSorted()).toEqual([1, 2, 3]);
  });

  it('sends only what was not answered', async () => {
    const app = await world.app({ engine: { maxBatchSize: 1 } });
    const write = (outbox: boolean) =>
      app.engine.writer.write(PLACED, {
        batch: true,
        data: [{ n: 1 }, { n: 2 }],
        options: { idempotencyKey: 'k', outbox, fireAndForget: true },
      });
    const first = await write(false);
    await postgres.query(
      `UPDATE pathway_writes SET ids = ids[1:1], answered_at = NULL, requests = '${JSON.stringify(
        [1, 2].map((n) => ({
          idempotencyId: `k#${n - 1}`,
          payloads: [{ n }],
          isBatch: true,
          headers: { metadata: {} },
        })),
      )}'`,
    );
    expect(await write(true)).toEqual([first[0], expect.stringMatching(/^outbox:/)]);
    expect(await world.rows()).toMatchObject([{ payload: { n: 2 }, idempotency_id: 'k#1' }]);
  });
});

describe('an event with an idempotency id that becomes a dead letter', () => {
  it('is one letter however often it is stored, and its replay runs the handler once', async () => {
    let fails = true;
    const app = await world.app({
      handle: () => {
        if (fails) throw new Error('no stock');
      },
    });
    world.network.cuts = 1;
    const write = app.engine.writer.write(PLACED, { data: { n: 1 }, options: { idempotencyKey: 'k' } });
    await expect(write).rejects.toThrow('no stock');
    expect(world.stored).toBe(2);
    const letters = await app.engine.store.deadLetters.list();
    expect(letters).toHaveLength(1);
    fails = false;
    const replay = await app.engine.deadLetters.replay({});
    expect(replay).toMatchObject({ replayed: [expect.anything()], failed: [], skipped: [] });
    expect(ns(app)).toEqual([1]);
  });
});
