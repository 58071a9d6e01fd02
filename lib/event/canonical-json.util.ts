/**
 * JSON with the keys of every object in one order: equal for equal values, also when a store between writer and reader
 * gives keys back in another order.
 */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, inOrder) ?? 'undefined';
}

function inOrder(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const sorted: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
  for (const key of Object.keys(value).sort()) sorted[key] = (value as Record<string, unknown>)[key];
  return sorted;
}
