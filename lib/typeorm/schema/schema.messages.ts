import type { TableNames } from './table-names.js';

/** Which tables are meant, in words: `tables of prefix "svc" in schema shop`. */
export function describeTables({ prefix, schema }: TableNames): string {
  const which = prefix === '' ? 'tables without a prefix' : `tables of prefix "${prefix.slice(0, -1)}"`;
  return schema === undefined ? which : `${which} in schema ${schema}`;
}

/** The command line that does something to these tables. */
export function commandLineOf(action: 'migrate' | 'print', { prefix, schema }: TableNames): string {
  return [
    `npx pathways schema ${action}`,
    ...(prefix === '' ? [] : [`--prefix ${prefix.slice(0, -1)}`]),
    ...(schema === undefined ? [] : [`--schema ${schema}`]),
  ].join(' ');
}

/** The database's own words, and what to do where it can be known. */
export function whyItFailed(error: unknown): string {
  const { code } = error as { code?: unknown };
  const text = error instanceof Error ? error.message : String(error);
  // 42501: insufficient privilege.
  if (code !== '42501') return `The database says: ${text}.`;
  return `The database user may not do that: ${text}. Run \`npx pathways schema migrate\` once as a user who may, and set \`migrations: 'manual'\`.`;
}
