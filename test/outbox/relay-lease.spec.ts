import { expect, it, vi } from 'vitest';
import { ControllableClock } from 'nestjs-pathways/testing';
import { usePostgres } from '../support/postgres.js';
import { until } from '../support/until.js';
import { ns, OutboxWorld, type OutboxApp, type OutboxAppOptions } from './support/outbox-world.js';
import { shortTimersClock as clock } from './support/short-timers.clock.js';

const postgres = usePostgres();
const world = OutboxWorld.use(postgres);
const options = { outbox: true } as const;
const everyEntryForItself: OutboxAppOptions['pathway'] = { orderBy: ({ payload }) => payload.key ?? '' };

const write = ({ engine }: OutboxApp, n: number) =>
  engine.writer.write('order.0/placed.0', { data: { n, key: `key ${n}` }, options });
const isEmpty = async () => (await world.rows()).every((row) => row['sent_at'] !== null);
const lease = async () =>
  (
    await postgres.query(
      `SELECT instance_id, token, expires_at > now() AS is_held FROM pathway_leases WHERE key LIKE '%/outbox'`,
    )
  )[0];

function storePart<T>(part: T | undefined): T {
  if (!part) throw new Error('The store has no such part');
  return part;
}

/** A second instance that was refused the lease, and waits for it. */
async function waitingApp(): Promise<OutboxApp> {
  const app = await world.app({ writesOnly: true, engine: { clock } });
  const asked = vi.spyOn(app.engine.store.leases, 'acquire');
  const isRefused = async () => {
    const answers = await Promise.all(asked.mock.results.map(({ value }) => value as unknown));
    return answers.includes(undefined);
  };
  await write(app, 2);
  await until(isRefused);
  return app;
}

it('a relay that waits for the lease has it at once when the other one stops', async () => {
  const first = await world.app({ writesOnly: true });
  await write(first, 1);
  await until(isEmpty);
  const before = await lease();
  // On its clock the ten seconds between two looks never pass.
  const second = await waitingApp();
  await until(isEmpty);
  await first.stop();
  await until(async () => (await lease())?.['is_held'] === true);
  expect((await lease())?.['instance_id']).not.toBe(before?.['instance_id']);
  await write(second, 3);
  await until(isEmpty);
  expect(world.stored).toBe(3);
});

it('a relay that is frozen past its lease is succeeded, and what it writes late is refused', async () => {
  // Time stands still for it: it neither renews its lease nor learns that it is lost.
  const frozen = await world.app({
    writesOnly: true,
    engine: { clock: new ControllableClock(Date.now()) },
    pathway: everyEntryForItself,
  });
  await write(frozen, 1);
  await until(isEmpty);
  const old = await lease();
  await postgres.query(`UPDATE pathway_leases SET expires_at = now() WHERE key LIKE '%/outbox'`);
  const successor = await world.app({ writesOnly: true, pathway: everyEntryForItself });
  // Looks without anything to send: else both would race for it while the lease changes hands.
  await successor.engine.outbox.retry([]);
  await until(async () => (await lease())?.['instance_id'] !== old?.['instance_id']);
  await write(successor, 2);
  await until(isEmpty);
  await successor.stop();

  // It is woken, still believes that it relays, and is the only one who could send this.
  const assign = vi.spyOn(storePart(frozen.engine.store.outbox), 'assign');
  const writing = await world.app({
    writesOnly: true,
    engine: { outbox: { enabled: true, relay: false } },
    pathway: everyEntryForItself,
  });
  const row = String(await write(writing, 3)).replace('outbox:', '');
  // Its look at the entry before may come late as well.
  const call = () => assign.mock.calls.findIndex(([ids]) => ids.includes(row));
  await until(() => assign.mock.settledResults[call()]?.type === 'fulfilled');
  for (const { value } of assign.mock.settledResults) expect(value).toEqual([]);
  expect((await world.rows()).at(-1)).toMatchObject({ idempotency_id: null, sent_at: null });

  const third = await world.app({ pathway: everyEntryForItself });
  await until(isEmpty);
  await third.engine.pumps.drain();
  // The entry before may have gone out twice, with one id: a relay that finds an id sends, and the copy is dropped here.
  expect(ns(third).toSorted()).toEqual([1, 2, 3]);
  await third.stop();
});
