import { createPathwayContract, PathwaysEngine } from 'nestjs-pathways';
import { startLocalFlowcore } from 'nestjs-pathways/local';
import { typeOrmStore } from 'nestjs-pathways/typeorm';
import { AbstractLogger, DataSource } from 'typeorm';
import { expect, it } from 'vitest';
import { MIGRATIONS } from '../../lib/typeorm/schema/migrations.js';
import { rawWrite } from '../interop/raw-write.js';
import { usePostgres } from '../support/postgres.js';
import { until } from '../support/until.js';

const postgres = usePostgres();
const KEY = 'order.0/placed.0';
const TEN = Array.from({ length: 10 }, (_, n) => n);

/** Keeps what the database refuses. */
class FailureLogger extends AbstractLogger {
  constructor(private readonly refused: string[]) {
    super(['error']);
  }

  override logQueryError(error: string | Error): void {
    this.refused.push(String(error));
  }

  protected writeLog(): void {}
}

it('ten instances that start at once on an empty database all work: one migrates, each event has one effect', async () => {
  const local = await startLocalFlowcore();
  // So that its names are there: a pump that waits for them would say so.
  const stored = await rawWrite(local, `acme/shop/${KEY}`, { n: -1 });
  const logged: string[] = [];
  const handled: string[] = [];
  const log = (message: string) => void logged.push(message);
  const refused: string[] = [];
  const logger = new FailureLogger(refused);
  const sources = TEN.map(
    () => new DataSource({ type: 'postgres', url: postgres.url, poolSize: 3, logging: ['error'], logger }),
  );
  await Promise.all(sources.map((source) => source.initialize()));
  const engines = sources.map((dataSource) => {
    const engine = new PathwaysEngine({
      baseUrl: local.url,
      tenant: 'acme',
      dataCore: 'shop',
      logger: { debug() {}, info() {}, warn: log, error: log },
      store: typeOrmStore({ dataSource, statePrefix: 'svc' }),
      pump: { startFrom: 'beginning' },
    });
    const pathway = { flowType: 'order.0', eventType: 'placed.0', maxRetries: 0 };
    engine.addContract(createPathwayContract(pathway, { declaredBy: 'test' }));
    engine.handlers.addHandler({
      pathway: KEY,
      where: 'Test.handle',
      invoke: ({ eventId }) => void handled.push(eventId),
    });
    return engine;
  });
  try {
    const starts = await Promise.allSettled(engines.map((engine) => engine.start()));
    expect(starts.map(({ status }) => status)).toEqual(TEN.map(() => 'fulfilled'));
    const record = await postgres.query('SELECT version FROM svc_pathway_migrations ORDER BY version');
    expect(record).toEqual(MIGRATIONS.map(({ version }) => ({ version })));
    const alive = await postgres.query('SELECT instance_id FROM svc_pathway_deployments');
    expect(alive).toHaveLength(10);
    // Whichever has the pump, each of them can write and wait.
    const ids = await Promise.all(engines.map(({ writer }, n) => writer.write(KEY, { data: { n } })));
    await until(() => handled.length >= 11);
    expect([...handled].sort()).toEqual([...stored, ...ids].sort());
    expect(logged).toEqual([]);
    // Without turns they would get in each other's way, and go on at the next try.
    expect(refused).toEqual([]);
  } finally {
    await Promise.all(engines.map((engine) => engine.stop()));
    await Promise.all(sources.map((source) => source.destroy()));
    await local.stop();
  }
});
