import type { SpecDatabase } from './postgres.js';

/** Everything the catalogue knows of the tables in a schema: columns, keys, indexes. One line per fact, sorted. */
export async function catalogueOf(
  database: Pick<SpecDatabase, 'query'>,
  schema = 'public',
): Promise<string[]> {
  const rows = await database.query<{ fact: string }>(
    `SELECT c.relname || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod)
       || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END
       || CASE a.attidentity WHEN 'a' THEN ' identity' ELSE '' END
       || COALESCE(' default ' || pg_get_expr(d.adbin, d.adrelid), '') AS fact
     FROM pg_class AS c JOIN pg_attribute AS a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
     LEFT JOIN pg_attrdef AS d ON d.adrelid = c.oid AND d.adnum = a.attnum
     WHERE c.relnamespace = to_regnamespace($1) AND c.relkind = 'r'
     UNION ALL
     SELECT 'index ' || regexp_replace(pg_get_indexdef(i.indexrelid), ' ON \\S+\\.', ' ON ')
     FROM pg_index AS i JOIN pg_class AS c ON c.oid = i.indrelid
     WHERE c.relnamespace = to_regnamespace($1) AND c.relkind = 'r'
     UNION ALL
     SELECT 'constraint ' || k.conname || ' on ' || c.relname || ' ' || pg_get_constraintdef(k.oid)
     FROM pg_constraint AS k JOIN pg_class AS c ON c.oid = k.conrelid
     WHERE c.relnamespace = to_regnamespace($1)
     ORDER BY 1`,
    [schema],
  );
  return rows.map(({ fact }) => fact);
}
