/** What a database would give back: what the caller does to its object later changes nothing. */
export function jsonCopy<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}
