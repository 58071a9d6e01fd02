/** The SQLSTATE of an error that TypeORM or pg raised; `undefined` for one that did not come from the server. */
function sqlStateOf(error: unknown): string | undefined {
  const code = (error as { readonly code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) ? code : undefined;
}

/**
 * Somebody else's open transaction held a row for longer than a statement may wait, or waited in turn for a row of this
 * statement: each row alone can still be had.
 */
export function isLockConflict(error: unknown): boolean {
  const state = sqlStateOf(error);
  return state === '55P03' || state === '40P01';
}

/** The server cannot take a value of the statement, such as a text with U+0000: the others of the statement it can. */
export function isValueRefused(error: unknown): boolean {
  const state = sqlStateOf(error);
  return state !== undefined && (state.startsWith('22') || state === '54000');
}

/**
 * The server shut down, restarts, or lost the connection. Transactions in each other's way (class 40) are not among these:
 * the handler is tried again as after any other failure, and not for ever.
 */
export function isConnectionError(error: unknown): boolean {
  const state = sqlStateOf(error);
  return state !== undefined && (state.startsWith('08') || state.startsWith('57P'));
}

/** A session that does not know a prepared statement, or knows another of that name: both come of poolers. */
export function isPreparedStatementRefused(error: unknown): boolean {
  const state = sqlStateOf(error);
  return state === '26000' || state === '42P05';
}
