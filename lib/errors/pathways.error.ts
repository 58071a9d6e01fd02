const PATHWAYS_ERROR = Symbol.for('nestjs-pathways/error');

/** A stable, searchable identifier: part of the public API, never reused for another meaning. */
export type PathwaysErrorCode = `PATHWAYS_${string}`;

/**
 * Base of every error this library raises.
 *
 * `instanceof` compares codes instead of identities, because one application may load this package twice
 * (as ESM and as CommonJS, or in two versions) and a `catch` in one copy must recognise the other's errors.
 */
export abstract class PathwaysError extends Error {
  /** Stable code of the class, for logs, dashboards and `switch` statements. */
  static readonly code: PathwaysErrorCode;

  /** What an HTTP entrance answers when this error reaches it. */
  static readonly httpStatus: number = 500;

  readonly code: PathwaysErrorCode;
  readonly httpStatus: number;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
    this.code = new.target.code;
    this.httpStatus = new.target.httpStatus;
    Object.defineProperty(this, PATHWAYS_ERROR, { value: true });
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    const isOrdinaryInstance = Function.prototype[Symbol.hasInstance].call(this, value);
    if (isOrdinaryInstance) return true;
    if (typeof value !== 'object' || value === null || !(PATHWAYS_ERROR in value)) return false;
    if (this === (PathwaysError as unknown)) return true;
    // A user's subclass without a code of its own is only what JavaScript says it is.
    return Object.hasOwn(this, 'code') && codesOf(value).includes(this.code);
  }
}

function codesOf(value: object): unknown[] {
  const codes: unknown[] = [];
  for (
    let prototype: unknown = Object.getPrototypeOf(value);
    prototype;
    prototype = Object.getPrototypeOf(prototype)
  ) {
    codes.push((prototype as { constructor?: { code?: unknown } }).constructor?.code);
  }
  return codes;
}
