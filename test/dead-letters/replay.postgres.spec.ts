import { typeOrmStore } from 'nestjs-pathways/typeorm';
import { DataSource } from 'typeorm';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { usePostgres } from '../support/postgres.js';
import { until, untilIn } from '../support/until.js';
import { events, Instance, type Numbered } from './replay-harness.js';

// Two instances as two processes have them: nothing is shared but the database.

const postgres = usePostgres();
let opened: { instance: Instance; dataSource: DataSource }[];
let seen: number[];
let isBroken: boolean;

beforeEach(async () => {
  await postgres.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public');
  opened = [];
  seen = [];
  isBroken = true;
});
afterEach(async () => {
  for (const { instance, dataSource } of opened) {
    const { engine, clock } = instance;
    let isStopped = false;
    const stopping = engine.stop().then(() => (isStopped = true));
    await untilIn(clock, () => isStopped);
    await stopping;
    await dataSource.destroy();
  }
});

async function open(handle: (payload: Numbered) => unknown): Promise<Instance> {
  const dataSource = await new DataSource({ type: 'postgres', url: postgres.url, poolSize: 5 }).initialize();
  const instance = new Instance(typeOrmStore({ dataSource, cleanupIntervalMs: 0 }), handle);
  opened.push({ instance, dataSource });
  await instance.engine.open();
  return instance;
}

const handle = ({ n }: Numbered) => {
  if (isBroken) throw new Error(`${n} is broken`);
  seen.push(n);
};
const upTo = (count: number) => Array.from({ length: count }, (_, n) => n);

describe('dead letters of two instances with a whole Postgres store each', () => {
  it('what fails on one parks what follows on the other, and either replays it in order', async () => {
    const [a, b] = [await open(handle), await open(handle)];
    const x = events('x', ...upTo(10));
    for (const [n, event] of x.entries()) {
      expect((await (n % 2 ? b : a).deliver(event)).status).toBe('dead-lettered');
      // Only the first was tried.
      isBroken = false;
    }
    expect(seen).toEqual([]);
    const reasons = (await b.deadLetters.list()).letters.map(({ reason }) => reason);
    expect(reasons).toEqual(['failed', ...upTo(9).map(() => 'parked')]);
    const { replayed } = await b.deadLetters.replay({ orderKey: 'x' });
    expect(replayed.map(({ eventId }) => eventId)).toEqual(x.map(({ eventId }) => eventId));
    expect(seen).toEqual(upTo(10));
    expect(await a.deadLetters.count()).toBe(0);
    expect(await a.deliverAll(events('x', 10))).toEqual(['processed']);
    // A redelivery of what the other has replayed is none.
    expect(await a.deliverAll(x)).toEqual(x.map(() => 'skipped'));
  });

  it('two replays of one key at once run every event once and in order', async () => {
    let running = 0;
    let most = 0;
    const slowly = async (payload: Numbered) => {
      most = Math.max(most, ++running);
      try {
        await new Promise((resolve) => setImmediate(resolve));
        handle(payload);
      } finally {
        running--;
      }
    };
    const [a, b] = [await open(slowly), await open(slowly)];
    await a.deliverAll(events('x', ...upTo(20)));
    isBroken = false;
    const ends: unknown[] = [];
    const replays = Promise.all([a, b].map(({ deadLetters }) => deadLetters.replay({ orderKey: 'x' })));
    void replays.finally(() => ends.push('over'));
    // One that meets an event which the other has in hand looks again a little later.
    await untilIn(a.clock, () => (b.clock.advance(10), ends.length > 0));
    const outcomes = (await replays).flatMap(({ replayed }) => replayed.map(({ outcome }) => outcome));
    expect(seen).toEqual(upTo(20));
    expect(most).toBe(1);
    expect(outcomes.filter((outcome) => outcome === 'processed')).toHaveLength(20);
    expect(await b.deadLetters.count()).toBe(0);
  });

  it('events that reach one while the other replays their key wait behind it and are delivered in order', async () => {
    let release = () => {};
    let isHeld = false;
    const a = await open(async (payload) => {
      if (payload.n === 1) {
        isHeld = true;
        await new Promise<void>((resolve) => (release = resolve));
      }
      handle(payload);
    });
    const b = await open(handle);
    await a.deliverAll(events('x', 0, 1, 2));
    isBroken = false;
    const replaying = a.deadLetters.replay({ orderKey: 'x' });
    await until(() => isHeld);
    expect(await b.deliverAll(events('x', 3, 4))).toEqual(['dead-lettered', 'dead-lettered']);
    release();
    await replaying;
    expect(await b.deliverAll(events('x', 5))).toEqual(['processed']);
    expect(seen).toEqual([0, 1, 2, 3, 4, 5]);
    expect(await b.deadLetters.count()).toBe(0);
  });
});
