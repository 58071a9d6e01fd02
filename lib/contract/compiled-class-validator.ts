import type { getMetadataStorage } from 'class-validator';
import { isPromiseLike } from '../event/maybe-promise.type.js';

/** True: class-validator finds no error in this instance. False: ask class-validator. */
export type CompiledValidator = (instance: object) => boolean;

/** What of class-validator's options changes the verdict. */
export interface CompiledValidatorOptions {
  readonly groups: readonly string[] | undefined;
  readonly whitelist: boolean;
}

type MetadataStorage = ReturnType<typeof getMetadataStorage>;
type ValidationMetadata = ReturnType<MetadataStorage['getTargetValidationMetadatas']>[number];
type ConstraintMetadata = ReturnType<MetadataStorage['getTargetValidatorConstraints']>[number];
type Values = Record<string, unknown>;

/** One decorator of a property. */
type Check = (object: Values, value: unknown) => boolean;

interface PropertyPlan {
  readonly name: string;
  /** `@IsOptional`, `@ValidateIf`: all must hold, or the property is not checked at all. */
  readonly conditions: readonly Check[];
  readonly checks: readonly Check[];
  readonly isNested: boolean;
}

interface ClassPlan {
  readonly properties: readonly PropertyPlan[];
  readonly declared: ReadonlySet<string>;
}

/**
 * class-validator collects, filters and groups its metadata anew for every object. This does it once per class and then
 * calls the very same validators, so any decorator works, also a user's own. It only ever says *surely valid*: whenever
 * something fails or is out of the ordinary (asynchronous validators, maps, promises …) the answer is `false`, and
 * class-validator itself decides and words the errors. `compiled-class-validator.spec.ts` compares the two.
 *
 * @param storage class-validator's metadata storage
 */
export function compileClassValidator(
  storage: MetadataStorage,
  options: CompiledValidatorOptions,
): CompiledValidator {
  const compiled = new Compiled(storage, options);
  return (instance) => {
    try {
      return compiled.isSurelyValid(instance as Values);
    } catch {
      // A validator that throws throws again when class-validator calls it, and its caller sees the error.
      return false;
    }
  };
}

class Compiled {
  private readonly plans = new Map<unknown, ClassPlan | undefined>();
  /** Set by the first validator that turns out to be asynchronous: it must not be called twice for every event. */
  private isAsynchronous = false;

  constructor(
    private readonly storage: MetadataStorage,
    private readonly options: CompiledValidatorOptions,
  ) {}

  isSurelyValid(object: Values): boolean {
    if (this.isAsynchronous) return false;
    const plan = this.planOf(object.constructor);
    if (!plan) return false;
    if (this.options.whitelist) {
      for (const key of Object.keys(object)) if (!plan.declared.has(key)) delete object[key];
    }
    for (const property of plan.properties) if (!this.isPropertyValid(object, property)) return false;
    return true;
  }

  private isPropertyValid(object: Values, { name, conditions, checks, isNested }: PropertyPlan): boolean {
    const value = object[name];
    for (const condition of conditions) if (!condition(object, value)) return true;
    for (const check of checks) if (!check(object, value)) return false;
    return !isNested || this.isNestedValid(value);
  }

  private isNestedValid(value: unknown): boolean {
    if (value === undefined) return true;
    if (typeof value !== 'object' || value === null) return false;
    if (!Array.isArray(value)) return this.isSurelyValid(value as Values);
    return value.every((item) => this.isNestedValid(item));
  }

  private planOf(target: unknown): ClassPlan | undefined {
    // A payload may have a key `constructor` with any value; keeping a plan for each would fill the memory.
    if (typeof target !== 'function') return undefined;
    if (!this.plans.has(target)) this.plans.set(target, this.compile(target));
    return this.plans.get(target);
  }

  // oxlint-disable-next-line typescript/no-unsafe-function-type -- class-validator's own parameter type
  private compile(target: Function): ClassPlan | undefined {
    const groups = this.options.groups && [...this.options.groups];
    const all = this.storage.getTargetValidationMetadatas(target, '', false, false, groups);
    const isCompilable = all.every(({ type, validateIf }) => KNOWN_TYPES.has(type) && !validateIf);
    if (all.length === 0 || !isCompilable) return undefined;

    const properties: PropertyPlan[] = [];
    for (const name of new Set(all.map(({ propertyName }) => propertyName))) {
      const own = all.filter(({ propertyName }) => propertyName === name);
      const ofType = (...types: string[]) => own.filter(({ type }) => types.includes(type));
      const checks = ofType('customValidation', 'isDefined').map((metadata) =>
        this.checkOf(target.name, metadata),
      );
      if (checks.includes(undefined)) return undefined;
      properties.push({
        name,
        conditions: ofType('conditionalValidation').map(({ constraints }) => constraints[0] as Check),
        checks: checks as Check[],
        isNested: ofType('nestedValidation').length > 0,
      });
    }
    return { properties, declared: new Set(all.map(({ propertyName }) => propertyName)) };
  }

  private checkOf(targetName: string, metadata: ValidationMetadata): Check | undefined {
    const constraints = this.storage.getTargetValidatorConstraints(metadata.constraintCls);
    if (constraints.some((constraint) => constraint.async)) return undefined;
    const validators = constraints.map(validatorOf);
    const { propertyName: property, each, constraints: parameters } = metadata;

    return (object, value) => {
      const context = { targetName, property, object, value, constraints: parameters };
      for (const validator of validators) {
        if (!each || !isCollection(value)) {
          if (!this.passes(validator().validate(value, context))) return false;
        } else {
          // `every` would skip holes, and class-validator does too.
          if (!Array.isArray(value)) return false;
          const instance = validator();
          if (!value.every((item) => this.passes(instance.validate(item, context)))) return false;
        }
      }
      return true;
    };
  }

  private passes(verdict: unknown): boolean {
    if (!isPromiseLike(verdict)) return Boolean(verdict);
    this.isAsynchronous = true;
    // Nobody waits for this one: class-validator calls the validator again.
    verdict.then(undefined, () => undefined);
    return false;
  }
}

const KNOWN_TYPES = new Set([
  'customValidation',
  'isDefined',
  'conditionalValidation',
  'nestedValidation',
  'whitelistValidation',
]);

/**
 * Validators without a class of their own are kept; classes are asked for every time, as class-validator does, because
 * they come out of the container given to `useContainer`, which decides about their lifetime.
 */
function validatorOf(constraint: ConstraintMetadata): () => ConstraintMetadata['instance'] {
  if (constraint.target.name !== INLINE_VALIDATOR) return () => constraint.instance;
  let instance: ConstraintMetadata['instance'] | undefined;
  return () => (instance ??= constraint.instance);
}

/** The class that class-validator makes for a validator given as an object, as all of its own are. */
const INLINE_VALIDATOR = 'CustomConstraint';

function isCollection(value: unknown): boolean {
  return Array.isArray(value) || value instanceof Set || value instanceof Map;
}
