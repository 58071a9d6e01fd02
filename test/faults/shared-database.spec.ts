import { beforeEach, describe, expect, it } from 'vitest';
import { usePostgres } from '../support/postgres.js';
import { until } from '../support/until.js';
import { DurableWorld, effectsIn, once, progress, resetTables } from './support/durable.world.js';

const postgres = usePostgres();
const world = DurableWorld.use();

beforeEach(async () => {
  await resetTables(postgres);
  await resetTables(postgres, 'billing');
});

const marksOf = async (prefix: string) =>
  (await postgres.query<{ n: number }>(`SELECT count(*)::int AS n FROM ${prefix}_pathway_state`))[0]?.n;

it('two deployables with prefixes of their own in one database both handle every event, and clean up only their own marks', async () => {
  const count = 60;
  await world.store(count, 3);
  // The clock of this one runs on to many rounds of its cleanup, and its marks may go at once.
  const hasty = { statePrefix: 'orders', name: 'orders', speed: 200, lookBackMs: 1, ttlMs: 1_000 };
  const orders = world.services.start(world.options(postgres.url, hasty));
  const patient = { statePrefix: 'billing', name: 'billing', effects: 'billing' };
  const billing = world.services.start(world.options(postgres.url, patient));
  await progress(postgres, count, orders);
  await progress(postgres, count, billing, 'billing');
  // Its last event may stay: the cursor stands there.
  await until(async () => ((await marksOf('orders')) ?? count) <= 1);
  expect(await marksOf('billing')).toBe(count);

  // Both go on: neither took the other's cursor, lease or event.
  await world.store(count, 3, count);
  await progress(postgres, 2 * count, orders);
  await progress(postgres, 2 * count, billing, 'billing');
  expect(await effectsIn(postgres)).toEqual(once(2 * count));
  expect(await effectsIn(postgres, 'billing')).toEqual(once(2 * count));
  expect(await marksOf('billing')).toBe(2 * count);
  const shares = (schema: string) => postgres.query(`SELECT DISTINCT instance FROM ${schema}.effects`);
  expect([await shares('public'), await shares('billing')]).toEqual([
    [{ instance: 'orders' }],
    [{ instance: 'billing' }],
  ]);
  expect([await orders.stop(), await billing.stop()]).toEqual([
    [0, null],
    [0, null],
  ]);
  expect(billing.logged('error')).toEqual([]);
  // At two hundred times the speed it may lose its lease to its own delay, and say so.
  expect(orders.logged('error').filter((line) => line.includes('_pathway_state'))).toEqual([]);
}, 90_000);

describe('two deployables on the same tables', () => {
  it('with different pathways say so loudly, both of them', async () => {
    // So that the one which was there first looks again soon.
    const common = { speed: 5, statePrefix: 'shared' };
    const orders = world.services.start(world.options(postgres.url, { ...common, name: 'orders' }));
    await until(() => orders.webhook !== undefined);
    const other = { ...common, name: 'billing', pathway: 'c.0/d.0' } as const;
    const billing = world.services.start(world.options(postgres.url, other));
    await until(() => orders.logged('error').length > 0 && billing.logged('error').length > 0);
    expect(billing.logged('error')).toEqual([
      expect.stringMatching(
        /shared_pathway_state.*only there: a\.0\/b\.0; only here: c\.0\/d\.0.*statePrefix/,
      ),
    ]);
    expect(orders.logged('error')).toEqual([
      expect.stringMatching(
        /shared_pathway_state.*only there: c\.0\/d\.0; only here: a\.0\/b\.0.*statePrefix/,
      ),
    ]);
  }, 90_000);
});
