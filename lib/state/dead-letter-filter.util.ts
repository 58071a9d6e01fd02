import type { DeadLetter, DeadLetterFilter } from './dead-letter-store.interface.js';

/** Whether a letter is one of those that are meant. */
export function matchesFilter(letter: DeadLetter, filter: DeadLetterFilter): boolean {
  return (
    (filter.pathway === undefined || filter.pathway === letter.pathway) &&
    (filter.source === undefined || filter.source === letter.source) &&
    (filter.orderKey === undefined || filter.orderKey === letter.orderKey) &&
    (filter.reason === undefined || filter.reason === letter.reason) &&
    (filter.fingerprint === undefined || filter.fingerprint === letter.fingerprint)
  );
}
