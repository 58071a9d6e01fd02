import { DataSource, type EntityManager } from 'typeorm';
import { afterEach, beforeEach } from 'vitest';
import {
  createPathwayContract,
  PathwaysEngine,
  type PathwayEvent,
  type PathwayOptions,
  type PathwaysEngineOptions,
} from 'nestjs-pathways';
import { startLocalFlowcore, type LocalFlowcore } from 'nestjs-pathways/local';
import { typeOrmStore, type TypeOrmStoreOptions } from 'nestjs-pathways/typeorm';
import { startAnswerCutter, type AnswerCutter } from '../../support/answer-cutter.js';
import type { SpecDatabase } from '../../support/postgres.js';

interface Item {
  readonly n: number;
  readonly key?: string;
}

/** One application: an engine with its store in Postgres. */
export interface OutboxApp {
  readonly engine: PathwaysEngine;
  readonly dataSource: DataSource;
  /** What its handler was called with. */
  readonly handled: PathwayEvent<Item>[];
  readonly logged: { level: string; message: string }[];
  stop(): Promise<void>;
}

export interface OutboxAppOptions {
  readonly engine?: Partial<PathwaysEngineOptions>;
  readonly pathway?: Partial<PathwayOptions<Item>>;
  /** Replaces what the handler does beside recording. */
  readonly handle?: (event: PathwayEvent<Item>, manager: EntityManager, engine: PathwaysEngine) => unknown;
  readonly store?: TypeOrmStoreOptions;
  readonly readsOnly?: boolean;
  readonly writesOnly?: boolean;
}

/** A platform in memory, a network before its ingestion, and applications on one database. */
export class OutboxWorld {
  local!: LocalFlowcore;
  network!: AnswerCutter;
  private apps: OutboxApp[] = [];

  static use(postgres: SpecDatabase): OutboxWorld {
    const world = new OutboxWorld(postgres);
    beforeEach(async () => {
      await postgres.query('DROP SCHEMA public CASCADE; CREATE SCHEMA public');
      world.local = await startLocalFlowcore();
      world.network = await startAnswerCutter(world.local.url);
    });
    afterEach(async () => {
      await Promise.all(world.apps.splice(0).map((app) => app.stop()));
      await world.network.close();
      await world.local.stop();
    });
    return world;
  }

  private constructor(private readonly postgres: SpecDatabase) {}

  async app(options: OutboxAppOptions = {}): Promise<OutboxApp> {
    const dataSource = new DataSource({ type: 'postgres', url: this.postgres.url, poolSize: 6 });
    await dataSource.initialize();
    const handled: PathwayEvent<Item>[] = [];
    const logged: { level: string; message: string }[] = [];
    const log = (level: string) => (message: string) => void logged.push({ level, message });
    const engine = new PathwaysEngine({
      baseUrl: this.local.url,
      hosts: { ingestion: this.network.url },
      tenant: 'acme',
      dataCore: 'shop',
      store: typeOrmStore({ dataSource, ...options.store }),
      pump: options.writesOnly ? false : { startFrom: 'beginning', concurrency: 8, pollIntervalMs: 50 },
      logger: { debug() {}, info() {}, warn: log('warn'), error: log('error') },
      ...options.engine,
    });
    for (const eventType of ['placed.0', 'shipped.0']) {
      engine.addContract(
        createPathwayContract<Item>(
          { flowType: 'order.0', eventType, maxRetries: 0, ...options.pathway },
          { declaredBy: 'spec' },
        ),
      );
    }
    if (!options.writesOnly) {
      for (const pathway of ['order.0/placed.0', 'order.0/shipped.0'] as const) {
        engine.handlers.addHandler({
          pathway,
          where: 'spec',
          invoke: async (event, { transaction }) => {
            await options.handle?.(event as PathwayEvent<Item>, transaction as EntityManager, engine);
            handled.push(event as PathwayEvent<Item>);
          },
        });
      }
    }
    await engine.start();
    let isStopped = false;
    const app: OutboxApp = {
      engine,
      dataSource,
      handled,
      logged,
      async stop() {
        if (isStopped) return;
        isStopped = true;
        await engine.stop();
        await dataSource.destroy();
      },
    };
    this.apps.push(app);
    return app;
  }

  /** Events the platform has stored. */
  get stored(): number {
    return this.local.stats.eventsStored;
  }

  rows(): Promise<Record<string, unknown>[]> {
    return this.postgres.query('SELECT * FROM pathway_outbox ORDER BY id');
  }
}

export const ns = ({ handled }: OutboxApp): number[] => handled.map(({ payload }) => payload.n);
