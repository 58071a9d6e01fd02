import type { DataSource } from 'typeorm';
import { DatabaseConnectionError } from '../errors/database-connection.error.js';
import { OptionalPackageMissingError } from '../errors/optional-package-missing.error.js';

const CONNECT_TIMEOUT_MS = 10_000;

/**
 * A connection to the database a command was given.
 *
 * @throws DatabaseConnectionError, OptionalPackageMissingError
 */
export async function connect(url: string | undefined): Promise<DataSource> {
  const target = urlOf(url);
  const { DataSource } = await load();
  const dataSource = new DataSource({
    type: 'postgres',
    url: target.href,
    applicationName: 'pathways schema',
    connectTimeoutMS: CONNECT_TIMEOUT_MS,
  });
  try {
    return await dataSource.initialize();
  } catch (cause) {
    throw new DatabaseConnectionError(
      `The database ${withoutPassword(target)} could not be used: ${reasonOf(cause)}. Check that it runs, and the host, user, password and name in --url (or DATABASE_URL).`,
      { cause },
    );
  }
}

function urlOf(text: string | undefined): URL {
  if (text === undefined || text === '')
    throw new DatabaseConnectionError(
      'There is no database to migrate. Name one: --url postgres://user:password@host:5432/name, or set DATABASE_URL.',
    );
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === 'postgres:' || url?.protocol === 'postgresql:') return url;
  // Not repeated: what cannot be parsed may still hold a password.
  throw new DatabaseConnectionError(
    'The database URL is not usable: it must look like postgres://user:password@host:5432/name (special characters in the password percent-encoded).',
  );
}

async function load(): Promise<typeof import('typeorm')> {
  try {
    // TypeORM would report a missing driver in its own words, after everything else.
    await import('pg');
  } catch (cause) {
    throw new OptionalPackageMissingError('pg', '`pathways schema migrate`', cause);
  }
  try {
    return await import('typeorm');
  } catch (cause) {
    throw new OptionalPackageMissingError('typeorm', '`pathways schema migrate`', cause);
  }
}

function withoutPassword(url: URL): string {
  const shown = new URL(url);
  if (shown.password !== '') shown.password = '***';
  // Parameters may hold secrets as well.
  shown.search = '';
  return shown.href;
}

/** A host with several addresses fails with one error for each, and no text of its own. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.errors.length > 0)
    return error.errors.map(reasonOf).join('; ');
  return error instanceof Error ? error.message : String(error);
}
