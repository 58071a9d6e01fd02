/** A key that class-transformer would drop or trip over, at its place in the payload. */
interface SetAsideKey {
  readonly path: readonly string[];
  readonly key: string;
  readonly value: unknown;
}

/** A copy of a payload, safe to hand to class-transformer. */
export interface PayloadCopy {
  readonly payload: unknown;
  /**
   * Puts keys such as `constructor` or `toString` back into the untyped parts of what class-transformer made. Event
   * classes keep their own members: there such keys stay out.
   */
  restore(transformed: unknown): void;
}

/**
 * Copies a payload: class-transformer deletes discriminators from its input, and `@Transform` functions get to see it.
 *
 * `__proto__` keys, which `JSON.parse` creates as own properties, are left out: the next `Object.assign` would turn
 * them into a changed prototype. Keys with the name of an `Object.prototype` member are set aside: class-transformer
 * drops most of them and crashes on `constructor`, and a payload about motor racing may well have one.
 */
export function copyPayload(payload: unknown): PayloadCopy {
  const setAside: SetAsideKey[] = [];
  return {
    payload: copyValue(payload, [], setAside),
    restore: (transformed) => {
      for (const { path, key, value } of setAside) {
        const holder = path.reduce(ownValue, transformed);
        if (isPlainObject(holder)) setOwn(holder, key, value);
      }
    },
  };
}

/** A deep copy of plain objects and arrays; anything else stays what it is. */
function copyPlain(value: unknown): unknown {
  return copyValue(value, [], undefined);
}

/** An object without a class: what JSON makes. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** True for keys that an empty object has already. */
export function isObjectMember(key: string): boolean {
  return key in Object.prototype;
}

function copyValue(value: unknown, path: readonly string[], setAside: SetAsideKey[] | undefined): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    return value.map((item, index) => copyValue(item, setAside ? [...path, String(index)] : path, setAside));
  }
  if (!isPropertyBag(value)) return value;
  const source = value as Record<string, unknown>;
  const isPlain = isPlainObject(value);
  const copy = (isPlain ? {} : Object.create(Object.getPrototypeOf(value))) as Record<string, unknown>;
  for (const key of Object.keys(source)) {
    if (key === '__proto__') continue;
    if (!isObjectMember(key)) {
      const item = copyValue(source[key], setAside ? [...path, key] : path, setAside);
      if (isPlain) copy[key] = item;
      else setOwn(copy, key, item);
    } else if (setAside) {
      setAside.push({ path, key, value: copyPlain(source[key]) });
    } else {
      setOwn(copy, key, copyPlain(source[key]));
    }
  }
  return copy;
}

/** True for plain objects and instances of ordinary classes. Dates, buffers, maps and the like keep data elsewhere. */
export function isPropertyBag(value: object): boolean {
  if (typeof (value as { then?: unknown }).then === 'function') return false;
  return isPlainObject(value) || Object.prototype.toString.call(value) === '[object Object]';
}

/** Assigning could call a setter of the prototype, and fails on a frozen one. */
function setOwn(target: object, key: string, value: unknown): void {
  Object.defineProperty(target, key, { value, writable: true, enumerable: true, configurable: true });
}

function ownValue(holder: unknown, key: string): unknown {
  return typeof holder === 'object' && holder !== null && Object.hasOwn(holder, key)
    ? (holder as Record<string, unknown>)[key]
    : undefined;
}
