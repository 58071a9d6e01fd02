import { describe, expect, it } from 'vitest';
import { PayloadNotJsonError } from '../errors/payload-not-json.error.js';
import { assertJsonPayload } from './json-payload.util.js';

const issuesOf = (payload: unknown, at?: number): string[] => {
  try {
    assertJsonPayload('order.0/placed.0', payload, at);
    return [];
  } catch (error) {
    if (!(error instanceof PayloadNotJsonError)) throw error;
    return error.issues.map(({ path, message }) => `${path}: ${message}`);
  }
};

function nested(levels: number): object {
  let value: object = {};
  for (let level = 0; level < levels; level++) value = { a: value };
  return value;
}

class Money {
  constructor(readonly cents: number) {}
  inEuro(): number {
    return this.cents / 100;
  }
}

describe('payloads that JSON carries', () => {
  const shared = { a: 1 };
  it.each([
    ['an empty object', {}],
    ['every kind of JSON', { a: null, b: [1, 'x', true, { c: [] }], d: -0.5, e: '' }],
    ['a key without a value', { note: undefined }],
    ['a date', { at: new Date(0) }],
    ['an instance with methods', { price: new Money(5) }],
    ['one object in two places', { a: shared, b: [shared, shared] }],
    ['something that writes itself', { id: { toJSON: () => 'x-1' } }],
    ['odd keys', JSON.parse('{"__proto__": {"a": 1}, "constructor": "x", "": 2}')],
    ['a thousand levels', nested(1_000)],
  ])('%s', (_what, payload) => {
    expect(issuesOf(payload)).toEqual([]);
  });

  it('a bigint that was taught to write itself', () => {
    const prototype = BigInt.prototype as unknown as { toJSON?: () => string };
    prototype.toJSON = () => 'big';
    try {
      expect(issuesOf({ n: 1n })).toEqual([]);
    } finally {
      delete prototype.toJSON;
    }
  });
});

describe('payloads that JSON changes or refuses', () => {
  const cyclic: { items: object[] } = { items: [] };
  cyclic.items.push({ parent: cyclic });
  it.each([
    ['a bigint', { lines: [{ n: 1 }, { n: 2n }] }, /^lines\[1\]\.n: is a bigint/],
    ['a cycle', cyclic, /^items\[0\]\.parent: is part of itself/],
    ['a function', { a: { run: () => 1 } }, /^a\.run: is a function/],
    ['a symbol', { a: Symbol('x') }, /^a: is a symbol/],
    ['NaN', { a: { 'b.c': NaN } }, /^a\["b\.c"\]: is NaN, which JSON stores as null/],
    ['infinity', { a: [-Infinity] }, /^a\[0\]: is -Infinity/],
    ['undefined in a list', { a: [1, undefined] }, /^a\[1\]: is undefined/],
    ['an invalid date', { at: new Date(NaN) }, /^at: is an invalid Date/],
    ['a Map', { m: new Map() }, /^m: is a Map, which JSON stores as \{\}/],
    ['a Set', { s: new Set([1]) }, /^s: is a Set/],
    ['nothing', undefined, /^: is missing, not an object/],
    ['a function itself', () => 1, /^: is a function/],
    ['null', null, /^: is null, not an object/],
    ['a list', [1], /^: is an array, not an object/],
    ['too many levels', nested(3_000), /is nested deeper than 2000 levels/],
  ])('%s is refused with its path', (_what, payload, issue) => {
    expect(issuesOf(payload).join('\n')).toMatch(issue);
  });

  it('a list with holes', () => {
    const list = [1];
    list.length = 3;
    list[2] = 5;
    expect(issuesOf({ list })).toEqual(['list: has holes, which JSON stores as null']);
  });

  it('every problem is named, in a batch with its place', () => {
    expect(issuesOf({ a: 1n, b: { c: NaN } }, 4)).toEqual([
      '[4].a: is a bigint; give it as a string, or as a number while it is a safe integer',
      '[4].b.c: is NaN, which JSON stores as null',
    ]);
  });

  it('a toJSON that throws', () => {
    const broken = {
      toJSON: () => {
        throw new RangeError('secret');
      },
    };
    expect(issuesOf({ a: broken })).toEqual(['a: its toJSON threw RangeError']);
  });
});
