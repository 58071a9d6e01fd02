import type { ConfigurationProblem } from '../errors/pathways-configuration.error.js';

/** Says what is wrong with a value, or nothing. */
export type OptionCheck = (value: unknown, path: string) => ConfigurationProblem[];

const problem = (path: string, message: string): ConfigurationProblem[] => [{ path, message }];

export const text: OptionCheck = (value, path) =>
  typeof value === 'string' && value.trim() !== ''
    ? []
    : problem(path, `must be a non-empty string, not ${show(value)}`);

export const flag: OptionCheck = (value, path) =>
  typeof value === 'boolean' ? [] : problem(path, `must be true or false, not ${show(value)}`);

export const wholeNumber =
  (least: number): OptionCheck =>
  (value, path) =>
    Number.isInteger(value) && (value as number) >= least
      ? []
      : problem(path, `must be a whole number from ${least}, not ${show(value)}`);

export const oneOf =
  (...choices: readonly unknown[]): OptionCheck =>
  (value, path) =>
    choices.includes(value)
      ? []
      : problem(path, `must be one of ${choices.map(show).join(', ')}, not ${show(value)}`);

/** An object with these methods. */
export const withMethods =
  (...methods: readonly string[]): OptionCheck =>
  (value, path) => {
    const missing = methods.filter(
      (method) => typeof (value as Record<string, unknown> | null)?.[method] !== 'function',
    );
    return missing.length === 0
      ? []
      : problem(path, `must have the method${missing.length > 1 ? 's' : ''} ${missing.join(', ')}`);
  };

export const either =
  (...checks: readonly OptionCheck[]): OptionCheck =>
  (value, path) => {
    const results = checks.map((check) => check(value, path));
    if (results.some((problems) => problems.length === 0)) return [];
    // Problems inside the value say more than that it is of another kind.
    const inside = results.find((problems) => problems.some((one) => one.path !== path));
    return inside ?? problem(path, `${alternatives(results, path)}, not ${show(value)}`);
  };

/** A list, every item checked. */
export const listOf =
  (check: OptionCheck): OptionCheck =>
  (value, path) => {
    if (!Array.isArray(value) || value.length === 0)
      return problem(path, `must be a non-empty array, not ${show(value)}`);
    return value.flatMap((item, at) => check(item, `${path}[${at}]`));
  };

/** An object whose keys are known; unknown keys are refused with the closest known one. */
export const shape =
  (checks: Readonly<Record<string, OptionCheck>>): OptionCheck =>
  (value, path) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      return problem(path, `must be an object, not ${show(value)}`);
    const prefix = path ? `${path}.` : '';
    return Object.entries(value).flatMap(([key, item]) => {
      const check = Object.hasOwn(checks, key) ? checks[key] : undefined;
      if (!check) return problem(prefix + key, `is not an option${didYouMean(key, Object.keys(checks))}`);
      return item === undefined ? [] : check(item, prefix + key);
    });
  };

/** Any keys, one check. */
export const mapOf =
  (check: OptionCheck): OptionCheck =>
  (value, path) => {
    if (typeof value !== 'object' || value === null)
      return problem(path, `must be an object, not ${show(value)}`);
    return Object.entries(value).flatMap(([key, item]) => check(item, `${path}.${key}`));
  };

/** `must be a` and `must be b` become `must be a, or b`. */
function alternatives(results: readonly (readonly ConfigurationProblem[])[], path: string): string {
  const kinds = results.flatMap((problems) =>
    problems.filter((one) => one.path === path).map(({ message }) => message.replace(/, not .*$/, '')),
  );
  return kinds.map((kind, at) => (at === 0 ? kind : kind.replace(/^must be /, ''))).join(', or ');
}

function didYouMean(key: string, known: readonly string[]): string {
  const [close] = known
    .map((candidate) => ({ candidate, distance: editDistance(candidate.toLowerCase(), key.toLowerCase()) }))
    .filter(({ candidate, distance }) => distance <= Math.max(2, Math.floor(candidate.length / 3)))
    .sort((a, b) => a.distance - b.distance)
    .map(({ candidate }) => candidate);
  return close ? `; did you mean ${close}?` : `. Known: ${known.join(', ')}`;
}

function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  return typeof value === 'object' && value !== null
    ? Array.isArray(value)
      ? 'an array'
      : 'an object'
    : String(value);
}

/** Letters to insert, drop or change to get from one word to the other. */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, at) => at);
  for (let i = 1; i <= from.length; i++) {
    const next = [i];
    for (let j = 1; j <= to.length; j++) {
      const change = (row[j - 1] as number) + (from[i - 1] === to[j - 1] ? 0 : 1);
      next[j] = Math.min((row[j] as number) + 1, (next[j - 1] as number) + 1, change);
    }
    row = next;
  }
  return row[to.length] as number;
}
