import type { PathwaysLogger } from './logger.interface.js';

/** Warnings and errors on the console: what nobody configured should still be seen when it goes wrong. */
export const consoleLogger: PathwaysLogger = {
  debug() {},
  info() {},
  warn: (message, fields) => console.warn(...(fields ? [message, fields] : [message])),
  error: (message, fields) => console.error(...(fields ? [message, fields] : [message])),
};
