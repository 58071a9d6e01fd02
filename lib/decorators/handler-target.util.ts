import { parsePathwayKey } from '../event/pathway-key.util.js';
import type { EventClass } from '../contract/pathway.options.js';
import type { HandlerDecoratorOptions, OnEventsOptions } from './handler-decorator.options.js';
import { pathwaysMetadata } from './pathways-metadata.accessor.js';

/** A mistake is reported where it is written, long before an event arrives. */
export function checkHandlerTarget(decorator: string, target: unknown): EventClass | string {
  if (typeof target === 'string') return checkKey(decorator, target);
  if (target === undefined) {
    throw new TypeError(
      `${decorator}(undefined): the event class is not loaded yet, most likely because two files import each other. Move the class to a file of its own`,
    );
  }
  if (typeof target !== 'function') {
    throw new TypeError(`${decorator} needs an event class or a key such as 'order.0/order.placed.0'`);
  }
  if (!pathwaysMetadata.pathwayOf(target)) {
    throw new TypeError(
      `${decorator}(${target.name}): the class has no @Pathway decorator, so nothing says which events it means`,
    );
  }
  return target as unknown as EventClass;
}

/** Options of a decorator: an unknown key would be a setting that silently does nothing. */
export function checkHandlerOptions(
  decorator: string,
  options: unknown,
  known: readonly string[] = ['instance'],
): HandlerDecoratorOptions {
  if (typeof options !== 'object' || options === null) {
    throw new TypeError(`${decorator}: the options must be an object such as { instance: 'billing' }`);
  }
  const unknown = Object.keys(options).filter((key) => !known.includes(key));
  if (unknown.length > 0) {
    throw new TypeError(`${decorator}: ${unknown.join(', ')} is not an option. Known: ${known.join(', ')}`);
  }
  const { instance, transaction, size, waitMs } = options as OnEventsOptions;
  if (instance !== undefined && (typeof instance !== 'string' || instance === '')) {
    throw new TypeError(`${decorator}: instance must be the name given to PathwaysModule.forRoot`);
  }
  if (transaction !== undefined && typeof transaction !== 'boolean') {
    throw new TypeError(`${decorator}: transaction must be true or false`);
  }
  if (size !== undefined && (!Number.isInteger(size) || size < 1)) {
    throw new TypeError(`${decorator}: size must be a whole number of events, 1 or more`);
  }
  if (waitMs !== undefined && (!Number.isFinite(waitMs) || waitMs < 0)) {
    throw new TypeError(`${decorator}: waitMs must be a number of milliseconds, 0 or more`);
  }
  return options as HandlerDecoratorOptions;
}

function checkKey(decorator: string, key: string): string {
  try {
    parsePathwayKey(key);
    return key;
  } catch (error) {
    throw new TypeError(`${decorator}: ${(error as Error).message}`, { cause: error });
  }
}
