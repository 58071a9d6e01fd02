import { randomBytes } from 'node:crypto';
import { DataSource } from 'typeorm';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { z } from 'zod';
import { createPathwayContract, PathwaysEngine, silentLogger, type FlowcoreEvent } from 'nestjs-pathways';
import { typeOrmStore } from 'nestjs-pathways/typeorm';
import { freshEvents } from '../cost/cost.support.js';
import { usePostgres } from '../support/postgres.js';

// What holds an event back may come from another instance: a webhook is answered by any of them.

const postgres = usePostgres();
const source = 'webhook';
const SCHEMA = z.object({ key: z.string(), n: z.number() });
let instances: [Instance, Instance];
let prefix = 0;

/** One instance of an application that handles everything but the payloads `broken`. */
class Instance {
  readonly handled: number[] = [];
  readonly dataSource = new DataSource({ type: 'postgres', url: postgres.url, poolSize: 8 });

  /** @param transaction whether its handler runs in one. */
  engineFor(transaction: boolean, broken: ReadonlySet<number>, statePrefix: string): PathwaysEngine {
    const store = typeOrmStore({ dataSource: this.dataSource, statePrefix, cleanupIntervalMs: 0 });
    const engine = new PathwaysEngine({
      baseUrl: 'http://127.0.0.1:9',
      pump: false,
      logger: silentLogger,
      store,
    });
    const orderBy = ({ payload }: FlowcoreEvent<{ key: string }>) => payload.key;
    engine.addContract(
      createPathwayContract(
        {
          flowType: 'cost.0',
          eventType: 'done.0',
          schema: SCHEMA,
          orderBy: orderBy as never,
          maxRetries: 0,
        },
        { declaredBy: 'spec' },
      ),
    );
    engine.handlers.addHandler({
      pathway: 'cost.0/done.0',
      where: 'spec',
      transaction,
      invoke: async ({ payload }) => {
        const { n } = payload as { n: number };
        if (broken.has(n)) throw new Error(`${n} is broken`);
        this.handled.push(n);
      },
    });
    return engine;
  }
}

beforeAll(async () => {
  instances = [new Instance(), new Instance()];
  for (const { dataSource } of instances) await dataSource.initialize();
});
afterAll(async () => {
  for (const { dataSource } of instances) await dataSource.destroy();
});

const eventsOf = (...payloads: unknown[]): FlowcoreEvent[] =>
  freshEvents(payloads.length).map((event, at) => ({ ...event, payload: payloads[at] }) as FlowcoreEvent);

it.each([true, false])(
  'a letter of one instance holds back the later events of its key on the other, and no others (transaction: %s)',
  async (transaction) => {
    const [a, b] = instances;
    const statePrefix = `park${++prefix}`;
    const broken = new Set([0]);
    const [first, second] = [
      a.engineFor(transaction, broken, statePrefix),
      b.engineFor(transaction, broken, statePrefix),
    ];
    a.handled.length = b.handled.length = 0;
    await first.open();
    await second.open();
    try {
      const [poison, next, invalid, other, last] = eventsOf(
        { key: 'k', n: 0 },
        { key: 'k', n: 1 },
        { key: 'k', n: 'not a number' },
        { key: 'other', n: 3 },
        { key: 'k', n: 4 },
      ) as [FlowcoreEvent, FlowcoreEvent, FlowcoreEvent, FlowcoreEvent, FlowcoreEvent];
      const delivery = { source, generation: 0 };
      const deliver = async (engine: PathwaysEngine, event: FlowcoreEvent) =>
        (await engine.processor.process(event, delivery)).status;
      expect(await deliver(first, poison)).toBe('dead-lettered');
      // At once, so that their claims share a statement where they can.
      const behind = await Promise.all([next, invalid, other].map((event) => deliver(second, event)));
      expect(behind).toEqual(['dead-lettered', 'dead-lettered', 'processed']);
      expect(b.handled).toEqual([3]);
      const { letters } = await second.deadLetters.list({ orderKey: 'k' });
      const reasons = new Map(letters.map(({ eventId, reason }) => [eventId, reason]));
      expect(reasons).toEqual(
        new Map([
          [poison.eventId, 'failed'],
          [next.eventId, 'parked'],
          [invalid.eventId, 'parked'],
        ]),
      );

      // Another source has an order of its own.
      const elsewhere = { source: 'cost.0::default', generation: 0 };
      const [apart] = eventsOf({ key: 'k', n: 5 }) as [FlowcoreEvent];
      expect((await second.processor.process(apart, elsewhere)).status).toBe('processed');

      broken.clear();
      await first.deadLetters.discard(invalid.eventId, 'a test');
      await first.deadLetters.replay({ orderKey: 'k' });
      expect(a.handled).toEqual([0, 1]);
      expect(await deliver(second, last)).toBe('processed');
      expect(b.handled).toEqual([3, 5, 4]);
    } finally {
      await first.stop();
      await second.stop();
    }
  },
);

it.each([true, false])(
  'a key of any length holds back its own later events, and its letters are replayed by it (transaction: %s)',
  async (transaction) => {
    const [a] = instances;
    const broken = new Set([0]);
    const engine = a.engineFor(transaction, broken, `park${++prefix}`);
    a.handled.length = 0;
    await engine.open();
    // No compression makes it short enough for an index.
    const key = randomBytes(20_000).toString('hex');
    const events = eventsOf({ key, n: 0 }, { key, n: 1 }, { key: `${key}x`, n: 2 });
    const statuses = [];
    for (const event of events)
      statuses.push((await engine.processor.process(event, { source, generation: 0 })).status);
    expect(statuses).toEqual(['dead-lettered', 'dead-lettered', 'processed']);
    broken.clear();
    const { replayed } = await engine.deadLetters.replay({ orderKey: key });
    expect(replayed.map(({ eventId }) => eventId)).toEqual(events.slice(0, 2).map(({ eventId }) => eventId));
    expect(a.handled).toEqual([2, 0, 1]);
    await engine.stop();
  },
);
