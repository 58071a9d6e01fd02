import type { StandardSchemaV1 } from '@standard-schema/spec';
import { EventPayloadInvalidError, type PayloadIssue } from '../errors/event-payload-invalid.error.js';
import { isPromiseLike } from '../event/maybe-promise.type.js';
import type { PayloadParser } from './pathway-contract.interface.js';
import { payloadPath } from './payload-path.util.js';

/** Checks payloads with a Standard Schema; synchronous whenever the schema is. */
export function standardSchemaParser(key: string, schema: StandardSchemaV1): PayloadParser {
  const standard = schema['~standard'];
  return (payload) => {
    const result = standard.validate(payload);
    return isPromiseLike(result) ? result.then((settled) => valueOf(key, settled)) : valueOf(key, result);
  };
}

function valueOf(key: string, result: StandardSchemaV1.Result<unknown>): unknown {
  if (!result.issues) return result.value;
  throw new EventPayloadInvalidError(key, result.issues.map(toPayloadIssue));
}

function toPayloadIssue({ path = [], message }: StandardSchemaV1.Issue): PayloadIssue {
  const segments = path.map((segment) => (typeof segment === 'object' ? segment.key : segment));
  return { path: payloadPath(segments), message };
}
