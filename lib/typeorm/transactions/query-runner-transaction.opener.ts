import type { EntityManager, QueryRunner } from 'typeorm';
import type { Database } from '../database.js';
import type { PreparedCall, TransactionOpener } from './transaction-opener.interface.js';

/** Opens transactions by itself, where nobody else does. */
export function queryRunnerTransactionOpener(database: Database): TransactionOpener {
  const { isolationLevel } = database.dataSource.options as { readonly isolationLevel?: unknown };
  return {
    open: (work) => {
      const acquired = database.waits.acquiring();
      return database.dataSource
        .transaction((manager) => {
          acquired?.();
          return work(manager);
        })
        .finally(acquired);
    },
    get openWith() {
      // A level of isolation is set between the BEGIN and the first statement.
      if (isolationLevel !== undefined || !database.prepares) return undefined;
      return (first: PreparedCall, work: WorkWithRows) => openWith(database, first, work);
    },
  };
}

type WorkWithRows = (manager: EntityManager, rows: readonly unknown[] | undefined) => Promise<void>;

async function openWith(database: Database, first: PreparedCall, work: WorkWithRows): Promise<void> {
  const runner = database.dataSource.createQueryRunner();
  const acquired = database.waits.acquiring();
  try {
    await runner.connect();
    acquired?.(); // What begins with a claim may wait for a row, which is another matter.
    const rows = await begin(runner, first).catch((error: unknown) => {
      // Nothing has happened yet: what follows in this transaction makes its claim itself.
      if (!database.stopPreparing(error)) throw error;
      return runner.startTransaction().then(() => undefined);
    });
    try {
      await work(runner.manager, rows);
      await runner.commitTransaction();
    } catch (error) {
      await runner.rollbackTransaction().catch(() => {}); // The work's own error is the one that counts.
      throw error;
    }
  } finally {
    acquired?.();
    await runner.release();
  }
}

/** What is used of a pg client: several statements in one text give several results. */
interface Client {
  query(text: string): Promise<readonly { readonly rows: readonly unknown[] }[]>;
}

/** What each connection has prepared. Of all stores: several may share a DataSource, and a name is taken once. */
const prepared = new WeakMap<Client, Set<string>>();

/**
 * TypeORM starts the transaction, so that it knows of it (nested ones become savepoints, subscribers are told); only the
 * message it sends carries one statement more. Should it ever send another one, the statement is simply not run.
 */
async function begin(
  runner: QueryRunner,
  { name, text: statement, types, literals }: PreparedCall,
): Promise<readonly unknown[] | undefined> {
  const client = (await runner.connect()) as Client;
  const names = prepared.get(client) ?? new Set();
  if (!names.has(name)) {
    await client.query(`PREPARE "${name}" (${types.join(', ')}) AS ${statement}`);
    prepared.set(client, names.add(name));
  }
  const own = runner as { query?: (text: string, ...others: never[]) => Promise<unknown> };
  const send = own.query as (text: string, ...others: never[]) => Promise<unknown>;
  let rows: readonly unknown[] | undefined;
  own.query = async (text, ...others) => {
    if (text !== 'START TRANSACTION' || rows) return send.call(runner, text, ...others);
    rows = (await client.query(`${text};\nEXECUTE "${name}" (${literals.join(', ')})`))[1]?.rows;
    return undefined;
  };
  try {
    await runner.startTransaction();
    return rows;
  } catch (error) {
    // TypeORM takes it for not begun, and the connection goes back to the pool.
    await client.query('ROLLBACK').catch(() => {});
    throw error;
  } finally {
    delete own.query; // The one of the class shows again.
  }
}
