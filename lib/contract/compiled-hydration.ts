import { isObjectMember, isPlainObject, isPropertyBag } from './payload-copy.util.js';

/** Makes an instance of the class from a payload, or says `undefined`: leave this one to class-transformer. */
export type CompiledHydration = (payload: unknown) => object | undefined;

/** What is read of class-transformer's record of `@Type`. */
interface TypeMetadata {
  readonly typeFunction?: (options: { newObject: object; object: object; property: string }) => unknown;
  readonly reflectedType?: unknown;
  readonly options?: { readonly discriminator?: unknown };
}

type ByClass = Map<unknown, Map<string, unknown>>;

/** What is read of class-transformer's metadata storage. */
interface TransformerMetadata {
  readonly _typeMetadatas: ByClass;
  readonly _transformMetadatas: ByClass;
  readonly _exposeMetadatas: ByClass;
  readonly _excludeMetadatas: ByClass;
  findTypeMetadata(target: unknown, property: string): TypeMetadata | undefined;
}

type Constructor = new () => Record<string, unknown>;

interface ClassPlan {
  readonly create: Constructor;
  readonly types: ReadonlyMap<string, TypeMetadata>;
  /** Methods and read-only accessors: payload keys of these names stay out. */
  readonly members: ReadonlySet<string>;
}

/** Thrown inside this file only: this payload needs class-transformer. */
const LEAVE_IT = Symbol('leave it to class-transformer');

/**
 * Does what `plainToInstance` does for classes that use no class-transformer decorator but `@Type`, at a fraction of its
 * cost; `compiled-hydration.spec.ts` compares the two. Everything else is left to class-transformer: `@Transform`,
 * `@Expose`, `@Exclude`, discriminators, maps, sets, buffers, promises.
 *
 * @param metadata class-transformer's metadata storage; a shape that is not known switches this off.
 */
export function compileHydration(eventClass: unknown, metadata: unknown): CompiledHydration {
  if (!isTransformerMetadata(metadata)) return () => undefined;
  const hydrator = new Hydrator(metadata);
  return (payload) => {
    try {
      return hydrator.instanceOf(eventClass as Constructor, payload as object);
    } catch (error) {
      // A constructor or an endless payload: class-transformer fails in the same way, and its caller words it.
      if (error === LEAVE_IT || error instanceof Error) return undefined;
      throw error;
    }
  };
}

class Hydrator {
  private readonly plans = new Map<Constructor, ClassPlan | undefined>();

  constructor(private readonly metadata: TransformerMetadata) {}

  instanceOf(target: Constructor, value: object): Record<string, unknown> {
    const plan = this.planOf(target);
    if (!plan || !isPropertyBag(value)) throw LEAVE_IT;
    const source = value as Record<string, unknown>;
    const instance = new plan.create();
    if (Object.getPrototypeOf(instance) !== target.prototype) throw LEAVE_IT;
    for (const key of Object.keys(source)) {
      if (key === '__proto__' || key === 'constructor' || plan.members.has(key)) continue;
      if (typeof instance[key] === 'function') continue;
      const type = plan.types.get(key);
      instance[key] = type ? this.typed(type, instance, source, key) : untyped(source[key]);
    }
    return instance;
  }

  private typed(
    type: TypeMetadata,
    newObject: object,
    object: Record<string, unknown>,
    property: string,
  ): unknown {
    const value = object[property];
    const target = type.typeFunction
      ? type.typeFunction({ newObject, object, property })
      : type.reflectedType;
    if (Array.isArray(value) && !ARRAY_TYPES.has(type.reflectedType)) throw LEAVE_IT;
    return this.valueOf(target, value);
  }

  private valueOf(target: unknown, value: unknown): unknown {
    if (Array.isArray(value)) return compact(value, (item) => this.valueOf(target, item));
    if (target === undefined) return untyped(value);
    if (typeof target !== 'function') throw LEAVE_IT;
    if (value === null || value === undefined) return value;
    if (target === String) return String(value);
    if (target === Number) return Number(value);
    if (target === Boolean) return Boolean(value);
    if (target === Date) return new Date(value as string);
    if (typeof value !== 'object') return BUILT_IN.has(target) ? leaveIt() : value;
    return this.instanceOf(target as Constructor, value);
  }

  private planOf(target: Constructor): ClassPlan | undefined {
    if (!this.plans.has(target)) this.plans.set(target, this.compile(target));
    return this.plans.get(target);
  }

  private compile(target: Constructor): ClassPlan | undefined {
    if (BUILT_IN.has(target)) return undefined;
    const { metadata } = this;
    const family = familyOf(target);
    const others = [metadata._transformMetadatas, metadata._exposeMetadatas, metadata._excludeMetadatas];
    if (family.some((member) => others.some((byClass) => byClass.get(member)?.size))) return undefined;

    const types = new Map<string, TypeMetadata>();
    for (const property of family.flatMap((member) => [
      ...(metadata._typeMetadatas.get(member)?.keys() ?? []),
    ])) {
      const type = metadata.findTypeMetadata(target, property);
      if (!type) continue;
      if (type.options?.discriminator || COLLECTIONS.has(type.reflectedType)) return undefined;
      types.set(property, type);
    }
    const descriptors = Object.entries(Object.getOwnPropertyDescriptors(target.prototype as object));
    const members = descriptors.flatMap(([name, descriptor]) => (descriptor.set ? [] : [name]));
    return { create: target, types, members: new Set(members) };
  }
}

const COLLECTIONS = new Set<unknown>([Map, Set, WeakMap, WeakSet]);
const ARRAY_TYPES = new Set<unknown>([Array, Object, undefined]);
const BUILT_IN = new Set<unknown>([
  ...COLLECTIONS,
  ...[Object, Array, Function, Promise, RegExp, Error, Symbol, BigInt, Buffer, ArrayBuffer, Uint8Array],
]);

/** As class-transformer copies a value without `@Type`, but that keys such as `constructor` stay. */
function untyped(value: unknown): unknown {
  if (typeof value === 'function') throw LEAVE_IT;
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return compact(value, untyped);
  if (!isPlainObject(value) || !isPropertyBag(value)) throw LEAVE_IT;
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(value)) {
    if (isObjectMember(key)) {
      if (key === '__proto__') continue;
      Object.defineProperty(copy, key, {
        value: untyped(value[key]),
        writable: true,
        enumerable: true,
        configurable: true,
      });
    } else {
      copy[key] = untyped(value[key]);
    }
  }
  return copy;
}

/** Class-transformer leaves the holes of sparse arrays out. */
function compact(values: readonly unknown[], transform: (value: unknown) => unknown): unknown[] {
  const items: unknown[] = [];
  // oxlint-disable-next-line unicorn/no-array-for-each -- `for…of` would visit holes
  values.forEach((value) => items.push(transform(value)));
  return items;
}

function leaveIt(): never {
  throw LEAVE_IT;
}

/** The class and its ancestors. */
function familyOf(target: Constructor): unknown[] {
  const family: unknown[] = [];
  for (
    let member: unknown = target;
    typeof member === 'function' && member !== Function.prototype;
    member = Object.getPrototypeOf(member)
  ) {
    family.push(member);
  }
  return family;
}

function isTransformerMetadata(metadata: unknown): metadata is TransformerMetadata {
  const storage = metadata as Partial<TransformerMetadata> | null | undefined;
  return (
    typeof storage?.findTypeMetadata === 'function' &&
    [
      storage._typeMetadatas,
      storage._transformMetadatas,
      storage._exposeMetadatas,
      storage._excludeMetadatas,
    ].every((byClass) => byClass instanceof Map)
  );
}
