import { DataSource } from 'typeorm';
import { silentLogger, systemClock, type PathwaysStore, type StoreContext } from '../../../lib/index.js';
import { pathwaysEntities, typeOrmStore, type TypeOrmStoreOptions } from '../../../lib/typeorm/index.js';

/** A store as an application has it, on a DataSource of its own. */
export interface OpenStore {
  readonly store: PathwaysStore &
    Required<
      Pick<
        PathwaysStore,
        | 'transactions'
        | 'signals'
        | 'chunks'
        | 'fileParts'
        | 'outbox'
        | 'writes'
        | 'delivery'
        | 'commands'
        | 'endAsDeadLetter'
        | 'claimInOrder'
        | 'runInOrder'
      >
    >;
  readonly dataSource: DataSource;
  readonly ended: [string, string][];
  readonly logged: { level: string; message: string }[];
  close(): Promise<void>;
}

/** Opens a store on a database; two of them are two instances of one application. */
export async function openStore(
  url: string,
  options: TypeOrmStoreOptions & { poolSize?: number; dataSourceSchema?: string } = {},
  context: Partial<StoreContext> = {},
): Promise<OpenStore> {
  const { poolSize = 10, dataSourceSchema: schema, ...storeOptions } = options;
  const dataSource = new DataSource({
    type: 'postgres',
    url,
    poolSize,
    extra: { idleTimeoutMillis: 0 },
    entities: Object.values(pathwaysEntities()),
    ...(schema !== undefined && { schema }),
  });
  await dataSource.initialize();
  const ended: [string, string][] = [];
  const logged: { level: string; message: string }[] = [];
  const log = (level: string) => (message: string) => void logged.push({ level, message });
  const store = typeOrmStore({ cleanupIntervalMs: 0, ...storeOptions, dataSource }).createStore();
  await store.open?.({
    tenant: 'acme',
    dataCore: 'shop',
    clock: systemClock,
    logger: { ...silentLogger, info: log('info'), warn: log('warn'), error: log('error') },
    pumps: () => [],
    pathways: () => ['order.0/order.placed.0'],
    longestRedeliveryMs: () => 0,
    onEnded: (eventId, status) => void ended.push([eventId, status]),
    resolve: () => undefined,
    ...context,
  });
  return {
    store: store as OpenStore['store'],
    dataSource,
    ended,
    logged,
    close: async () => {
      await store.close?.();
      await dataSource.destroy();
    },
  };
}
