/** What can be written into SQL. */
export type SqlValue = string | number | boolean | null | readonly string[];

/** A value as SQL. Texts are in hexadecimal digits: nothing in them can end the literal, in whatever settings. */
export function literalOf(value: SqlValue): string {
  if (value === null) return 'NULL';
  if (typeof value === 'string') {
    return `convert_from(decode('${Buffer.from(value).toString('hex')}', 'hex'), 'UTF8')`;
  }
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return `ARRAY[${value.map(literalOf).join(', ')}]::text[]`;
}
