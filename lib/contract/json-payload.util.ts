import type { PayloadIssue } from '../errors/event-payload-invalid.error.js';
import { isRecord, kindOf } from '../event/event-shape.util.js';
import { PayloadNotJsonError } from '../errors/payload-not-json.error.js';
import { payloadPath } from './payload-path.util.js';

/** Deeper than any payload is meant to be; from here on a cycle is looked for. */
const SUSPICIOUS_DEPTH = 500;
/** `JSON.stringify` overflows the stack somewhat later, readers in other languages earlier. */
const MOST_LEVELS = 2_000;

/**
 * Refuses what JSON cannot carry. `JSON.stringify` throws without a usable path (bigint, cycles), or silently stores
 * something else: `null` for NaN and for `undefined` in lists, `{}` for a Map, nothing for a function. Keys with the value
 * `undefined` are fine: they are left out, as everybody expects.
 *
 * @param at index in a batch.
 * @throws PayloadNotJsonError with every problem and its path.
 */
export function assertJsonPayload(key: string, payload: unknown, at?: number): void {
  if (isCarried(payload)) return;
  const issues: PayloadIssue[] = [];
  // Nobody can read anything else (protocol §4.4): such an event would be a dead letter in every service.
  if (!isRecord(payload))
    issues.push({
      path: at === undefined ? '' : payloadPath([at]),
      message: `is ${kindOf(payload)}, not an object`,
    });
  else collect(payload, at === undefined ? [] : [at], [], issues);
  if (issues.length > 0) throw new PayloadNotJsonError(key, issues);
}

function isCarried(payload: unknown): boolean {
  try {
    return isRecord(payload) && isJson(payload, '', 0);
  } catch {
    return false; // A toJSON threw; the slow look says which.
  }
}

/** Runs for every payload, so it makes nothing and keeps no path. */
function isJson(given: unknown, key: string, depth: number): boolean {
  const value = typeof given === 'object' || typeof given === 'bigint' ? jsonForm(given, key) : given;
  switch (typeof value) {
    case 'string':
    case 'boolean':
    case 'undefined':
      return true;
    case 'number':
      return Number.isFinite(value);
    case 'object':
      break;
    default:
      return false;
  }
  if (value === null) return given === null;
  if (depth > SUSPICIOUS_DEPTH) return false;
  if (Array.isArray(value)) {
    for (const item of value) if (item === undefined || !isJson(item, '', depth + 1)) return false;
    return true;
  }
  if (isCollection(value)) return false;
  for (const name in value) {
    if (Object.hasOwn(value, name) && !isJson((value as Record<string, unknown>)[name], name, depth + 1))
      return false;
  }
  return true;
}

/** The slow look, once something is wrong (or very deep). */
function collect(given: unknown, path: PropertyKey[], ancestors: unknown[], issues: PayloadIssue[]): void {
  const say = (message: string) => void issues.push({ path: payloadPath(path), message });
  let value: unknown;
  try {
    value = jsonForm(given, String(path.at(-1) ?? ''));
  } catch (error) {
    return say(`its toJSON threw ${error instanceof Error ? error.name : 'no Error'}`);
  }
  const problem = problemOf(given, value, path, ancestors);
  if (problem !== undefined) return say(problem);
  if (typeof value !== 'object' || value === null) return;
  if (ancestors.length > MOST_LEVELS) return say(`is nested deeper than ${MOST_LEVELS} levels`);
  ancestors.push(value);
  for (const name of Object.keys(value)) {
    const item = (value as Record<string, unknown>)[name];
    if (item === undefined && !Array.isArray(value)) continue;
    path.push(name);
    collect(item, path, ancestors, issues);
    path.pop();
  }
  // Object.keys skips the holes of a list, which JSON turns into null.
  if (Array.isArray(value) && Object.keys(value).length < value.length)
    say('has holes, which JSON stores as null');
  ancestors.pop();
}

function problemOf(
  given: unknown,
  value: unknown,
  path: readonly PropertyKey[],
  ancestors: unknown[],
): string | undefined {
  if (value === null && given instanceof Date) return 'is an invalid Date';
  switch (typeof value) {
    case 'bigint':
      return 'is a bigint; give it as a string, or as a number while it is a safe integer';
    case 'undefined':
      return path.length === 0 ? 'is undefined' : 'is undefined, which JSON stores as null';
    case 'number':
      return Number.isFinite(value) ? undefined : `is ${value}, which JSON stores as null`;
    case 'function':
    case 'symbol':
      return `is a ${typeof value}, which JSON leaves out`;
    case 'object':
      if (value === null) return undefined;
      if (ancestors.includes(value)) return 'is part of itself (a cycle)';
      return isCollection(value)
        ? `is a ${value.constructor.name}, which JSON stores as {}; give a plain object or a list`
        : undefined;
    default:
      return undefined;
  }
}

/** What `JSON.stringify` works with: a Date is its text, and some programs teach bigint to write itself. */
function jsonForm(value: unknown, key: string): unknown {
  const toJson = (value as { toJSON?: unknown } | null)?.toJSON;
  return typeof toJson === 'function' ? (toJson as (key: string) => unknown).call(value, key) : value;
}

function isCollection(value: object): boolean {
  return value instanceof Map || value instanceof Set;
}
