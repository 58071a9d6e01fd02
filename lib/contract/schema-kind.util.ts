import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { EventClass } from './pathway.options.js';

/** zod, valibot, arktype …: anything that carries `~standard`. Some of them are functions, so ask this before `isClass`. */
export function isStandardSchema(value: unknown): value is StandardSchemaV1 {
  if ((typeof value !== 'object' || value === null) && typeof value !== 'function') return false;
  const standard = (value as { '~standard'?: { validate?: unknown } })['~standard'];
  return typeof standard?.validate === 'function';
}

/** A constructor that a payload can be an instance of. Arrow functions, methods and generators construct nothing. */
export function isClass(value: unknown): value is EventClass {
  return (
    typeof value === 'function' &&
    (value as { prototype?: { constructor?: unknown } }).prototype?.constructor === value
  );
}

/** The part of class-validator's metadata storage that is looked at without importing the package. */
interface ValidatorMetadataStorage {
  getTargetValidationMetadatas(
    target: unknown,
    schema: string,
    always: boolean,
    strictGroups: boolean,
  ): unknown[];
}

/**
 * True when class-validator decorators stand on the class or its ancestors. The package keeps its metadata in a global,
 * so a project that does not use it need not have it installed.
 */
export function hasValidatorMetadata(eventClass: EventClass): boolean {
  const storage = (globalThis as { classValidatorMetadataStorage?: ValidatorMetadataStorage })
    .classValidatorMetadataStorage;
  return (storage?.getTargetValidationMetadatas(eventClass, '', true, false).length ?? 0) > 0;
}
