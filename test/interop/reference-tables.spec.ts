import { createPostgresPathwayState, type PostgresPathwayState } from '@flowcore/pathways';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { timeUuid } from '../../lib/event/time-uuid.util.js';
import { SchemaMigrator } from '../../lib/typeorm/schema/schema.migrator.js';
import { TypeOrmCursorStore } from '../../lib/typeorm/stores/typeorm-cursor.store.js';
import { catalogueOf } from '../support/catalogue.js';
import { useDataSources } from '../support/data-source.js';
import { usePostgres } from '../support/postgres.js';
import { openStore } from '../typeorm/support/open-store.js';

const PUMP = { tenant: 'acme', dataCore: 'shop', flowType: 'order.0', pumpGroup: 'default' };
const EVENT_ID = timeUuid(Date.UTC(2026, 4, 1, 10, 30));
const id = (index: number) => timeUuid(Date.UTC(2026, 4, 1) + index);

/** A database of the block's own, and a way to migrate it. */
function useMigrated() {
  const postgres = usePostgres();
  const { database } = useDataSources(postgres);
  const migrate = async (names: { statePrefix?: string; schema?: string } = {}) => {
    const migrated = await database(names);
    await new SchemaMigrator(migrated).migrate();
    return migrated;
  };
  return { postgres, migrate };
}

describe('the state table that @flowcore/pathways has filled', () => {
  const { postgres, migrate } = useMigrated();
  const opened: PostgresPathwayState[] = [];
  afterEach(() => Promise.all(opened.splice(0).map((state) => state.close())));

  function reference(tableName: string): PostgresPathwayState {
    const { hostname, port, username, password, pathname } = new URL(postgres.url);
    const state = createPostgresPathwayState({
      host: hostname,
      port: Number(port),
      user: username,
      password,
      database: pathname.slice(1),
      tableName,
    });
    opened.push(state);
    return state;
  }

  it('is taken over in place, its rows mean the same, and the reference goes on with it', async () => {
    const before = reference('pathway_state');
    await before.setProcessed(id(1));
    await before.setProcessed(id(2));
    expect(await before.isProcessed(id(1))).toBe(true);
    const rows = await postgres.query('SELECT * FROM pathway_state ORDER BY event_id');
    expect(rows).toHaveLength(2);

    await migrate();

    const taken = await postgres.query('SELECT * FROM pathway_state ORDER BY event_id');
    expect(taken).toEqual(
      rows.map((row) => ({ ...row, status: null, generation: 0, claimed_by: null, claimed_until: null })),
    );
    // The one that was running while we migrated, and one that starts afterwards.
    for (const [n, state] of [before, reference('pathway_state')].entries()) {
      expect(await state.isProcessed(id(1))).toBe(true);
      expect(await state.isProcessed(id(10 + n))).toBe(false);
      await state.setProcessed(id(10 + n));
      expect(await state.isProcessed(id(10 + n))).toBe(true);
      // Marking again what is there already.
      await state.setProcessed(id(1));
    }
  });

  it('has the same tables afterwards as one that we made', async () => {
    // First: it does not make a table that exists in any schema.
    await reference('same_pathway_state').setProcessed(id(1));
    await migrate({ schema: 'public', statePrefix: 'same' });
    await migrate({ schema: 'ours', statePrefix: 'same' });
    const facts = async (schema: string) =>
      (await catalogueOf(postgres, schema)).filter((fact) => fact.includes('same_pathway_state'));
    // How a default is spelled is the one difference.
    const normal = (facts: string[]) => facts.map((fact) => fact.replace('CURRENT_TIMESTAMP', 'now()'));
    expect(normal(await facts('public'))).toEqual(await facts('ours'));
  });

  it('shows the reference our marks: processed ones, but neither claims nor dead letters', async () => {
    const { store, close } = await openStore(postgres.url, { statePrefix: 'shown' });
    onTestFinished(close);
    for (const index of [1, 2, 3]) await store.state.claim(id(index), 0);
    await store.state.complete(id(1), 0, 'processed');
    await store.state.complete(id(2), 0, 'dead-lettered');
    await store.state.flush?.();
    const state = reference('shown_pathway_state');
    expect(await Promise.all([1, 2, 3].map((index) => state.isProcessed(id(index))))).toEqual([
      true,
      false,
      false,
    ]);
  });
});

describe('the pump table of existing deployments', () => {
  const { postgres, migrate } = useMigrated();
  const OLD = (table: string) => `CREATE TABLE ${table} (
    flow_type TEXT PRIMARY KEY, time_bucket TEXT NOT NULL, event_id TEXT)`;
  const NEW = (table: string) => `CREATE TABLE ${table} (
    flow_type TEXT NOT NULL, pump_group TEXT NOT NULL DEFAULT 'default', time_bucket TEXT NOT NULL, event_id TEXT,
    PRIMARY KEY (flow_type, pump_group))`;
  /** What the reference does after every acknowledgement. */
  const write = (table: string, flowType: string, group: string, bucket: string) =>
    postgres.query(
      `INSERT INTO ${table} (flow_type, pump_group, time_bucket, event_id) VALUES ($1, $2, $3, $4)
       ON CONFLICT (flow_type, pump_group) DO UPDATE SET time_bucket = EXCLUDED.time_bucket, event_id = EXCLUDED.event_id`,
      [flowType, group, bucket, EVENT_ID],
    );

  it.each([
    ['an unprefixed table', undefined],
    ['a prefixed table', 'old'],
  ])('with one key column: rows of %s become those of the group default', async (_what, statePrefix) => {
    const table = `${statePrefix === undefined ? '' : 'old_'}pathway_pump_state`;
    await postgres.query(OLD(table));
    await postgres.query(
      `INSERT INTO ${table} VALUES ('order.0', '20260501100000', $1), ('bare.0', '20260501110000', NULL)`,
      [EVENT_ID],
    );
    const migrated = await migrate(statePrefix === undefined ? {} : { statePrefix });
    const store = new TypeOrmCursorStore(migrated, async () => {});
    expect(await store.load(PUMP)).toEqual({
      timeBucket: '20260501100000',
      eventId: EVENT_ID,
      generation: 0,
    });
    expect(await store.load({ ...PUMP, flowType: 'bare.0' })).toEqual({
      timeBucket: '20260501110000',
      generation: 0,
    });
    await write(table, 'order.0', 'hot', '20260501120000');
    expect(await store.load({ ...PUMP, pumpGroup: 'hot' })).toMatchObject({ timeBucket: '20260501120000' });
    const keys = (await catalogueOf(postgres)).filter((fact) => fact.startsWith(`constraint ${table}_pkey`));
    expect(keys).toEqual([`constraint ${table}_pkey on ${table} PRIMARY KEY (flow_type, pump_group)`]);
  });

  it('with two key columns: rows stay, and the reference goes on writing', async () => {
    await postgres.query(NEW('new_pathway_pump_state'));
    await write('new_pathway_pump_state', 'order.0', 'hot', '20260501100000');
    const store = new TypeOrmCursorStore(await migrate({ statePrefix: 'new' }), async () => {});
    const hot = { ...PUMP, pumpGroup: 'hot' };
    expect(await store.load(hot)).toEqual({
      timeBucket: '20260501100000',
      eventId: EVENT_ID,
      generation: 0,
    });
    await store.save(hot, { timeBucket: '20260501110000', generation: 2 }, 7);
    await write('new_pathway_pump_state', 'order.0', 'hot', '20260501120000');
    expect(await store.load(hot)).toEqual({
      timeBucket: '20260501120000',
      eventId: EVENT_ID,
      generation: 2,
    });
  });

  it('a table of the same name in another schema decides nothing', async () => {
    await postgres.query('CREATE SCHEMA decoy');
    await postgres.query(OLD('decoy.two_pathway_pump_state'));
    await postgres.query('ALTER INDEX decoy.two_pathway_pump_state_pkey RENAME TO decoy_key');
    await postgres.query('CREATE SCHEMA meant');
    await postgres.query(NEW('meant.two_pathway_pump_state'));
    await migrate({ schema: 'meant', statePrefix: 'two' });
    const untouched = await catalogueOf(postgres, 'decoy');
    expect(untouched.join('\n')).not.toContain('pump_group');

    await postgres.query(OLD('meant.three_pathway_pump_state'));
    await postgres.query(NEW('decoy.three_pathway_pump_state'));
    await migrate({ schema: 'meant', statePrefix: 'three' });
    expect((await catalogueOf(postgres, 'meant')).join('\n')).toContain(
      'three_pathway_pump_state PRIMARY KEY (flow_type, pump_group)',
    );
  });
});
