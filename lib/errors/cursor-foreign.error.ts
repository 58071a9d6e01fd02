import { PathwaysError } from './pathways.error.js';

/** The cursor of a pump belongs to an application of another tenant or data core. */
export class CursorForeignError extends PathwaysError {
  static override readonly code = 'PATHWAYS_CURSOR_FOREIGN';
  static override readonly httpStatus = 409;

  /** @param owner `tenant/dataCore` the stored cursor belongs to */
  constructor(
    readonly pump: string,
    readonly table: string,
    readonly owner: string,
    asker: string,
  ) {
    super(
      `Pump ${pump} of ${asker} cannot use its cursor: the row in ${table} belongs to ${owner}. Two applications share these tables, and each would overwrite the other's position. Give one of them tables of its own with another \`statePrefix\` (or \`schema\`); if this application was moved there on purpose, delete the row.`,
    );
  }
}
