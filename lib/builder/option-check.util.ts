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
    return results.some((problems) => problems.length === 0) ? [] : (results.at(-1) ?? []);
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

function didYouMean(key: string, known: readonly string[]): string {
  const simple = (word: string) => word.toLowerCase().replace(/[^a-z]/g, '');
  const close = known.find(
    (candidate) => simple(candidate) === simple(key) || simple(candidate).startsWith(simple(key).slice(0, 5)),
  );
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
