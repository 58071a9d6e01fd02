import { DataSource } from 'typeorm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  createPathwayContract,
  PathwaysEngine,
  type PathwaysEngineOptions,
  type PathwayOptions,
} from 'nestjs-pathways';
import { startLocalFlowcore, type LocalFlowcore } from 'nestjs-pathways/local';
import { typeOrmStore } from 'nestjs-pathways/typeorm';
import { usePostgres } from '../support/postgres.js';
import { until } from '../support/until.js';

const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const database = usePostgres();

interface Document {
  readonly key: string;
  readonly n: number;
  readonly text: string;
}

describe.each(['memory', 'postgres'] as const)('large events, state in %s', (kind) => {
  let local: LocalFlowcore;
  const engines: PathwaysEngine[] = [];
  const sources: DataSource[] = [];

  beforeEach(async () => {
    await database.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public');
    local = await startLocalFlowcore({ logger: quiet });
  });
  afterEach(async () => {
    await Promise.all(engines.splice(0).map((engine) => engine.stop()));
    await Promise.all(sources.splice(0).map((source) => source.destroy()));
    await local.stop();
  });

  async function engineWith(
    handle: (document: Document, eventId: string) => unknown,
    options: PathwaysEngineOptions = {},
    pathway: Partial<PathwayOptions<never>> = {},
  ): Promise<PathwaysEngine> {
    let store = {};
    if (kind === 'postgres') {
      const source = new DataSource({ type: 'postgres', url: database.url, poolSize: 4 });
      sources.push(await source.initialize());
      store = { store: typeOrmStore({ dataSource: source }) };
    }
    const engine = new PathwaysEngine({
      baseUrl: local.url,
      tenant: 'acme',
      dataCore: 'shop',
      logger: quiet,
      ...store,
      ...options,
      pump: options.pump === false ? false : { startFrom: 'beginning', ...options.pump },
    });
    engine.addContract(
      createPathwayContract(
        { flowType: 'a.0', eventType: 'b.0', maxRetries: 0, ...pathway },
        { declaredBy: 'test' },
      ),
    );
    engine.handlers.addHandler({
      pathway: 'a.0/b.0',
      where: 'test',
      invoke: ({ payload, eventId }) => handle(payload as Document, eventId),
    });
    engines.push(engine);
    return engine;
  }

  it('a waiting write of 1 MB is handled whole, once, and a batch gives one id for each item', async () => {
    const seen: [Document, string][] = [];
    const engine = await engineWith((document, eventId) => void seen.push([document, eventId]));
    await engine.start();
    const big = { key: 'k', n: 1, text: 'æøå€😀"\\'.repeat(60_000) };
    const id = await engine.writer.write('a.0/b.0', { data: big });
    expect(seen).toEqual([[big, id]]);

    const data = [
      { key: 'k', n: 2, text: 'small' },
      { key: 'k', n: 3, text: 'x'.repeat(64_000) },
      { key: 'k', n: 4, text: 'x'.repeat(500_000) },
    ];
    const ids = await engine.writer.write('a.0/b.0', { batch: true, data });
    expect(seen.slice(1)).toEqual(data.map((document, at) => [document, ids[at]]));
    await engine.pumps.drain();
    expect(seen).toHaveLength(4);
  });

  it('a waiting write rejects with the failure of the handler', async () => {
    const engine = await engineWith(() => {
      throw new RangeError('no stock');
    });
    await engine.start();
    const data = { key: 'k', n: 1, text: 'x'.repeat(100_000) };
    await expect(engine.writer.write('a.0/b.0', { data })).rejects.toThrow('no stock');
    expect(await engine.store.deadLetters.list()).toMatchObject([
      { reason: 'failed', event: { payload: data } },
    ]);
  });

  it('a large event waits for earlier ones of its key, and later ones wait for it, with other keys beside', async () => {
    const ended: number[] = [];
    const gates = new Map<number, () => void>();
    const begun: number[] = [];
    const orderBy = (({ payload }: { payload: Document }) => payload.key) as never;
    const engine = await engineWith(
      async ({ n }) => {
        begun.push(n);
        if (n === 0 || n === 1) await new Promise<void>((resume) => gates.set(n, resume));
        ended.push(n);
      },
      { pump: { concurrency: 8 } },
      { orderBy },
    );
    const data = [
      { key: 'a', n: 0, text: '' },
      { key: 'a', n: 1, text: 'x'.repeat(200_000) },
      { key: 'a', n: 2, text: '' },
      { key: 'b', n: 3, text: '' },
    ];
    await engine.writer.write('a.0/b.0', { batch: true, data, options: { fireAndForget: true } });
    await engine.start();
    await until(() => gates.has(0));
    const { bufferedEvents } = engine.pumps.status()[0] ?? {};
    expect([begun, bufferedEvents]).toEqual([[0], expect.any(Number)]);
    gates.get(0)?.();
    await until(() => gates.has(1));
    expect(begun).toEqual([0, 1]);
    gates.get(1)?.();
    await engine.pumps.drain();
    expect(ended.slice(0, 2)).toEqual([0, 1]);
    expect(ended.toSorted()).toEqual([0, 1, 2, 3]);
  });

  it('events around a large one keep the order of their keys over a thousand', async () => {
    const seen = new Map<string, number[]>();
    const orderBy = (({ payload }: { payload: Document }) => payload.key) as never;
    const engine = await engineWith(
      async ({ key, n }) => {
        await Promise.resolve();
        seen.set(key, [...(seen.get(key) ?? []), n]);
      },
      { pump: { concurrency: 16 } },
      { orderBy },
    );
    const data = Array.from({ length: 400 }, (_, n) => ({
      key: `k-${n % 7}`,
      n,
      text: n % 40 === 5 ? 'x'.repeat(130_000) : '',
    }));
    await engine.writer.write('a.0/b.0', { batch: true, data, options: { fireAndForget: true } });
    await engine.start();
    await engine.pumps.drain();
    expect([...seen.values()].flat()).toHaveLength(400);
    for (const numbers of seen.values()) expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
  });
});

describe('large events in two instances on Postgres', () => {
  it('are collected by both, and each is handled once', async () => {
    await database.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public');
    const { partsOf } = await import('./parts-harness.js');
    const sources = await Promise.all(
      [1, 2].map(() => new DataSource({ type: 'postgres', url: database.url, poolSize: 4 }).initialize()),
    );
    const handled: number[] = [];
    const engines = sources.map((dataSource) => {
      const engine = new PathwaysEngine({
        baseUrl: 'http://127.0.0.1:9',
        store: typeOrmStore({ dataSource }),
        pump: false,
        logger: quiet,
      });
      engine.addContract(
        createPathwayContract({ flowType: 'a.0', eventType: 'b.0' }, { declaredBy: 'test' }),
      );
      engine.handlers.addHandler({
        pathway: 'a.0/b.0',
        where: 'test',
        invoke: ({ payload }) => void handled.push((payload as { round: number }).round),
      });
      return engine;
    });
    for (const engine of engines) await engine.open();
    for (let round = 0; round < 10; round++) {
      const parts = await partsOf({ round, text: 'x'.repeat(800) });
      const deliveries = [...parts, ...parts].map((part, at) =>
        engines[(at + Math.floor(at / parts.length)) % 2]?.processor.process(part, {
          source: 'a.0::default',
          generation: 0,
        }),
      );
      await Promise.all(deliveries);
    }
    expect(handled.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    for (const engine of engines) await engine.stop();
    for (const source of sources) await source.destroy();
  });
});
