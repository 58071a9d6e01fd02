/** Bytes an id may have. An index of Postgres holds about 2,700 of one value, and a claim says more than the id. */
const LONGEST_ID_BYTES = 2_000;

/** Written as U+FFFD to UTF-8: two ids would become one, and neither be found again. */
const LONE_SURROGATE = /\p{Surrogate}/u;

/** Why no store could keep an event under this id; `undefined`: it can. */
export function unstorableBecause(id: string): string | undefined {
  if (id.includes('\0')) return 'contains U+0000, which no text of Postgres may';
  // A code unit has three bytes at most: only what may be too long is counted.
  if (id.length * 3 > LONGEST_ID_BYTES && Buffer.byteLength(id) > LONGEST_ID_BYTES) {
    return `has ${Buffer.byteLength(id)} bytes, and ${LONGEST_ID_BYTES} is the most`;
  }
  return LONE_SURROGATE.test(id) ? 'contains half of a surrogate pair, which is no character' : undefined;
}
