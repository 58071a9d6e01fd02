import { createRequire } from 'node:module';
import type { ValidationError, ValidatorOptions } from 'class-validator';
import { EventPayloadInvalidError, type PayloadIssue } from '../errors/event-payload-invalid.error.js';
import { OptionalPackageMissingError } from '../errors/optional-package-missing.error.js';
import type { PayloadParser } from './pathway-contract.interface.js';
import type { EventClass } from './pathway.options.js';
import { pathText } from './standard-schema.parser.js';

/** How an event class is checked. */
export interface EventClassParserOptions {
  readonly whitelist: boolean;
  readonly groups: string[] | undefined;
}

type Validator = typeof import('class-validator');
type Transformer = typeof import('class-transformer');

/**
 * Checks payloads with the class-validator decorators of an event class and hands out an instance of it.
 *
 * Always asynchronous: class-validator's synchronous mode silently ignores asynchronous validators, which would let
 * invalid events through.
 */
export function eventClassParser(
  key: string,
  eventClass: EventClass,
  options: EventClassParserOptions,
): PayloadParser {
  const { plainToInstance } = loadOptional<Transformer>('class-transformer', key);
  const { validate } = loadOptional<Validator>('class-validator', key);
  const validatorOptions: ValidatorOptions = {
    whitelist: options.whitelist,
    forbidUnknownValues: false,
    ...(options.groups ? { groups: options.groups } : {}),
    validationError: { target: false, value: false },
  };
  const transformOptions = options.groups ? { groups: options.groups } : undefined;
  const constructor = eventClass as unknown as new () => object;

  return async (payload) => {
    if (typeof payload !== 'object' || payload === null || Array.isArray(payload)) {
      throw new EventPayloadInvalidError(key, [
        { path: '', message: `must be an object, not ${describe(payload)}` },
      ]);
    }
    const instance = plainToInstance(constructor, payload, transformOptions);
    const errors = await validate(instance, validatorOptions);
    if (errors.length > 0)
      throw new EventPayloadInvalidError(
        key,
        errors.flatMap((error) => issuesOf(error, [])),
      );
    return instance;
  };
}

function issuesOf(error: ValidationError, parents: readonly string[]): PayloadIssue[] {
  const segments = [...parents, error.property];
  const own = Object.values(error.constraints ?? {}).map((message) => ({
    path: pathText(segments),
    message,
  }));
  return [...own, ...(error.children ?? []).flatMap((child) => issuesOf(child, segments))];
}

/** Loaded on demand: a project without event classes need not install these packages. */
function loadOptional<T>(packageName: string, key: string): T {
  try {
    return createRequire(import.meta.url)(packageName) as T;
  } catch (error) {
    throw new OptionalPackageMissingError(packageName, `The event class of ${key}`, error);
  }
}

function describe(payload: unknown): string {
  if (payload === null) return 'null';
  return Array.isArray(payload) ? 'an array' : `a ${typeof payload}`;
}
