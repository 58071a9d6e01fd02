import type { ConfigurationProblem } from '../errors/pathways-configuration.error.js';
import { withMethods, type OptionCheck } from './option-check.util.js';

/** What `dataPump()` returns. */
export const readerOption: OptionCheck = (value, path) =>
  withMethods('createReaders')(value, path).map(() => ({
    path,
    message: 'must be dataPump(…) from nestjs-pathways/data-pump',
  }));

const OF_THE_OWN_READER: Readonly<Record<string, string>> = {
  notifier: "belongs to the library's own reader; give dataPump({ notifier }) instead",
  lookBackMs: "belongs to the library's own reader; @flowcore/data-pump does not look back",
};

/** Options that only the library's own reader knows: beside another one they would silently do nothing. */
export function meaninglessWithReader(options: unknown): ConfigurationProblem[] {
  const given = Object(options) as Record<string, unknown>;
  if (given['reader'] === undefined) return [];
  return Object.entries(OF_THE_OWN_READER)
    .filter(([name]) => given[name] !== undefined)
    .map(([name, message]) => ({ path: `pump.${name}`, message }));
}
