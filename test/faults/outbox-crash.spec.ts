import { setTimeout as wait } from 'node:timers/promises';
import { Client } from 'pg';
import { DataSource } from 'typeorm';
import { beforeEach, expect, it } from 'vitest';
import { createPathwayContract, PathwaysEngine, silentLogger } from 'nestjs-pathways';
import { typeOrmStore } from 'nestjs-pathways/typeorm';
import { usePostgres } from '../support/postgres.js';
import {
  afterCrash,
  DurableWorld,
  effectOf,
  effectsIn,
  once,
  progress,
  resetTables,
} from './support/durable.world.js';

const postgres = usePostgres();
const world = DurableWorld.use();

beforeEach(() => resetTables(postgres));

const [ROWS, KEYS, KILLS] = [1_000, 40, 20];

/** Puts the events into the outbox, each in a transaction of its own, and sends none. */
async function fill(): Promise<void> {
  const dataSource = new DataSource({ type: 'postgres', url: postgres.url });
  await dataSource.initialize();
  const engine = new PathwaysEngine({
    baseUrl: world.local.url,
    tenant: 'acme',
    dataCore: 'shop',
    store: typeOrmStore({ dataSource }),
    pump: false,
    outbox: { relay: false },
    logger: silentLogger,
  });
  const orderBy = ({ payload }: { payload: ReturnType<typeof effectOf> }) => payload.key;
  engine.addContract(
    createPathwayContract({ flowType: 'a.0', eventType: 'b.0', orderBy }, { declaredBy: 'test' }),
  );
  await engine.start();
  for (let n = 0; n < ROWS; n++) await engine.writer.write('a.0/b.0', { data: effectOf(n, KEYS) });
  await engine.stop();
  await dataSource.destroy();
}

it('kill -9 of the relay at 20 random moments with 1,000 outbox rows: all sent, each with one effect, order per key kept', async () => {
  await fill();
  const client = new Client({ connectionString: postgres.url });
  await client.connect();
  const sent = async () =>
    Number(
      (await client.query('SELECT count(*) AS n FROM pathway_outbox WHERE sent_at IS NOT NULL')).rows[0]?.n,
    );
  // Answers take a moment, so that many kills hit between the storing of events and the note that they were sent.
  const slow = world.local.faults.add({ kind: 'latency', delayMs: 15, match: { method: 'POST' } });
  const more = { concurrency: 16, lookBackMs: 20, maxBatchSize: 5 };
  let next = world.services.prepare();
  for (let kill = 0; kill < KILLS; kill++) {
    const service = next;
    service.send({ kind: 'start', options: world.options(postgres.url, more) });
    next = world.services.prepare();
    const goal = Math.min(ROWS - 1, (await sent()) + Math.floor(Math.random() * (ROWS / KILLS)));
    while (service.isRunning && (await sent()) <= goal) await wait(2);
    expect(service.isRunning).toBe(true);
    await service.kill();
    await afterCrash(postgres);
    expect(service.logged('error')).toEqual([]);
  }
  expect(slow.hits).toBeGreaterThan(0);
  const service = next;
  service.send({ kind: 'start', options: world.options(postgres.url, more) });
  while (service.isRunning && (await sent()) < ROWS) await wait(20);
  await progress(postgres, ROWS, service);
  await client.end();
  // Without a copy, nothing would have been put to the test.
  const { eventsStored } = world.local.stats;
  expect(eventsStored).toBeGreaterThan(ROWS);
  expect(await service.stop()).toEqual([0, null]);
  expect(await effectsIn(postgres)).toEqual(once(ROWS));
  expect(service.logged('error')).toEqual([]);
}, 600_000);
