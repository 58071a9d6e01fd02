import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { timeUuid } from '../event/time-uuid.util.js';
import { RecentMarks } from './recent-marks.js';

const KEPT = -1;

/** What RecentMarks promises, in two Maps. */
class Model {
  young = new Map<string, number>();
  old = new Map<string, number>();

  get(id: string): number | undefined {
    return this.young.get(id) ?? this.old.get(id);
  }

  set(id: string, mark: number): void {
    this.young.set(id, mark);
  }

  delete(id: string): void {
    this.young.delete(id);
    this.old.delete(id);
  }

  turn(kept: number): void {
    const next = new Map([...this.old].filter(([, mark]) => mark === kept));
    for (const [id, mark] of this.young) next.set(id, mark);
    this.old = next;
    this.young = new Map();
  }
}

// Few enough to meet each other; some differ from others in one letter, its case, its length, or beyond Latin.
const first = timeUuid(Date.parse('2026-05-01T10:00:00.000Z'), 1);
const ids = [
  ...Array.from({ length: 24 }, (_, n) => timeUuid(Date.parse('2026-05-01T10:00:00.000Z'), n)),
  first.toUpperCase(),
  first.replaceAll('-', '_'),
  `${first.slice(0, -1)}g`,
  `${first.slice(0, -1)}1`,
  `${first.slice(0, -1)}\u0131`,
  first.slice(0, -1),
  `${first}0`,
  'e-1',
  '',
];

const step = fc.oneof(
  fc.record({ kind: fc.constant('set'), id: fc.constantFrom(...ids), mark: fc.integer({ min: -1, max: 9 }) }),
  fc.record({ kind: fc.constant('delete'), id: fc.constantFrom(...ids), mark: fc.constant(0) }),
  fc.record({ kind: fc.constant('turn'), id: fc.constant(''), mark: fc.constant(0) }),
);

describe('RecentMarks', () => {
  it('are what two Maps would hold, whatever is set, removed and turned', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const [marks, model] = [new RecentMarks(), new Model()];
        for (const { kind, id, mark } of steps) {
          for (const each of [marks, model]) {
            if (kind === 'set') each.set(id, mark);
            else if (kind === 'delete') each.delete(id);
            else each.turn(KEPT);
          }
          for (const known of ids) expect(marks.get(known)).toBe(model.get(known));
        }
      }),
      { numRuns: 200 },
    );
  });

  it('still know what lies behind an id that was removed, in a table that is half full', () => {
    const marks = new RecentMarks();
    const many = Array.from({ length: 500 }, (_, n) => timeUuid(1_777_629_600_000 + n * 7_919, n));
    for (const [n, id] of many.entries()) marks.set(id, n);
    const isRemoved = (n: number) => n % 3 === 0;
    for (const [n, id] of many.entries()) if (isRemoved(n)) marks.delete(id);
    expect(many.map((id) => marks.get(id))).toEqual(many.map((_, n) => (isRemoved(n) ? undefined : n)));
  });

  it('grow with what they hold, lose nothing on the way, and forget it in two turns', () => {
    const marks = new RecentMarks();
    const many = Array.from({ length: 20_000 }, (_, n) => timeUuid(1_777_629_600_000 + n, n % 10_000));
    for (const [n, id] of many.entries()) marks.set(id, n);
    expect(marks.youngCount).toBe(20_000);
    expect(many.every((id, n) => marks.get(id) === n)).toBe(true);
    marks.turn(KEPT);
    expect(marks.youngCount).toBe(0);
    expect(many.every((id, n) => marks.get(id) === n)).toBe(true);
    marks.turn(KEPT);
    expect(many.some((id) => marks.get(id) !== undefined)).toBe(false);
  });

  it('hold large generations, and a claim for as many turns as it takes', () => {
    const marks = new RecentMarks();
    marks.set(first, 500_000_000);
    expect(marks.get(first)).toBe(500_000_000);
    marks.set(first, KEPT);
    for (let turns = 0; turns < 5; turns++) marks.turn(KEPT);
    expect(marks.get(first)).toBe(KEPT);
  });
});
