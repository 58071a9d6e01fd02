/** Texts that break what is put together by hand: statements, paths, keys of objects, columns that fold or trim. */
export const ODD_STRINGS: readonly string[] = [
  "it's",
  '"quoted"',
  'back\\slash',
  '100%',
  'under_score',
  "'; DROP TABLE pathway_state; --",
  '$1',
  '?',
  '{}',
  'null',
  'undefined',
  '0',
  '00',
  'lower',
  'LOWER',
  ' space',
  'space',
  'space ',
  'tab\t',
  'line\nbreak',
  'u\u0308',
  'ü',
  '事件',
  '🙂',
  '__proto__',
  'constructor',
  `${'long'.repeat(250)}-1`,
  `${'long'.repeat(250)}-2`,
];

/** As many ids as wanted, in the shape of event ids and in the order of their numbers. */
export function eventIds(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => eventIdOf(index + 1));
}

/** An id in the shape of an event id. */
export function eventIdOf(number: number): string {
  return `3f2b1c00-5d4e-11f0-8000-${String(number).padStart(12, '0')}`;
}
