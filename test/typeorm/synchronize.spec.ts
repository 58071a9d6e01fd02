import { EntitySchema } from 'typeorm';
import { beforeAll, describe, expect, it } from 'vitest';
import { pathwaysEntities } from '../../lib/typeorm/schema/entities.js';
import { SchemaMigrator } from '../../lib/typeorm/schema/schema.migrator.js';
import type { PathwayDeadLetterRow } from '../../lib/typeorm/schema/rows.interface.js';
import { catalogueOf } from '../support/catalogue.js';
import { useDataSources } from '../support/data-source.js';
import { usePostgres } from '../support/postgres.js';

const postgres = usePostgres();
const { dataSource, database } = useDataSources(postgres);

const Order = new EntitySchema<{ id: string; total: number }>({
  name: 'Order',
  tableName: 'orders',
  columns: { id: { type: 'text', primary: true }, total: { type: 'integer' } },
});
const isOurs = (fact: string) => fact.includes('pathway_');
const ours = async () => (await catalogueOf(postgres)).filter(isOurs);
const theirs = async () => (await catalogueOf(postgres)).filter((fact) => !isOurs(fact));
const prefixed = pathwaysEntities({ statePrefix: 'svc' });

beforeAll(async () => {
  await dataSource({ entities: [Order], synchronize: true });
  await postgres.query(`INSERT INTO orders VALUES ('o-1', 12)`);
});

it('the migration touches nothing of the application', async () => {
  const before = await theirs();
  expect(before.length).toBeGreaterThan(2);
  for (const statePrefix of [undefined, 'svc'])
    await new SchemaMigrator(await database({ statePrefix })).migrate();
  expect(await theirs()).toEqual(before);
  expect(await ours()).not.toEqual([]);
  expect(await postgres.query('SELECT * FROM orders')).toEqual([{ id: 'o-1', total: 12 }]);
});

describe.each([
  ['without our entities', [Order]],
  ['with our entities', [Order, ...Object.values(pathwaysEntities()), ...Object.values(prefixed)]],
])('an application %s', (_what, entities) => {
  it('does not drop or change our tables with synchronize', async () => {
    await postgres.query(`INSERT INTO pathway_state (event_id, processed, expires_at) VALUES ('e-1', true, now())
      ON CONFLICT DO NOTHING`);
    const before = await catalogueOf(postgres);
    await dataSource({ entities, synchronize: true });
    expect(await catalogueOf(postgres)).toEqual(before);
    expect(await postgres.query('SELECT event_id FROM pathway_state')).toEqual([{ event_id: 'e-1' }]);
  });

  it('generates a migration without a word about our tables', async () => {
    const Shipment = new EntitySchema<{ id: string }>({
      name: 'Shipment',
      columns: { id: { type: 'text', primary: true } },
    });
    const source = await dataSource({ entities: [...entities, Shipment] });
    const { upQueries, downQueries } = await source.driver.createSchemaBuilder().log();
    const statements = [...upQueries, ...downQueries].map(({ query }) => query);
    // The application's own change is there, so the comparison did run.
    expect(statements.join('\n')).toContain('CREATE TABLE "shipment"');
    expect(statements.filter(isOurs)).toEqual([]);
  });
});

describe('the entities', () => {
  it('read every table, and write typed rows', async () => {
    const source = await dataSource({ entities: Object.values(prefixed) });
    for (const entity of Object.values(prefixed)) await source.getRepository(entity.options.name).find();
    const repository = source.getRepository(prefixed.deadLetter);
    const letter = {
      eventId: 'e-9',
      pathway: 'order.0/order.placed.0',
      source: 'order.0::default',
      orderKey: null,
      reason: 'failed',
      event: { b: 1, a: 2 },
      error: 'No stock',
      fingerprint: 'Error at place',
      attempts: [],
      generation: 0,
      deadLetteredAt: new Date(),
      claimId: null,
    } satisfies Omit<PathwayDeadLetterRow, 'sequence'>;
    await repository.insert(letter);
    expect(await repository.findOneByOrFail({ eventId: 'e-9' })).toEqual({ ...letter, sequence: '1' });
    expect(await postgres.query('SELECT event::text FROM svc_pathway_dead_letter')).toEqual([
      { event: '{"b":1,"a":2}' },
    ]);
  });

  it('of two prefixes do not meet in one DataSource', () => {
    const names = [...Object.values(pathwaysEntities()), ...Object.values(prefixed)].map(
      ({ options }) => options.name,
    );
    expect(new Set(names).size).toBe(names.length);
  });

  it('stay where the schema option says', () => {
    expect(pathwaysEntities({ schema: 'shop' }).state.options).toMatchObject({
      schema: 'shop',
      tableName: 'pathway_state',
      synchronize: false,
    });
  });
});
