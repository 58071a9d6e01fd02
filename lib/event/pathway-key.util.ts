import { PathwayKeyInvalidError } from '../errors/pathway-key-invalid.error.js';

/** `flowType + "/" + eventType`. */
export type PathwayKey = `${string}/${string}`;

/** Joins both names to the key; refuses names that would make it ambiguous. */
export function pathwayKey(flowType: string, eventType: string): PathwayKey {
  const key: PathwayKey = `${flowType}/${eventType}`;
  if (!flowType || !eventType) throw new PathwayKeyInvalidError(key, 'a part is empty');
  if (flowType.includes('/') || eventType.includes('/'))
    throw new PathwayKeyInvalidError(key, 'a name contains "/"');
  return key;
}

/** Splits a key into its two names. */
export function parsePathwayKey(key: string): { flowType: string; eventType: string } {
  const parts = key.split('/');
  if (parts.length !== 2) throw new PathwayKeyInvalidError(key, `it has ${parts.length} parts instead of 2`);
  const [flowType = '', eventType = ''] = parts;
  pathwayKey(flowType, eventType);
  return { flowType, eventType };
}
