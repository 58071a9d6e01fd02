import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createPathwayContract, PathwaysEngine, type FlowcoreEvent } from 'nestjs-pathways';
import { startLocalFlowcore, type LocalFlowcore } from 'nestjs-pathways/local';
import { DataSource } from 'typeorm';
import { typeOrmStore } from 'nestjs-pathways/typeorm';
import { usePostgres } from '../support/postgres.js';
import { until } from '../support/until.js';

const quiet = { debug() {}, info() {}, warn() {}, error() {} };

interface Step {
  readonly key: string;
  readonly n: number;
}

const database = usePostgres();

describe.each([['memory'], ['Postgres, in transactions']])('poison event, state in %s', (kind) => {
  const isDurable = kind !== 'memory';
  let dataSource: DataSource | undefined;
  let local: LocalFlowcore;
  let engine: PathwaysEngine;
  let isFixed = false;
  const handled = new Map<string, number[]>();

  beforeEach(async () => {
    isFixed = false;
    handled.clear();
    local = await startLocalFlowcore({ logger: quiet });
    if (isDurable) {
      dataSource = await new DataSource({ type: 'postgres', url: database.url, poolSize: 20 }).initialize();
    }
    engine = new PathwaysEngine({
      baseUrl: local.url,
      tenant: 'acme',
      dataCore: 'shop',
      logger: quiet,
      maxBatchSize: 500,
      ...(dataSource && { store: typeOrmStore({ dataSource }) }),
      pump: { startFrom: 'beginning', pollIntervalMs: 200, concurrency: 16 },
    });
    engine.addContract(
      createPathwayContract(
        {
          flowType: 'a.0',
          eventType: 'b.0',
          maxRetries: 0,
          orderBy: ({ payload }: FlowcoreEvent<Step>) => payload.key,
        },
        { declaredBy: 'test' },
      ),
    );
    engine.handlers.addHandler({
      pathway: 'a.0/b.0',
      where: 'test',
      invoke: ({ payload }) => {
        const { key, n } = payload as Step;
        if (key === 'poison' && n === 1 && !isFixed) throw new Error('poison');
        handled.set(key, [...(handled.get(key) ?? []), n]);
      },
    });
  });
  afterEach(async () => {
    await engine.stop();
    await local.stop();
    await dataSource?.destroy();
  });

  const write = (data: Step[]) =>
    engine.writer.write('a.0/b.0', { batch: true, data, options: { fireAndForget: true } });
  const steps = (key: string, from: number, to: number): Step[] =>
    Array.from({ length: to - from }, (_, index) => ({ key, n: from + index }));

  it('200 other keys flow on; its own key is parked in order; after the fix, replay delivers the sequence in order', async () => {
    const others = Array.from({ length: 200 }, (_, index) => `key-${index}`);
    for (let n = 0; n < 5; n++) await write(['poison', ...others].map((key) => ({ key, n })));
    await engine.start();
    await engine.pumps.drain();
    for (const key of others) expect(handled.get(key)).toEqual([0, 1, 2, 3, 4]);
    expect(handled.get('poison')).toEqual([0]);
    const { letters } = await engine.deadLetters.list({ orderKey: 'poison' });
    expect(letters.map(({ event, reason }) => [(event.payload as Step).n, reason])).toEqual([
      [1, 'failed'],
      [2, 'parked'],
      [3, 'parked'],
      [4, 'parked'],
    ]);
    expect(await engine.deadLetters.count()).toBe(4);

    // Not fixed yet: nothing moves, and nothing is lost.
    expect((await engine.deadLetters.replay({ orderKey: 'poison' })).failed).toMatchObject([{ waiting: 3 }]);
    expect(handled.get('poison')).toEqual([0]);

    isFixed = true;
    // The key goes on while it is replayed.
    const [replay] = await Promise.all([
      engine.deadLetters.replay({ orderKey: 'poison' }),
      write(steps('poison', 5, 25)),
    ]);
    expect(replay.failed).toEqual([]);
    await until(() => handled.get('poison')?.length === 25);
    expect(handled.get('poison')).toEqual(Array.from({ length: 25 }, (_, n) => n));
    expect(await engine.deadLetters.count()).toBe(0);
  });
});
