import { beforeAll, beforeEach, expect, it } from 'vitest';
import { useDataSources } from '../../../test/support/data-source.js';
import { usePostgres } from '../../../test/support/postgres.js';
import { CursorForeignError } from '../../errors/cursor-foreign.error.js';
import { FencingTokenStaleError } from '../../errors/fencing-token-stale.error.js';
import { compareTimeUuids, timeOfTimeUuid, timeUuid } from '../../event/time-uuid.util.js';
import type { PumpId } from '../../state/cursor-store.interface.js';
import type { Database } from '../database.js';
import { SchemaMigrator } from '../schema/schema.migrator.js';
import { TypeOrmCursorStore } from './typeorm-cursor.store.js';

const postgres = usePostgres();
const { database } = useDataSources(postgres);
const PUMP: PumpId = { tenant: 'acme', dataCore: 'shop', flowType: 'order.0', pumpGroup: 'default' };
const EVENT_ID = timeUuid(Date.UTC(2026, 4, 1, 10, 30), 7, 'b000-000000000001');
const CURSOR = { timeBucket: '20260501100000', eventId: EVENT_ID, generation: 3, origin: EVENT_ID };

let shared: Database;
let store: TypeOrmCursorStore;

beforeAll(async () => {
  shared = await database({ statePrefix: 'svc' });
  await new SchemaMigrator(shared).migrate();
});
beforeEach(async () => {
  await postgres.query('TRUNCATE svc_pathway_pump_state');
  store = new TypeOrmCursorStore(shared, async () => {});
});

it('gives back what was saved, with every part', async () => {
  expect(await store.load(PUMP)).toBeUndefined();
  await store.save(PUMP, CURSOR, 1);
  expect(await store.load(PUMP)).toEqual(CURSOR);
  await store.save(PUMP, { timeBucket: '20260501110000' }, 1);
  expect(await store.load(PUMP)).toEqual({ timeBucket: '20260501110000', generation: 0 });
  await store.clear(PUMP);
  expect(await store.load(PUMP)).toBeUndefined();
});

it('remembers that a pump has caught up, but not from the future, and not once somebody else has written', async () => {
  const at = Date.UTC(2026, 4, 1, 9, 30);
  await store.save(PUMP, { ...CURSOR, caughtUpAt: at }, 1);
  expect(await store.load(PUMP)).toEqual({ ...CURSOR, caughtUpAt: at });
  // As a release without these columns writes.
  await postgres.query('UPDATE svc_pathway_pump_state SET token = 2');
  expect(await store.load(PUMP)).toEqual(CURSOR);
  await store.save(PUMP, { ...CURSOR, caughtUpAt: Date.now() + 86_400_000 }, 2);
  expect((await store.load(PUMP))?.caughtUpAt).toBeLessThan(Date.now() + 3_600_000);
});

it('groups of one flow type have cursors of their own', async () => {
  const hot = { ...PUMP, pumpGroup: 'hot' };
  await store.save(PUMP, CURSOR, 1);
  await store.save(hot, { ...CURSOR, timeBucket: '20260501120000' }, 1);
  await store.clear(PUMP);
  expect(await store.load(PUMP)).toBeUndefined();
  expect(await store.load(hot)).toMatchObject({ timeBucket: '20260501120000' });
});

it('an older token is refused, an equal or newer one is not', async () => {
  const token = Date.UTC(2026, 4, 1);
  await store.save(PUMP, CURSOR, token);
  const late = { ...CURSOR, timeBucket: '20260501090000' };
  const error = await store.save(PUMP, late, token - 1).catch((caught: unknown) => caught);
  expect(error).toBeInstanceOf(FencingTokenStaleError);
  expect(error).toMatchObject({ pump: 'order.0::default', token: token - 1, newestToken: token });
  expect(await store.load(PUMP)).toEqual(CURSOR);
  await store.save(PUMP, CURSOR, token);
  await store.save(PUMP, CURSOR, token + 1);
});

it('of many writers at once, the one with the newest token has the last word', async () => {
  const tokens = [7, 3, 9, 1, 8, 2, 6, 4, 5];
  await Promise.allSettled(tokens.map((token) => store.save(PUMP, { ...CURSOR, generation: token }, token)));
  expect(await store.load(PUMP)).toMatchObject({ generation: 9 });
});

it('marks are durable before the cursor that relies on them', async () => {
  const order: string[] = [];
  const flushing = new TypeOrmCursorStore(shared, async () => {
    order.push(`marks, with cursor ${JSON.stringify(await store.load(PUMP))}`);
  });
  await flushing.save(PUMP, CURSOR, 1);
  expect(order).toEqual(['marks, with cursor undefined']);
});

it('a cursor is not saved when its marks could not be', async () => {
  const failing = new TypeOrmCursorStore(shared, () => Promise.reject(new Error('disk full')));
  await expect(failing.save(PUMP, CURSOR, 1)).rejects.toThrow('disk full');
  expect(await store.load(PUMP)).toBeUndefined();
});

it.each([
  ['tenant', { ...PUMP, tenant: 'other' }],
  ['data core', { ...PUMP, dataCore: 'other' }],
])('the cursor of another %s is neither read nor changed', async (_what, foreign) => {
  await store.save(PUMP, CURSOR, 1);
  await expect(store.load(foreign)).rejects.toThrow(CursorForeignError);
  await expect(store.save(foreign, CURSOR, 99)).rejects.toThrow(
    /svc_pathway_pump_state belongs to acme\/shop.*statePrefix/,
  );
  await expect(store.clear(foreign)).rejects.toThrow(CursorForeignError);
  expect(await store.load(PUMP)).toEqual(CURSOR);
});

it('a row of the reference client is taken over', async () => {
  await postgres.query(
    `INSERT INTO svc_pathway_pump_state (flow_type, pump_group, time_bucket, event_id) VALUES ('order.0', 'default', '20260501100000', NULL)`,
  );
  expect(await store.load(PUMP)).toEqual({ timeBucket: '20260501100000', generation: 0 });
  await store.save(PUMP, CURSOR, 1);
  const [row] = await postgres.query('SELECT tenant, data_core FROM svc_pathway_pump_state');
  expect(row).toEqual({ tenant: 'acme', data_core: 'shop' });
  await expect(store.load({ ...PUMP, tenant: 'other' })).rejects.toThrow(CursorForeignError);
});

it('a cursor of the reference client, which is its oldest unfinished event, does not lose that event', async () => {
  const insert = 'INSERT INTO svc_pathway_pump_state (flow_type, time_bucket, event_id) VALUES';
  await postgres.query(`${insert} ('order.0', '20260501100000', '${EVENT_ID}')`);
  const before = (await store.load(PUMP))?.eventId ?? '';
  expect(compareTimeUuids(before, EVENT_ID)).toBe(-1);
  // And nothing older than that is delivered again.
  expect(timeOfTimeUuid(before)).toEqual(timeOfTimeUuid(EVENT_ID));

  await store.save(PUMP, CURSOR, 1);
  expect(await store.load(PUMP)).toEqual(CURSOR);
  // The reference ran again in between: it knows its own columns only.
  const later = timeUuid(Date.UTC(2026, 4, 1, 10, 40), 0, 'b000-000000000001');
  await postgres.query(`UPDATE svc_pathway_pump_state SET event_id = '${later}'`);
  const again = await store.load(PUMP);
  expect(again).toEqual({ timeBucket: '20260501100000', eventId: expect.any(String), generation: 3 });
  expect(compareTimeUuids(again?.eventId ?? '', later)).toBe(-1);
});

it('names of pumps are values, never SQL', async () => {
  const hostile = { ...PUMP, flowType: `x'; DROP TABLE svc_pathway_pump_state; --`, pumpGroup: '"' };
  await store.save(hostile, CURSOR, 1);
  expect(await store.load(hostile)).toEqual(CURSOR);
});
