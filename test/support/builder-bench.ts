import { createPostgresPathwayState as createReferenceState } from '@flowcore/pathways';
import { afterEach, beforeEach } from 'vitest';
import { z } from 'zod';
import { NoopLogger, PathwaysBuilder, type PathwaysBuilderOptions } from 'nestjs-pathways/builder';
import { startLocalFlowcore, type LocalFlowcore } from 'nestjs-pathways/local';
import type { SpecDatabase } from './postgres.js';

export const PLACED = 'order.0/order.placed.0';
const placed = {
  flowType: 'order.0',
  eventType: 'order.placed.0',
  schema: z.object({ n: z.number(), text: z.string().optional() }),
} as const;

/** A pathway that is registered, and the numbers its handler has got. */
export interface NumbersBuilder {
  readonly pathways: ReturnType<typeof registered>;
  readonly handled: number[];
}

/** Local Flowcore for each test, and builders that are closed after it. Call it after `usePostgres()`. */
export function useBuilders() {
  let local: LocalFlowcore;
  const open: { close(): unknown }[] = [];

  beforeEach(async () => {
    local = await startLocalFlowcore();
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map((each) => each.close()));
    await local.stop();
  });

  function create(options: Partial<PathwaysBuilderOptions> = {}): PathwaysBuilder {
    const builder = new PathwaysBuilder({
      baseUrl: local.url,
      tenant: 'acme',
      dataCore: 'shop',
      apiKey: 'fc_id_secret',
      runtimeEnv: 'test',
      logger: new NoopLogger(),
      ...options,
    });
    open.push(builder);
    return builder;
  }

  function numbers(
    options: Partial<PathwaysBuilderOptions> = {},
    prepare: (builder: PathwaysBuilder) => void = () => {},
  ): NumbersBuilder {
    const builder = create(options);
    prepare(builder);
    const handled: number[] = [];
    const pathways = registered(builder).handle(PLACED, ({ payload }) => void handled.push(payload.n));
    return { pathways, handled };
  }

  /** Stores events with the payloads `{ n }`, handled by nobody yet. */
  async function store(...payloads: readonly number[]): Promise<string[]> {
    const writer = numbers();
    const ids: string[] = [];
    for (const n of payloads) {
      const options = { fireAndForget: true };
      ids.push(await writer.pathways.write(PLACED, { data: { n }, options }));
    }
    await writer.pathways.close();
    return ids;
  }

  return {
    create,
    numbers,
    store,
    /** Closes it after the test. */
    closing<T extends { close(): unknown }>(each: T): T {
      open.push(each);
      return each;
    },
    /** The published reference's own state, as it would go on running. */
    reference(database: SpecDatabase, tableName?: string) {
      const state = createReferenceState({
        ...addressOf(database),
        ...(tableName !== undefined && { tableName }),
      });
      open.push(state);
      return state;
    },
  };
}

/** The parts of a database's URL, as both clients take them. */
export function addressOf({ url }: SpecDatabase) {
  const { hostname: host, port, username: user, password, pathname } = new URL(url);
  return { host, port: Number(port), user, password, database: pathname.slice(1) };
}

function registered(builder: PathwaysBuilder) {
  return builder.register(placed);
}
