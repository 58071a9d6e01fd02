import type { ValidationError, ValidatorOptions } from 'class-validator';
import { EventPayloadInvalidError, type PayloadIssue } from '../errors/event-payload-invalid.error.js';
import { isRecord, kindOf } from '../event/event-shape.util.js';
import { compileClassValidator, type CompiledValidator } from './compiled-class-validator.js';
import { compileHydration, type CompiledHydration } from './compiled-hydration.js';
import {
  loadEventClassPackages,
  loadTransformerMetadata,
  type EventClassPackages,
} from './event-class.packages.js';
import type { PayloadParser } from './pathway-contract.interface.js';
import type { EventClass } from './pathway.options.js';
import { copyPayload } from './payload-copy.util.js';
import { payloadPath } from './payload-path.util.js';

/** How an event class is checked. */
export interface EventClassParserOptions {
  readonly whitelist: boolean;
  readonly groups: string[] | undefined;
}

/**
 * Checks payloads with the class-validator decorators of an event class and hands out an instance of it.
 *
 * Answers at once for what is surely valid; otherwise class-validator is asked in its asynchronous mode, because its
 * synchronous one silently ignores asynchronous validators, which would let invalid events through.
 *
 * @throws OptionalPackageMissingError
 */
export function eventClassParser(
  key: string,
  eventClass: EventClass,
  options: EventClassParserOptions,
): PayloadParser {
  const packages = loadEventClassPackages(key);
  const groups = options.groups?.length ? [...options.groups] : undefined;
  const { whitelist } = options;
  const validatorOptions: ValidatorOptions = {
    whitelist,
    // A nested object whose class nobody named would pass unchecked. With groups an object may rightly have no check.
    forbidUnknownValues: groups === undefined,
    ...(groups ? { groups } : {}),
    validationError: { target: false, value: false },
  };
  const { hydrate, isSurelyValid } = compiledFor(eventClass, packages, { groups, whitelist });
  const instanceOf = hydration(packages, key, eventClass, groups, hydrate);

  const validate = async (instance: object) => {
    const errors = await packages.validator.validate(instance, validatorOptions);
    if (errors.length === 0) return instance;
    throw new EventPayloadInvalidError(
      key,
      errors.flatMap((error) => issuesOf(error, [])),
    );
  };

  return (payload) => {
    if (!isRecord(payload)) throw invalid(key, `must be an object, not ${kindOf(payload)}`);
    const instance = instanceOf(payload);
    return isSurelyValid(instance) ? instance : validate(instance);
  };
}

/** What is made of a class once. */
interface CompiledClass {
  readonly hydrate: CompiledHydration;
  readonly isSurelyValid: CompiledValidator;
}

/** By class, then by what else decides: a class of a hundred pathways is one piece of code to make fast, not a hundred. */
const compiledClasses = new WeakMap<EventClass, Map<string, CompiledClass>>();

function compiledFor(
  eventClass: EventClass,
  { validator }: EventClassPackages,
  options: EventClassParserOptions,
): CompiledClass {
  const variants = compiledClasses.get(eventClass) ?? new Map<string, CompiledClass>();
  compiledClasses.set(eventClass, variants);
  const variant = JSON.stringify([options.whitelist, options.groups]);
  const known = variants.get(variant);
  if (known) return known;
  const compiled = {
    hydrate: compileHydration(eventClass, loadTransformerMetadata()),
    isSurelyValid: compileClassValidator(validator.getMetadataStorage(), options),
  };
  variants.set(variant, compiled);
  return compiled;
}

/** From a payload to an instance; the payload itself is never changed. */
function hydration(
  { transformer }: EventClassPackages,
  key: string,
  eventClass: EventClass,
  groups: string[] | undefined,
  hydrate: CompiledHydration,
): (payload: object) => object {
  const constructor = eventClass as unknown as new () => object;
  return (payload) => {
    const instance = hydrate(payload);
    if (instance) return instance;
    try {
      const copy = copyPayload(payload);
      const transformed = transformer.plainToInstance(
        constructor,
        copy.payload as object,
        groups && { groups },
      );
      copy.restore(transformed);
      return transformed;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw invalid(key, `cannot be made an instance of ${eventClass.name}: ${reason}`);
    }
  };
}

function issuesOf(error: ValidationError, parents: readonly string[]): PayloadIssue[] {
  const isUnknownValue = error.constraints?.unknownValue !== undefined && error.property === undefined;
  if (isUnknownValue) return [{ path: payloadPath(parents), message: UNKNOWN_CLASS }];
  const segments = [...parents, error.property];
  const path = payloadPath(segments);
  const own = Object.values(error.constraints ?? {}).map((message) => ({ path, message }));
  return [...own, ...(error.children ?? []).flatMap((child) => issuesOf(child, segments))];
}

const UNKNOWN_CLASS =
  'cannot be checked, because its class has no class-validator decorators: name the class with @Type(() => …) beside @ValidateNested()';

function invalid(key: string, message: string): EventPayloadInvalidError {
  return new EventPayloadInvalidError(key, [{ path: '', message }]);
}
