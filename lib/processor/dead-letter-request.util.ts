import { DeadLetterRequestInvalidError } from '../errors/dead-letter-request-invalid.error.js';
import { isRecord, kindOf } from '../event/event-shape.util.js';
import { storableOrderKey } from '../event/order-key.util.js';
import type { DeadLetterFilter } from '../state/dead-letter-store.interface.js';

const CONDITIONS: Record<keyof DeadLetterFilter, true> = {
  pathway: true,
  source: true,
  orderKey: true,
  reason: true,
  fingerprint: true,
};

/**
 * A filter as it was meant. A condition that is mistyped or `undefined` would mean every letter, and a replay of all of
 * them cannot be taken back.
 *
 * @throws DeadLetterRequestInvalidError
 */
export function checkedFilter(filter: DeadLetterFilter): DeadLetterFilter {
  if (!isRecord(filter)) {
    throw new DeadLetterRequestInvalidError(
      `Dead letters are named by an event id or a filter, not by ${kindOf(filter)}. {} means every letter.`,
    );
  }
  for (const [name, value] of Object.entries(filter)) {
    if (!Object.hasOwn(CONDITIONS, name)) {
      throw new DeadLetterRequestInvalidError(
        `A filter of dead letters has no condition "${name}". It may have: ${Object.keys(CONDITIONS).join(', ')}.`,
      );
    }
    if (typeof value !== 'string') {
      throw new DeadLetterRequestInvalidError(
        `The condition "${name}" of a filter of dead letters is ${kindOf(value)}, not a string. Leave it out to mean any.`,
      );
    }
  }
  const { orderKey } = filter as DeadLetterFilter;
  return orderKey === undefined ? filter : { ...filter, orderKey: storableOrderKey(orderKey) };
}
