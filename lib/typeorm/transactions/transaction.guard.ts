import { setImmediate as turn } from 'node:timers/promises';
import type { EntityManager, QueryRunner } from 'typeorm';
import { TransactionAbortedError } from '../../errors/transaction-aborted.error.js';
import { TransactionOverError } from '../../errors/transaction-over.error.js';
import type { StatementRunner } from '../database.js';
import { isConnectionError } from '../postgres-error.util.js';

type Query = (this: QueryRunner, ...args: unknown[]) => Promise<unknown>;

/**
 * Makes a handler's statements and its event's mark end together.
 *
 * States: *open* (statements run) → *over* (the attempt failed: everything is rolled back, and what branches of the handler
 * still send is refused, because it would run after the rollback, in no transaction).
 */
export class TransactionGuard {
  /** A statement on this connection failed that way, also one whose error the handler caught. */
  hasSeenConnectionError = false;
  private isOver = false;
  private failure: unknown;
  private readonly depth: number | undefined;

  /** @param client the connection of the manager's query runner. */
  constructor(
    private readonly eventId: string,
    private readonly manager: EntityManager,
    private readonly client: StatementRunner,
  ) {
    this.depth = this.currentDepth;
    const runner = manager.queryRunner as unknown as { query: Query } | undefined;
    if (!runner) return;
    const query = runner.query.bind(runner as unknown as QueryRunner);
    runner.query = (...args) => (this.isOver ? this.refuse(args[0]) : this.watch(query(...args)));
  }

  /**
   * To be called when the handler is done. A failed statement whose error it caught has ended the transaction all the same,
   * and Postgres answers its COMMIT with a rollback that nobody reports: event and effects would be lost.
   *
   * @throws TransactionAbortedError
   */
  async assertCommittable(): Promise<void> {
    if (this.depth !== undefined && (this.currentDepth ?? 0) > this.depth) {
      throw new TransactionAbortedError(
        this.eventId,
        'a nested transaction of it is still open. Await manager.transaction(…) before the handler returns.',
      );
    }
    if (this.failure === undefined) return;
    try {
      await this.client.query({ text: 'SELECT 1', values: [] });
    } catch {
      const { failure } = this;
      const text = failure instanceof Error ? failure.message : String(failure);
      throw new TransactionAbortedError(
        this.eventId,
        `one of its statements failed (${text}), which ends a transaction of Postgres even when the error is caught. Let the error out; or keep the statement from failing (ON CONFLICT DO NOTHING); or wrap it in manager.transaction(…), which is a savepoint.`,
        failure,
      );
    }
  }

  /**
   * Rolls back at once and completely: who opened the transaction would only go back to the savepoint of a nested one that
   * is still running, and give the connection back with the transaction open.
   *
   * @returns false on a connection that does not answer any more: there is nothing left to roll back.
   */
  async rollBack(): Promise<boolean> {
    this.isOver = true;
    // Statements on their way to the connection get there first, and are rolled back too.
    await turn();
    return this.client.query({ text: 'ROLLBACK', values: [] }).then(
      () => true,
      () => false,
    );
  }

  private async watch(statement: Promise<unknown>): Promise<unknown> {
    try {
      return await statement;
    } catch (error) {
      this.failure ??= error ?? new Error('unknown');
      this.hasSeenConnectionError ||= isConnectionError(error);
      throw error;
    }
  }

  /** The opener's own rollback has been done already. */
  private refuse(sql: unknown): Promise<unknown> {
    return typeof sql === 'string' && sql.startsWith('ROLLBACK')
      ? Promise.resolve()
      : Promise.reject(new TransactionOverError(this.eventId));
  }

  /** TypeORM counts its savepoints, and shows the number to subclasses only. */
  private get currentDepth(): number | undefined {
    return (this.manager.queryRunner as unknown as { readonly transactionDepth?: number } | undefined)
      ?.transactionDepth;
  }
}
