import { Client } from 'pg';
import { describe, expect, it } from 'vitest';
import {
  createPostgresPathwayChunkStore,
  createPostgresPathwayDeliveryStore,
  createPostgresPathwayState,
  createPostgresPumpStateManagerFactory,
  DatabaseConnectionError,
  PathwaysConfigurationError,
} from 'nestjs-pathways/builder';
import { timeUuid } from '../../lib/event/time-uuid.util.js';
import { addressOf, PLACED, useBuilders } from '../support/builder-bench.js';
import { usePostgres } from '../support/postgres.js';
import { until } from '../support/until.js';

const id = (index: number) => timeUuid(Date.UTC(2026, 4, 1, 10) + index, 0, 'b000-000000000001');

describe('what createPostgres… makes, by itself', () => {
  const database = usePostgres();
  const { closing, reference } = useBuilders();

  it('a state and the reference’s see each other’s marks, whoever came first', async () => {
    const state = closing(createPostgresPathwayState({ connectionString: database.url }));
    expect(await state.isProcessed(id(1))).toBe(false);
    await state.setProcessed(id(1));
    expect(await state.isProcessed(id(1))).toBe(true);
    const theirs = reference(database);
    await until(() => theirs.isProcessed(id(1)));
    await theirs.setProcessed(id(2));
    expect(await state.isProcessed(id(2))).toBe(true);
    // Again, as a redelivery would.
    await state.setProcessed(id(2));
    expect(await theirs.isProcessed(id(2))).toBe(true);
  });

  it('a mark is in the database when setProcessed has ended', async () => {
    const state = closing(createPostgresPathwayState({ ...addressOf(database), tableName: 'own_marks' }));
    await state.isProcessed(id(1));
    const other = new Client({ connectionString: database.url });
    await other.connect();
    let isOver = false;
    await other.query('BEGIN; LOCK TABLE own_marks IN SHARE MODE');
    const marked = state.setProcessed(id(1)).then(() => (isOver = true));
    await until(
      async () =>
        (await database.query(`SELECT FROM pg_locks WHERE NOT granted AND relation = 'own_marks'::regclass`))
          .length > 0,
    );
    expect(isOver).toBe(false);
    await other.query('COMMIT');
    await other.end();
    await marked;
    expect(await database.query('SELECT event_id, processed FROM own_marks')).toEqual([
      { event_id: id(1), processed: true },
    ]);
  });

  it('a state manager reads and writes the reference’s rows, of each group its own', async () => {
    await database.query(
      `CREATE TABLE old_pump_state (flow_type TEXT PRIMARY KEY, time_bucket TEXT NOT NULL, event_id TEXT)`,
    );
    await database.query(`INSERT INTO old_pump_state VALUES ('order.0', '20260501100000', NULL)`);
    const factory = closing(
      createPostgresPumpStateManagerFactory({ ...addressOf(database), tableName: 'old_pump_state' }),
    );
    const manager = await factory('order.0', 'default');
    const other = await factory('order.0', 'other');
    expect(await manager.getState()).toEqual({ timeBucket: '20260501100000' });
    expect(await other.getState()).toBeNull();
    await manager.setState({ timeBucket: '20260501110000', eventId: id(1) });
    await other.setState({ timeBucket: '20260501120000' });
    expect(await manager.getState()).toEqual({ timeBucket: '20260501110000', eventId: id(1) });
    expect(await other.getState()).toEqual({ timeBucket: '20260501120000' });
    await manager.clearState?.();
    expect(await manager.getState()).toBeNull();
    expect(await other.getState()).toEqual({ timeBucket: '20260501120000' });
  });

  it('a state manager remembers that its event is finished, until somebody saves one that is not', async () => {
    const factory = closing(createPostgresPumpStateManagerFactory(addressOf(database)));
    const manager = await factory('order.0', 'default');
    const timeBucket = '20260501100000';
    await manager.setState({ timeBucket, eventId: id(1), finished: true });
    expect(await manager.getState()).toEqual({ timeBucket, eventId: id(1), finished: true });
    // As the reference writes it, which knows two columns.
    await database.query(`UPDATE pathway_pump_state SET event_id = $1`, [id(2)]);
    expect(await manager.getState()).toEqual({ timeBucket, eventId: id(2) });
    await manager.setState({ timeBucket, eventId: id(1) });
    expect(await manager.getState()).toEqual({ timeBucket, eventId: id(1) });
    await manager.clearState?.();
  });

  it('a chunk store keeps parts until the event is whole', async () => {
    const chunks = closing(createPostgresPathwayChunkStore(addressOf(database)));
    const part = (n: number) => ({
      chunkId: 'c-1',
      part: n,
      totalParts: 2,
      digest: 'd',
      data: `data ${n}`,
      eventId: id(n),
    });
    expect(await chunks.storePart(part(2))).toEqual({ status: 'stored' });
    expect(await chunks.load('c-1')).toBeUndefined();
    expect(await chunks.storePart(part(1))).toEqual({ status: 'complete', firstEventId: id(1) });
    expect(await chunks.load('c-1')).toEqual(['data 1', 'data 2']);
    await chunks.finish('c-1');
    expect(await chunks.takeExpired()).toEqual([]);
  });

  it('a delivery store remembers pauses', async () => {
    const delivery = closing(createPostgresPathwayDeliveryStore(addressOf(database)));
    await delivery.pause('orders', ['order.0::default', 'order.0::hot']);
    await delivery.resume('orders', ['order.0::hot']);
    expect(await delivery.pausedPumps('orders')).toEqual(['order.0::default']);
    await delivery.close();
    // Closed is not gone: the next call opens it again.
    expect(await delivery.pausedPumps('orders')).toEqual(['order.0::default']);
  });

  it('a database that is not there is named without its password, and looked for again', async () => {
    const away = closing(
      createPostgresPathwayState({ ...addressOf(database), port: 1, password: 's3cret/@#' }),
    );
    for (let attempt = 0; attempt < 2; attempt++) {
      const error = await away.isProcessed(id(1)).catch((caught: unknown) => caught);
      expect(error).toBeInstanceOf(DatabaseConnectionError);
      expect(String(error)).toContain('127.0.0.1:1/');
      expect(String(error)).not.toContain('s3cret');
    }
  });

  it.each([
    ['a table', () => createPostgresPathwayState({ tableName: 'marks; DROP TABLE x' })],
    ['a connection', () => createPostgresPathwayChunkStore({ connectionString: 'mysql://x' })],
  ])('%s that cannot be is refused', async (_what, make) => {
    const use = async () => {
      const made = closing(make());
      await ('isProcessed' in made ? made.isProcessed(id(1)) : made.load('c-1'));
    };
    await expect(use()).rejects.toThrow(PathwaysConfigurationError);
  });
});

describe('what createPostgres… makes, in a builder', () => {
  const database = usePostgres();
  const { numbers } = useBuilders();

  it('a large event waits in the table of chunks until it is whole', async () => {
    const options = { ...addressOf(database), tableName: 'large_parts' };
    const { pathways, handled } = numbers(
      { chunking: { maxEventBytes: 1_000, partBudgetBytes: 800 } },
      (builder) => builder.withPathwayChunkStore(createPostgresPathwayChunkStore(options)),
    );
    await pathways.startPump({ startFrom: 'beginning' });
    await pathways.write(PLACED, { data: { n: 1, text: 'æ'.repeat(2_000) } });
    expect(handled).toEqual([1]);
    const [parts] = await database.query('SELECT count(DISTINCT part)::int AS parts FROM large_parts');
    expect(parts?.['parts']).toBeGreaterThan(1);
  });

  it('a pause holds in the next builder, until it is ended', async () => {
    const create = () =>
      numbers({ pathwayName: 'orders', pump: { startFrom: 'beginning' } }, (builder) =>
        builder.withPathwayDeliveryStore(createPostgresPathwayDeliveryStore(addressOf(database))),
      );
    const first = create();
    await first.pathways.startPump();
    await first.pathways.pump?.pause();
    await first.pathways.close();
    const second = create();
    await second.pathways.startPump();
    expect(second.pathways.pump?.isPaused('order.0')).toBe(true);
    await second.pathways.write(PLACED, { data: { n: 1 }, options: { fireAndForget: true } });
    expect(second.handled).toEqual([]);
    await second.pathways.pump?.resume();
    await second.pathways.pump?.drain();
    expect(second.handled).toEqual([1]);
  });
});
