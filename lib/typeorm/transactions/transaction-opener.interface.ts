import type { EntityManager } from 'typeorm';

/** A statement that is prepared once on each connection, and then only called. */
export interface PreparedCall {
  readonly name: string;
  /** The statement, with `$1` and so on. */
  readonly text: string;
  /** Of its parameters, as SQL. */
  readonly types: readonly string[];
  /** Its parameters as SQL literals: it travels in a message that has none of its own. */
  readonly literals: readonly string[];
}

/** Opens transactions on the application's DataSource. */
export interface TransactionOpener {
  /** Commits when the work resolves, rolls back when it rejects, and rejects with the work's own error. */
  open(work: (manager: EntityManager) => Promise<void>): Promise<void>;

  /** The transaction it has opened for others in this chain of calls, when it is one that knows. */
  readonly current?: (() => EntityManager | undefined) | undefined;

  /**
   * The same, with a first statement that travels together with the BEGIN: one round trip less. `undefined` where the
   * BEGIN is not ours to send, or statements cannot be prepared.
   *
   * @param work gets the first statement's rows, or `undefined` when it has not been run after all.
   */
  readonly openWith?:
    | ((
        first: PreparedCall,
        work: (manager: EntityManager, rows: readonly unknown[] | undefined) => Promise<void>,
      ) => Promise<void>)
    | undefined;
}
