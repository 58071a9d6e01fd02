import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { PayloadIssue } from '../errors/event-payload-invalid.error.js';
import { EventPayloadInvalidError } from '../errors/event-payload-invalid.error.js';
import { isPromiseLike } from '../event/maybe-promise.type.js';
import type { PayloadParser } from './pathway-contract.interface.js';

/** Checks payloads with a Standard Schema; synchronous whenever the schema is. */
export function standardSchemaParser(key: string, schema: StandardSchemaV1): PayloadParser {
  const { validate } = schema['~standard'];
  return (payload) => {
    const result = validate(payload);
    return isPromiseLike(result) ? result.then((settled) => valueOf(key, settled)) : valueOf(key, result);
  };
}

function valueOf(key: string, result: StandardSchemaV1.Result<unknown>): unknown {
  if (!result.issues) return result.value;
  throw new EventPayloadInvalidError(key, result.issues.map(toPayloadIssue));
}

function toPayloadIssue(issue: StandardSchemaV1.Issue): PayloadIssue {
  const segments = (issue.path ?? []).map((segment) => (typeof segment === 'object' ? segment.key : segment));
  return { path: pathText(segments), message: issue.message };
}

/** `items[2].quantity`. */
export function pathText(segments: readonly PropertyKey[]): string {
  let text = '';
  for (const segment of segments) {
    const isIndex = typeof segment === 'number' || (typeof segment === 'string' && /^\d+$/.test(segment));
    if (isIndex) text += `[${String(segment)}]`;
    else text += text ? `.${String(segment)}` : String(segment);
  }
  return text;
}
