import type { TableNames } from './table-names.js';

/** One step of the schema. Released steps are never edited: what changes is a step of its own. */
export interface Migration {
  /** Counts up by one. */
  readonly version: number;
  /** What it is for, in a few words; kept in `pathway_migrations`. */
  readonly name: string;
  /** Releases that do not know this step cannot run on it. They refuse such a database; any other newer one they accept. */
  readonly breaking: boolean;
  /**
   * The statements. Each may be run again on its own outcome, and on tables that the reference made: the printed script
   * begins at version 1, and whoever lost a column to a tool gets it back.
   */
  statements(tables: TableNames): readonly string[];
}
