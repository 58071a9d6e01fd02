import { describe, it } from 'vitest';
import {
  chunkStoreContract,
  commandStoreContract,
  cursorStoreContract,
  deadLetterEndingContract,
  deadLetterStoreContract,
  deliveryStoreContract,
  eventSignalsContract,
  filePartStoreContract,
  leaseStoreContract,
  orderedClaimContract,
  orderedRunContract,
  outboxStoreContract,
  pathwayStateContract,
  transactionRunnerContract,
  writeLedgerContract,
  type ContractCase,
} from 'nestjs-pathways/testing';
import type { StoreContext } from '../../lib/index.js';
import { usePostgres } from '../support/postgres.js';
import { openStore, type OpenStore } from './support/open-store.js';

const database = usePostgres();

/** An empty database with one application on it, and a second on demand. */
async function emptyStores() {
  const instances: OpenStore[] = [];
  const open = async (context: Partial<StoreContext> = {}) => {
    const instance = await openStore(database.url, { poolSize: 4 }, context);
    instances.push(instance);
    return instance;
  };
  const first = await open();
  await database.query('CREATE TABLE IF NOT EXISTS effects (event_id TEXT NOT NULL)');
  await database.query(
    'TRUNCATE pathway_state, pathway_pump_state, pathway_dead_letter, pathway_leases, pathway_chunks, pathway_outbox, pathway_writes, pathway_delivery_state, effects',
  );
  return {
    first,
    open,
    dispose: async () => void (await Promise.all(instances.map((instance) => instance.close()))),
  };
}

async function partOf<TPart>(choose: (store: OpenStore['store']) => TPart) {
  const { first, open, dispose } = await emptyStores();
  return {
    store: choose(first.store),
    openSecond: async () => choose((await open()).store),
    advance: async (milliseconds: number) => {
      const past = [`${milliseconds} milliseconds`];
      await database.query('UPDATE pathway_state SET expires_at = expires_at - $1::interval', past);
      await database.query('UPDATE pathway_chunks SET expires_at = expires_at - $1::interval', past);
      await database.query('UPDATE pathway_leases SET expires_at = expires_at - $1::interval', past);
      await database.query('UPDATE pathway_outbox SET sent_at = sent_at - $1::interval', past);
      await database.query(
        'UPDATE pathway_writes SET expires_at = expires_at - $1::interval, held_until = held_until - $1::interval',
        past,
      );
    },
    dispose,
  };
}

const withClock = { clock: true } as const;

const effects = {
  apply: async (transaction: unknown, eventId: string) => {
    const manager = transaction as { query(sql: string, parameters: unknown[]): Promise<unknown> };
    await manager.query('INSERT INTO effects VALUES ($1)', [eventId]);
  },
  committed: async () =>
    (await database.query('SELECT event_id FROM effects')).map((row) => String(row['event_id'])),
};

const suites: Record<string, ContractCase[]> = {
  state: pathwayStateContract(() => partOf(({ state }) => state), withClock),
  outbox: outboxStoreContract(async () => {
    const part = await partOf(({ outbox, leases }) => ({ outbox, leases }));
    const { leases } = part.store;
    const grantLease = async () => {
      const lease = await leases.acquire('outbox', 600_000);
      if (!lease) throw new Error('The lease of the outbox was not granted');
      await leases.release(lease);
      return lease.token;
    };
    return {
      ...part,
      store: part.store.outbox,
      openSecond: async () => (await part.openSecond()).outbox,
      grantLease,
    };
  }, withClock),
  'writes with a key': writeLedgerContract(() => partOf(({ writes }) => writes), withClock),
  'parts of files': filePartStoreContract(
    async () => {
      const part = await partOf(({ chunks, fileParts }) => ({ chunks, fileParts }));
      return {
        ...part,
        store: part.store.fileParts,
        openSecond: async () => (await part.openSecond()).fileParts,
        removeExpired: () => part.store.chunks.takeExpired(),
      };
    },
    { ...withClock, ttlMs: 86_400_000 },
  ),
  chunks: chunkStoreContract(() => partOf(({ chunks }) => chunks), { ...withClock, ttlMs: 86_400_000 }),
  cursors: cursorStoreContract(() => partOf(({ cursors }) => cursors)),
  'dead letters': deadLetterStoreContract(() => partOf(({ deadLetters }) => deadLetters)),
  pauses: deliveryStoreContract(() => partOf(({ delivery }) => delivery)),
  commands: commandStoreContract(() => partOf(({ commands }) => commands)),
  leases: leaseStoreContract(() => partOf(({ leases }) => leases), withClock),
  transactions: transactionRunnerContract(async () => ({ ...(await partOf((store) => store)), effects })),
  'ending as a dead letter': deadLetterEndingContract(() => partOf((store) => store)),
  'claims in order': orderedClaimContract(() => partOf((store) => store)),
  'transactions in order': orderedRunContract(() => partOf((store) => store)),
  signals: eventSignalsContract(async () => {
    const { open, dispose } = await emptyStores();
    return { open: async (onEnded) => (await open({ onEnded })).store, dispose };
  }),
};

for (const [part, cases] of Object.entries(suites)) {
  describe(`The TypeORM store: ${part}`, () => {
    for (const { name, run } of cases) it(name, run);
  });
}
