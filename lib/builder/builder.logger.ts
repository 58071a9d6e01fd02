import { consoleLogger } from '../event/console.logger.js';
import { silentLogger, type PathwaysLogger } from '../event/logger.interface.js';

/** Details beside a message. */
export type LoggerContext = Record<string, unknown>;

/** Where a `PathwaysBuilder` logs. Implement it to bring your own logger. */
export interface Logger {
  debug(message: string, context?: LoggerContext): void;
  info(message: string, context?: LoggerContext): void;
  warn(message: string, context?: LoggerContext): void;
  error(message: string, error?: Error, context?: LoggerContext): void;
}

/** Everything on the console. */
export class ConsoleLogger implements Logger {
  debug(message: string, context?: LoggerContext): void {
    console.debug(...withContext(message, context));
  }

  info(message: string, context?: LoggerContext): void {
    console.info(...withContext(message, context));
  }

  warn(message: string, context?: LoggerContext): void {
    console.warn(...withContext(message, context));
  }

  error(message: string, error?: Error, context?: LoggerContext): void {
    console.error(...withContext(message, error, context));
  }
}

/** Says nothing, also of what goes wrong. */
export class NoopLogger implements Logger {
  debug(): void {}
  info(): void {}
  warn(): void {}
  error(): void {}
}

/** A builder's logger as the rest of the library wants it. @default warnings and errors on the console */
export function pathwaysLoggerOf(logger: Logger | undefined): PathwaysLogger {
  if (logger === undefined) return consoleLogger;
  // Not a subclass: it says something, or there would be none.
  if (logger.constructor === NoopLogger) return silentLogger;
  return {
    debug: (message, fields) => logger.debug(message, fields && { ...fields }),
    info: (message, fields) => logger.info(message, fields && { ...fields }),
    warn: (message, fields) => logger.warn(message, fields && { ...fields }),
    error: (message, fields) => {
      const { error, stack, ...context } = fields ?? {};
      if (error === undefined) return logger.error(message, undefined, fields && { ...fields });
      logger.error(message, errorOf(error, stack), Object.keys(context).length > 0 ? context : undefined);
    },
  };
}

/** Fields carry text, and loggers made for the reference want the error itself. */
function errorOf(message: unknown, stack: unknown): Error {
  if (message instanceof Error) return message;
  const error = new Error(String(message));
  // Its own would lead here instead of to what failed.
  if (typeof stack === 'string') error.stack = stack;
  return error;
}

function withContext(...parts: readonly unknown[]): unknown[] {
  return parts.filter((part) => part !== undefined);
}
