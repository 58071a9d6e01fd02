import {
  PathwaysConfigurationError,
  type ConfigurationProblem,
} from '../../errors/pathways-configuration.error.js';

const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Postgres cuts longer names off without a word, and two of them could then be one. */
const LONGEST_IDENTIFIER = 63;

/**
 * The longest the reference's users can have: with it, every table's name is whole. Names of indexes are cut by Postgres,
 * the same way for both libraries, and differ in what is left.
 */
const LONGEST_PREFIX = 40;

/** A problem of a name that becomes part of SQL, where no parameter can stand. */
export function identifierProblems(
  path: string,
  name: unknown,
  longest = LONGEST_IDENTIFIER,
): ConfigurationProblem[] {
  if (typeof name !== 'string' || !IDENTIFIER.test(name)) {
    return [
      {
        path,
        message: `must begin with a letter or underscore and hold only letters, digits and underscores; ${JSON.stringify(name)} does not`,
      },
    ];
  }
  if (name.length > longest)
    return [{ path, message: `must have at most ${longest} characters; ${name} has ${name.length}` }];
  return [];
}

/**
 * The prefix as it stands before a table name: trailing underscores become exactly one (newer features §8).
 *
 * @throws PathwaysConfigurationError for a prefix that is no identifier.
 */
export function normalisePrefix(statePrefix: string | undefined): string {
  if (statePrefix === undefined || statePrefix === '') return '';
  const isOnlyUnderscores = typeof statePrefix === 'string' && /^_+$/.test(statePrefix);
  const problems = isOnlyUnderscores
    ? [{ path: 'statePrefix', message: 'must hold more than underscores' }]
    : identifierProblems('statePrefix', statePrefix, LONGEST_PREFIX);
  if (problems.length > 0) throw new PathwaysConfigurationError(problems, 'The options of typeOrmStore');
  return `${statePrefix.replace(/_+$/, '')}_`;
}
