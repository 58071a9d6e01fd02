import { beforeEach, describe, expect, it } from 'vitest';
import { createPostgresPathwayState, createPostgresPumpStateManagerFactory } from 'nestjs-pathways/builder';
import { timeBucketOfTimeUuid } from '../../lib/event/time-uuid.util.js';
import { addressOf, PLACED, useBuilders } from '../support/builder-bench.js';
import { usePostgres } from '../support/postgres.js';

/** As it was before pump groups (protocol §11.2). */
const ONE_KEY_COLUMN = (table: string) =>
  `CREATE TABLE ${table} (flow_type TEXT PRIMARY KEY, time_bucket TEXT NOT NULL, event_id TEXT)`;
const TWO_KEY_COLUMNS = (table: string) =>
  `CREATE TABLE ${table} (flow_type TEXT NOT NULL, pump_group TEXT NOT NULL DEFAULT 'default',
     time_bucket TEXT NOT NULL, event_id TEXT, PRIMARY KEY (flow_type, pump_group))`;

interface Existing {
  readonly what: string;
  readonly stateTable: string;
  readonly pumpTable: string;
  readonly create: (table: string) => string;
  /** What our factories are told. */
  readonly state: { readonly tableName?: string; readonly statePrefix?: string };
  readonly pump: { readonly tableName?: string; readonly statePrefix?: string };
}

const PREFIX = { statePrefix: 'svc' };
const EXISTING: readonly Existing[] = [
  {
    what: 'the default names',
    stateTable: 'pathway_state',
    pumpTable: 'pathway_pump_state',
    create: TWO_KEY_COLUMNS,
    state: {},
    pump: {},
  },
  {
    what: 'a pump table with the old key',
    stateTable: 'pathway_state',
    pumpTable: 'pathway_pump_state',
    create: ONE_KEY_COLUMN,
    state: {},
    pump: {},
  },
  {
    what: 'names of their own',
    stateTable: 'shop_marks',
    pumpTable: 'shop_positions',
    create: TWO_KEY_COLUMNS,
    state: { tableName: 'shop_marks' },
    pump: { tableName: 'shop_positions' },
  },
  {
    what: 'a prefix',
    stateTable: 'svc_pathway_state',
    pumpTable: 'svc_pathway_pump_state',
    create: ONE_KEY_COLUMN,
    state: PREFIX,
    pump: PREFIX,
  },
];

describe('a database that the reference client has filled', () => {
  const database = usePostgres();
  const { numbers, store, reference } = useBuilders();

  beforeEach(async () => {
    await database.query('DROP SCHEMA public CASCADE');
    await database.query('CREATE SCHEMA public');
  });

  /** What the reference leaves: marks of what it handled, and a position. */
  async function leave(
    { stateTable, pumpTable, create }: Existing,
    marked: readonly string[],
    position: { readonly timeBucket: string; readonly eventId: string | null },
  ): Promise<void> {
    const state = reference(database, stateTable);
    for (const eventId of marked) await state.setProcessed(eventId);
    await database.query(create(pumpTable));
    await database.query(
      `INSERT INTO ${pumpTable} (flow_type, time_bucket, event_id) VALUES ('order.0', $1, $2)`,
      [position.timeBucket, position.eventId],
    );
  }

  function ours({ state, pump }: Existing) {
    const { pathways, handled } = numbers({}, (builder) =>
      builder.withPathwayState(createPostgresPathwayState({ ...addressOf(database), ...state })),
    );
    const stateManagerFactory = createPostgresPumpStateManagerFactory({ ...addressOf(database), ...pump });
    return { pathways, handled, start: () => pathways.startPump({ stateManagerFactory }) };
  }

  const tables = async () =>
    (
      await database.query<{ name: string }>(
        `SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public'`,
      )
    ).map(({ name }) => name);

  it.each(EXISTING)('with $what is continued: nothing again, and no gap', async (existing) => {
    const ids = await store(1, 2, 3, 4, 5);
    // While events wait in its buffer, the reference saves the oldest unfinished one.
    await leave(existing, ids.slice(0, 2), { timeBucket: timeBucketOfTimeUuid(ids[2]!), eventId: ids[2]! });
    const before = await tables();

    const first = ours(existing);
    await first.start();
    await first.pathways.pump?.drain();
    expect(first.handled).toEqual([3, 4, 5]);
    await first.pathways.close();

    await store(6, 7);
    const second = ours(existing);
    await second.start();
    await second.pathways.pump?.drain();
    expect(second.handled).toEqual([6, 7]);

    const rows = `SELECT flow_type, pump_group, tenant, data_core FROM ${existing.pumpTable}`;
    expect(await database.query(rows)).toEqual([
      { flow_type: 'order.0', pump_group: 'default', tenant: 'acme', data_core: 'shop' },
    ]);
    const marked = `SELECT count(*)::int FROM ${existing.stateTable} WHERE processed`;
    expect(await database.query(marked)).toEqual([{ count: 7 }]);
    // Beside what was there, nothing that could be taken for it.
    const added = (await tables()).filter((name) => !before.includes(name));
    expect(added.filter((name) => /(pathway|pump)_state$/.test(name))).toEqual([]);
    // And the reference could go on.
    expect(await reference(database, existing.stateTable).isProcessed(ids[4]!)).toBe(true);
  });

  it.each(EXISTING)('with $what, left at rest: the last event is not handled again', async (existing) => {
    const ids = await store(1, 2);
    await leave(existing, ids, { timeBucket: timeBucketOfTimeUuid(ids[1]!), eventId: ids[1]! });
    await store(3);
    const { pathways, handled, start } = ours(existing);
    await start();
    await pathways.pump?.drain();
    expect(handled).toEqual([3]);
  });

  it('a position without an id begins with its bucket; marks skip what was handled', async () => {
    const [existing] = EXISTING as [Existing];
    const ids = await store(1, 2, 3);
    await leave(existing, ids.slice(0, 1), { timeBucket: timeBucketOfTimeUuid(ids[0]!), eventId: null });
    const { pathways, handled, start } = ours(existing);
    await start();
    await pathways.pump?.drain();
    expect(handled).toEqual([2, 3]);
  });

  it('names of their own are heeded although something was written before the pumps started', async () => {
    const existing = EXISTING.find(({ pump }) => pump.tableName !== undefined) ?? EXISTING[0]!;
    const ids = await store(1, 2);
    await leave(existing, ids.slice(0, 1), { timeBucket: timeBucketOfTimeUuid(ids[0]!), eventId: ids[0]! });
    const { pathways, handled, start } = ours(existing);
    await pathways.write(PLACED, { data: { n: 3 }, options: { fireAndForget: true } });
    await start();
    await pathways.pump?.drain();
    expect(handled).toEqual([2, 3]);
    await pathways.close();
    const [row] = await database.query(`SELECT event_id FROM ${existing.pumpTable}`);
    expect(row).not.toEqual({ event_id: ids[0] });
  });

  it('named in the constructor, they are one store with the marks, whatever comes first', async () => {
    const existing = EXISTING.find(({ pump }) => pump.tableName !== undefined) ?? EXISTING[0]!;
    const ids = await store(1, 2);
    await leave(existing, ids.slice(0, 1), { timeBucket: timeBucketOfTimeUuid(ids[0]!), eventId: ids[0]! });
    const { pathways, handled } = numbers(
      {
        stateManagerFactory: createPostgresPumpStateManagerFactory({
          ...addressOf(database),
          ...existing.pump,
        }),
      },
      (builder) =>
        builder.withPathwayState(createPostgresPathwayState({ ...addressOf(database), ...existing.state })),
    );
    await pathways.write(PLACED, { data: { n: 3 }, options: { fireAndForget: true } });
    await pathways.startPump();
    await pathways.pump?.drain();
    expect(handled).toEqual([2, 3]);
    expect((await tables()).filter((name) => /^pathway_(pump_)?state$/.test(name))).toEqual([]);
  });

  it('the positions are found without being named: the state brings its database along', async () => {
    const [existing] = EXISTING as [Existing];
    const ids = await store(1, 2);
    await leave(existing, ids.slice(0, 1), { timeBucket: timeBucketOfTimeUuid(ids[0]!), eventId: ids[0]! });
    const { pathways, handled } = ours(existing);
    await pathways.startPump();
    await pathways.pump?.drain();
    expect(handled).toEqual([2]);
  });
});
