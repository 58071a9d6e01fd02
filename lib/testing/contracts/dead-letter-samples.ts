import assert from 'node:assert/strict';
import type { DeadLetter, DeadLetterStore } from '../../state/dead-letter-store.interface.js';
import { eventIdOf } from './odd-strings.js';

export const SOURCE = 'order.0::default';
export const KEY = 'order-1';

/** A letter of the sample's source and key; the numbers make ids that sort against the order of adding. */
export function letterOf(number: number, fields: Partial<DeadLetter> = {}): DeadLetter {
  const eventId = eventIdOf(1_000 - number);
  return {
    eventId,
    pathway: 'order.0/order.placed.0',
    event: {
      eventId,
      timeBucket: '20260101100000',
      tenant: 'acme',
      dataCoreId: 'shop',
      flowType: 'order.0',
      eventType: 'order.placed.0',
      metadata: {},
      payload: { number },
      validTime: '2026-01-01T10:00:00.000Z',
    },
    source: SOURCE,
    orderKey: KEY,
    reason: 'failed',
    error: 'The handler failed',
    fingerprint: 'Error@orders.ts:1',
    attempts: [],
    deadLetteredAt: new Date(Date.UTC(2026, 0, 1, 10) - number * 60_000),
    generation: 0,
    ...fields,
  };
}

/** Payloads that do not survive every column and every clone. */
export const ODD_PAYLOADS: readonly unknown[] = [
  { z: 1, a: { y: [{ z: null, a: true }], b: [] }, m: '' },
  { text: 'ü 事件 🙂 u\u0308 "quoted" back\\slash line\nbreak' },
  { nul: 'a\u0000b', 'key\u0000': 1, half: '\ud83d' },
  { large: 9_007_199_254_740_991, tiny: 1e-7, huge: 1e21, negative: -0.5 },
  JSON.parse('{"__proto__":{"a":1},"constructor":2}'),
  { long: 'x'.repeat(100_000) },
  [[], {}, [null]],
  'a text',
  '',
  42,
  false,
  null,
];

/** Field by field: what is left out may come back as `undefined`, an absent generation as 0. The place is the store's. */
export function assertSameLetter(found: DeadLetter | undefined, letter: DeadLetter): void {
  assert.ok(found, `letter ${letter.eventId} is there`);
  const { event, generation = 0, sequence: _, ...rest } = found;
  const { event: givenEvent, generation: givenGeneration = 0, ...given } = letter;
  assert.deepEqual(withoutUndefined(rest), withoutUndefined(given));
  assert.equal(generation, givenGeneration, 'generation');
  assert.equal(found.orderKey, letter.orderKey, 'order key');
  // As text: the order of keys counts as well, because a signature over the payload may depend on it.
  assert.equal(JSON.stringify(event), JSON.stringify(givenEvent), 'event');
}

function withoutUndefined({ attempts, ...fields }: Omit<DeadLetter, 'event' | 'generation'>): unknown {
  const defined = (given: object) =>
    Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  return { ...defined(fields), attempts: attempts.map(defined) };
}

/** The ids of the letters must be these, in this order, and be counted alike. */
export async function assertListed(store: DeadLetterStore, ...numbers: number[]): Promise<void> {
  const letters = await store.list();
  assert.deepEqual(
    letters.map(({ eventId }) => eventId),
    numbers.map((number) => letterOf(number).eventId),
  );
  assert.equal(await store.count(), numbers.length, 'count');
}
