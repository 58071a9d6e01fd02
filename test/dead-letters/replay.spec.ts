import { DataSource } from 'typeorm';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { MemoryPathwayState, silentLogger } from 'nestjs-pathways';
import { Database } from '../../lib/typeorm/database.js';
import { TableNames } from '../../lib/typeorm/schema/table-names.js';
import { TypeOrmDeadLetterStore } from '../../lib/typeorm/stores/typeorm-dead-letter.store.js';
import { createDeadLetterTables } from '../support/dead-letter-tables.js';
import { usePostgres } from '../support/postgres.js';
import { until, untilIn } from '../support/until.js';
import {
  beforeRemoval,
  event,
  events,
  idsOf,
  Instance,
  memoryStores,
  SOURCE,
  type Stores,
} from './replay-harness.js';

const database = usePostgres();
let source: DataSource;
beforeAll(async () => {
  await createDeadLetterTables(database);
  source = await new DataSource({ type: 'postgres', url: database.url, extra: { max: 2 } }).initialize();
});
beforeEach(() => database.query('TRUNCATE pathway_dead_letter'));
afterAll(() => source.destroy());

const makers = {
  memory: memoryStores,
  postgres: (): Stores => ({
    state: new MemoryPathwayState(),
    deadLetters: new TypeOrmDeadLetterStore(new Database(source, new TableNames(), silentLogger)),
  }),
};

describe.each(['memory', 'postgres'] as const)('replay of dead letters in %s', (kind) => {
  let stores: Stores;
  let seen: [string, number][];
  /** Numbers whose handler fails. */
  let broken: Set<number>;
  let instance: Instance;
  const handle = ({ key, n }: { key: string; n: number }) => {
    if (broken.has(n)) throw new Error(`${n} is broken`);
    seen.push([key, n]);
  };
  beforeEach(() => {
    stores = makers[kind]();
    seen = [];
    broken = new Set([0]);
    instance = new Instance(stores, handle);
  });

  it('a key is delivered in the order its events came, and other keys are left alone', async () => {
    const x = events('x', 0, 1, 2);
    const y = events('y', 0, 1);
    await instance.deliverAll([...x, ...y]);
    expect(seen).toEqual([]);
    broken.clear();
    const replay = await instance.deadLetters.replay({ orderKey: 'x' });
    expect(replay.replayed).toEqual(
      x.map(({ eventId }) => ({
        eventId,
        pathway: 'a.0/b.0',
        source: SOURCE,
        orderKey: 'x',
        outcome: 'processed',
      })),
    );
    expect(seen).toEqual([
      ['x', 0],
      ['x', 1],
      ['x', 2],
    ]);
    expect(await instance.deadLetters.count()).toBe(2);
    // Nothing holds the key any more.
    expect(await instance.deliverAll(events('x', 3))).toEqual(['processed']);
  });

  it('a letter that fails again stops its key, keeps its place and gains its attempts; other keys go on', async () => {
    const x = events('x', 0, 1, 2);
    const y = events('y', 0, 5);
    await instance.deliverAll([x[0]!, y[0]!, x[1]!, y[1]!, x[2]!]);
    broken = new Set([1]);
    instance.clock.advance(60_000);
    const replay = await instance.deadLetters.replay({});
    expect(idsOf(replay)).toEqual({
      replayed: [x[0]!.eventId, y[0]!.eventId, y[1]!.eventId],
      failed: [[x[1]!.eventId, 1]],
      skipped: [],
    });
    expect(replay.failed[0]?.error).toMatchObject({ code: 'PATHWAYS_HANDLER_FAILED' });

    instance.clock.advance(60_000);
    await instance.deadLetters.replay({ orderKey: 'x' });
    const { letters } = await instance.deadLetters.list();
    expect(letters.map(({ eventId, reason }) => [eventId, reason])).toEqual([
      [x[1]!.eventId, 'failed'],
      [x[2]!.eventId, 'parked'],
    ]);
    expect(letters[0]?.attempts.map(({ message, at }) => [message, at.getUTCMinutes()])).toEqual([
      ['1 is broken', 1],
      ['1 is broken', 2],
    ]);
  });

  it('events of the key that arrive during its replay wait behind it and are delivered in order; none is left', async () => {
    const [poison, ...parked] = events('x', 0, 1, 2);
    let running = 0;
    let release = () => {};
    const slow = new Instance(stores, async (payload) => {
      if (payload.n > 0 && payload.n < 3) {
        running = payload.n;
        await new Promise<void>((resolve) => (release = resolve));
      }
      handle(payload);
    });
    await slow.deliverAll([poison!, ...parked]);
    broken.clear();
    const replaying = slow.deadLetters.replay({ orderKey: 'x', source: SOURCE });
    const late = events('x', 3, 4, 5);
    await until(() => running === 1);
    expect((await slow.deliver(late[0]!)).status).toBe('dead-lettered');
    release();
    await until(() => running === 2);
    // The last letter but those that arrive now.
    expect(await slow.deliverAll(late.slice(1))).toEqual(['dead-lettered', 'dead-lettered']);
    release();
    expect((await replaying).replayed).toHaveLength(6);
    expect(await slow.deliverAll(events('x', 6))).toEqual(['processed']);
    expect(seen.map(([, n]) => n)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(await slow.deadLetters.count()).toBe(0);
  });

  it('two replays of one key at once, on two instances, run every event once and in order', async () => {
    await instance.deliverAll(events('x', ...Array.from({ length: 20 }, (_, n) => n)));
    broken.clear();
    let running = 0;
    let most = 0;
    const slowly = async (payload: { key: string; n: number }) => {
      most = Math.max(most, ++running);
      await new Promise((resolve) => setImmediate(resolve));
      handle(payload);
      running--;
    };
    const instances = [new Instance(stores, slowly), new Instance(stores, slowly)];
    const replays = await Promise.all(
      instances.map(({ deadLetters }) => deadLetters.replay({ orderKey: 'x' })),
    );
    expect(seen.map(([, n]) => n)).toEqual(Array.from({ length: 20 }, (_, n) => n));
    expect(most).toBe(1);
    const outcomes = replays.flatMap(({ replayed }) => replayed.map(({ outcome }) => outcome));
    expect(outcomes.filter((outcome) => outcome === 'processed')).toHaveLength(20);
    expect(await instance.deadLetters.count()).toBe(0);
  });

  it('a crash between mark and removal leaves a letter that the next replay removes without running it', async () => {
    const [poison, parked] = events('x', 0, 1);
    await instance.deliverAll([poison!, parked!]);
    broken.clear();
    const { deadLetters } = stores;
    let isDown = true;
    const crashing = new Instance(
      {
        ...stores,
        deadLetters: beforeRemoval(deadLetters, async () => {
          if (isDown) throw new Error('the process is gone');
        }),
      },
      handle,
    );
    let rejection: unknown;
    crashing.deadLetters.replay({ orderKey: 'x' }).catch((error: unknown) => (rejection = error));
    await untilIn(crashing.clock, () => rejection !== undefined);
    expect(seen).toEqual([['x', 0]]);
    expect(await deadLetters.count()).toBe(2);

    isDown = false;
    const { replayed } = await instance.deadLetters.replay({ orderKey: 'x' });
    expect(replayed.map(({ outcome }) => outcome)).toEqual(['already-processed', 'processed']);
    expect(seen).toEqual([
      ['x', 0],
      ['x', 1],
    ]);
    expect(await deadLetters.count()).toBe(0);
  });

  it('one letter in the middle of its key is refused, naming the first one; the first one may go alone', async () => {
    const [poison, parked] = events('x', 0, 1);
    await instance.deliverAll([poison!, parked!]);
    broken.clear();
    await expect(instance.deadLetters.replay(parked!.eventId)).rejects.toMatchObject({
      code: 'PATHWAYS_DEAD_LETTER_OUT_OF_ORDER',
      earlierEventId: poison!.eventId,
      orderKey: 'x',
    });
    expect(seen).toEqual([]);
    expect(idsOf(await instance.deadLetters.replay(poison!.eventId)).replayed).toEqual([poison!.eventId]);
    expect(seen).toEqual([['x', 0]]);
    expect(await instance.deliverAll(events('x', 2))).toEqual(['dead-lettered']);
    await expect(instance.deadLetters.replay(poison!.eventId)).rejects.toMatchObject({
      code: 'PATHWAYS_DEAD_LETTER_UNKNOWN',
    });
  });

  it('a filter brings along what is parked behind its letters, and does not pass a failed one it does not mean', async () => {
    const x = events('x', 0, 1, 2);
    await instance.deliverAll(x);
    // Becomes a letter of its own cause between the parked ones.
    broken = new Set([1]);
    await instance.deadLetters.replay({ orderKey: 'x' });
    await instance.deliverAll(events('y', 0, 1));
    const [cause] = await instance.deadLetters.countByFingerprint({ reason: 'failed' });
    const { fingerprint } = cause!;
    broken.clear();
    expect(idsOf(await instance.deadLetters.replay({ reason: 'parked', orderKey: 'x' }))).toEqual({
      replayed: [],
      failed: [],
      skipped: [[x[2]!.eventId, 'behind-another', x[1]!.eventId]],
    });
    seen = [];
    const replay = await instance.deadLetters.replay({ reason: 'failed', fingerprint });
    expect(replay.replayed).toHaveLength(3);
    expect(seen).toEqual([
      ['x', 1],
      ['x', 2],
      ['y', 1],
    ]);
  });

  it('of 450 letters without a key, those that fail again do not keep the others from being delivered', async () => {
    const loose = new Instance(stores, handle, { orderBy: undefined as never });
    broken = new Set(Array.from({ length: 450 }, (_, n) => n));
    await loose.deliverAll(events('x', ...broken));
    broken = new Set([3, 250, 449]);
    const replay = await loose.deadLetters.replay({ pathway: 'a.0/b.0' });
    expect(seen).toHaveLength(447);
    expect(replay.failed).toHaveLength(3);
    expect(await loose.deadLetters.count()).toBe(3);
  });

  it('a replay given up leaves its letter as it was, and the next one delivers it', async () => {
    const [poison, parked] = events('x', 0, 1);
    await instance.deliverAll([poison!, parked!]);
    const hanging = new Instance(stores, () => new Promise(() => {}));
    const abort = new AbortController();
    const replaying = hanging.deadLetters.replay({ orderKey: 'x' }, { signal: abort.signal });
    await until(() => hanging.clock.pendingTimers > 0);
    abort.abort();
    expect(idsOf(await replaying).skipped).toEqual([[poison!.eventId, 'aborted', undefined]]);
    expect((await instance.deadLetters.get(poison!.eventId))?.attempts).toHaveLength(1);
    broken.clear();
    await instance.deadLetters.replay({ orderKey: 'x' });
    expect(seen.map(([, n]) => n)).toEqual([0, 1]);
  });

  it('at shutdown a replay in flight is given up after its time, and nothing is lost', async () => {
    await instance.deliverAll([event('x', 0)]);
    const hanging = new Instance(stores, () => new Promise(() => {}));
    const replaying = hanging.deadLetters.replay({});
    await until(() => hanging.clock.pendingTimers > 0);
    let isStopped = false;
    const stopping = hanging.engine.stop().then(() => (isStopped = true));
    await untilIn(hanging.clock, () => isStopped);
    await stopping;
    expect((await replaying).skipped).toMatchObject([{ why: 'aborted' }]);
    expect(await instance.deadLetters.count()).toBe(1);
    await expect(hanging.deadLetters.replay({})).rejects.toMatchObject({ code: 'PATHWAYS_NOT_READY' });
  });
});
