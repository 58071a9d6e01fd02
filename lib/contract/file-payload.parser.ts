import { EventPayloadInvalidError, type PayloadIssue } from '../errors/event-payload-invalid.error.js';
import { isRecord, kindOf } from '../event/event-shape.util.js';
import { isPromiseLike } from '../event/maybe-promise.type.js';
import { FILE_FIELDS, ownFieldsOf } from './file-payload.js';
import type { PayloadParser } from './pathway-contract.interface.js';

/**
 * Checks the payload of a file pathway: its own fields with the pathway's schema, which never sees the file. A strict
 * schema would refuse the file's fields, and one that strips would drop them.
 */
export function filePayloadParser(key: string, parseOwn: PayloadParser): PayloadParser {
  return (payload) => {
    if (!isRecord(payload))
      throw invalid(key, [{ path: '', message: `must be an object, not ${kindOf(payload)}` }]);
    const issues = ['fileId', 'fileName'].flatMap((path) => textIssue(path, payload[path]));
    if (payload['fileContent'] === undefined || payload['fileContent'] === null)
      issues.push({ path: 'fileContent', message: 'is missing: a file pathway carries a file' });
    if (issues.length > 0) throw invalid(key, issues);
    const own = parseOwn(ownFieldsOf(payload));
    return isPromiseLike(own) ? own.then((parsed) => withFile(parsed, payload)) : withFile(own, payload);
  };
}

function withFile(own: unknown, payload: Readonly<Record<string, unknown>>): unknown {
  const isInstance = isRecord(own) && Object.getPrototypeOf(own) !== Object.prototype;
  // An instance is the parser's own and keeps its class; anything else may be frozen or belong to the schema.
  const whole: Record<string, unknown> = isInstance ? own : { ...(own as object) };
  for (const field of FILE_FIELDS) if (Object.hasOwn(payload, field)) whole[field] = payload[field];
  const parts = Object.getOwnPropertyDescriptor(payload, 'fileParts');
  if (parts) Object.defineProperty(whole, 'fileParts', parts);
  return whole;
}

function textIssue(path: string, value: unknown): PayloadIssue[] {
  if (typeof value === 'string' && value !== '') return [];
  return [
    { path, message: `must be a non-empty string, not ${value === '' ? 'an empty one' : kindOf(value)}` },
  ];
}

function invalid(key: string, issues: readonly PayloadIssue[]): EventPayloadInvalidError {
  return new EventPayloadInvalidError(key, issues);
}
