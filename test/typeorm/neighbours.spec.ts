import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ControllableClock } from 'nestjs-pathways/testing';
import type { PumpId } from '../../lib/state/cursor-store.interface.js';
import { usePostgres } from '../support/postgres.js';
import { until } from '../support/until.js';
import { openStore, type OpenStore } from './support/open-store.js';

const postgres = usePostgres();
const PUMP: PumpId = { tenant: 'acme', dataCore: 'shop', flowType: 'a.0', pumpGroup: 'default' };
const PLACED = 'order.0/order.placed.0';
const PAID = 'order.0/order.paid.0';
const opened: OpenStore[] = [];

beforeEach(() =>
  postgres.query(
    'DROP SCHEMA IF EXISTS shop, events CASCADE; DROP SCHEMA public CASCADE; CREATE SCHEMA public',
  ),
);
afterEach(async () => {
  await Promise.all(opened.splice(0).map((store) => store.close()));
});

async function open(...args: Parameters<typeof openStore> extends [string, ...infer R] ? R : never) {
  const store = await openStore(postgres.url, ...args);
  opened.push(store);
  return store;
}
const errors = ({ logged }: OpenStore) =>
  logged.flatMap(({ level, message }) => (level === 'error' ? [message] : []));

describe('two applications with prefixes of their own in one database', () => {
  it('do not meet: claims, marks, cursors, leases and signals', async () => {
    const orders = await open({ statePrefix: 'orders' }, { pathways: () => [PLACED] });
    const billing = await open({ statePrefix: 'billing' }, { pathways: () => [PAID] });
    expect(await orders.store.state.claim('e-1', 0)).toBe('claimed');
    expect(await billing.store.state.claim('e-1', 0)).toBe('claimed');
    await orders.store.state.complete('e-1', 0, 'dead-lettered');
    await billing.store.state.complete('e-1', 0, 'processed');
    expect(await orders.store.state.claim('e-1', 0)).toBe('dead-lettered');
    expect(await billing.store.state.claim('e-1', 0)).toBe('processed');

    await orders.store.cursors.save(PUMP, { timeBucket: '20260501100000' }, 0);
    expect(await billing.store.cursors.load(PUMP)).toBeUndefined();
    expect(await orders.store.leases.acquire('pump', 60_000)).toBeDefined();
    expect(await billing.store.leases.acquire('pump', 60_000)).toBeDefined();

    const second = await open({ statePrefix: 'orders' }, { pathways: () => [PLACED] });
    orders.store.signals.waitFor(['e-2']);
    billing.store.signals.ended('e-2', 'dead-lettered');
    second.store.signals.ended('e-2', 'processed');
    await until(() => orders.ended.length > 0);
    // Perhaps told twice, but never how it ended for the neighbour.
    expect(new Set(orders.ended.map(String))).toEqual(new Set(['e-2,processed']));
    expect([orders, billing, second].flatMap(errors)).toEqual([]);
  });
});

describe('two applications on the same tables', () => {
  const clocks = () => [new ControllableClock(0), new ControllableClock(0)] as const;

  it('with different pathways are told so, both of them, once', async () => {
    const [clock, other] = clocks();
    const first = await open({}, { pathways: () => [PLACED], clock });
    const second = await open({}, { pathways: () => [PAID], clock: other });
    expect(errors(second)).toEqual([
      expect.stringMatching(
        /only there: order\.0\/order\.placed\.0; only here: order\.0\/order\.paid\.0.*statePrefix/,
      ),
    ]);
    // The one that was there first finds out at its next look.
    await until(() => {
      clock.advance(1_000);
      return errors(first).length > 0;
    });
    expect(errors(first)).toEqual([expect.stringContaining('only there: order.0/order.paid.0')]);
    const looks = () =>
      postgres.query('SELECT last_seen::text FROM pathway_deployments ORDER BY last_seen DESC');
    const [before] = await looks();
    await until(async () => {
      clock.advance(10_000);
      return (await looks())[0]?.['last_seen'] !== before?.['last_seen'];
    });
    expect(errors(first)).toHaveLength(1);
  });

  it('of another data core are told so', async () => {
    await open();
    const second = await open({}, { dataCore: 'warehouse' });
    expect(errors(second)).toEqual([expect.stringContaining('tenant "acme", data core "shop"')]);
  });

  it('that are instances of one, or of which one only writes, hear nothing', async () => {
    const instances = [await open(), await open(), await open({}, { pathways: () => [] })];
    expect(instances.flatMap(errors)).toEqual([]);
  });

  it('after each other hear nothing: the first has left', async () => {
    const first = await open({}, { pathways: () => [PLACED] });
    await first.close();
    opened.splice(0);
    expect(errors(await open({}, { pathways: () => [PAID] }))).toEqual([]);
  });
});

describe('a DataSource with a schema of its own', () => {
  it('has the tables there too, where its entities look for them', async () => {
    const { store, dataSource } = await open({ dataSourceSchema: 'shop' });
    await store.state.claim('e-1', 0);
    await store.state.complete('e-1', 0, 'processed');
    await store.cursors.save(PUMP, { timeBucket: '20260501100000' }, 0); // Marks are durable before a cursor is.
    expect(await dataSource.getRepository('PathwayState').findOneBy({ eventId: 'e-1' })).toMatchObject({
      status: 'processed',
    });
    expect(await postgres.query(`SELECT to_regclass('public.pathway_state') AS there`)).toEqual([
      { there: null },
    ]);
  });

  it('yields to the schema option of the store', async () => {
    await open({ dataSourceSchema: 'shop', schema: 'events' });
    expect(await postgres.query(`SELECT to_regclass('events.pathway_state') IS NOT NULL AS there`)).toEqual([
      { there: true },
    ]);
  });
});
