/** Structured details of a log line. Never payloads, never secrets. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Where the library logs. The Nest module hands in Nest's `Logger`; the default writes warnings and errors to the console. */
export interface PathwaysLogger {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

/** Says nothing. */
export const silentLogger: PathwaysLogger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
};

/** An error as a log field: `JSON.stringify` of an `Error` would print `{}`. */
export function errorFields(error: unknown): LogFields {
  if (!(error instanceof Error)) return { error: String(error) };
  const { code } = error as { code?: unknown };
  return { error: error.message, ...(code === undefined ? {} : { code }), stack: error.stack };
}
