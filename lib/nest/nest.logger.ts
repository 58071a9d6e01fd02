import { Logger } from '@nestjs/common';
import type { PathwaysLogger } from '../event/logger.interface.js';

/** Logs through Nest, so levels and format are the application's. */
export function nestLogger(context = 'Pathways'): PathwaysLogger {
  const logger = new Logger(context);
  return {
    debug: (message, fields) => logger.debug(message, ...extra(fields)),
    info: (message, fields) => logger.log(message, ...extra(fields)),
    warn: (message, fields) => logger.warn(message, ...extra(fields)),
    error: (message, fields) => logger.error(message, ...extra(fields)),
  };
}

/** The stack is for debugging sessions; a log line per failed event stays one line. */
function extra(fields: Readonly<Record<string, unknown>> | undefined): unknown[] {
  if (!fields) return [];
  const { stack: _stack, error: _error, ...rest } = fields;
  return Object.keys(rest).length > 0 ? [rest] : [];
}
