import { describe, expect, it } from 'vitest';
import { copyPayload } from './payload-copy.util.js';

describe('copyPayload', () => {
  it('shares no plain object or array with the original', () => {
    const original = { list: [{ a: 1 }], nested: { deep: { b: 2 } } };
    const copy = copyPayload(original).payload as typeof original;
    expect(copy).toStrictEqual(original);
    copy.list[0]!.a = 9;
    copy.nested.deep.b = 9;
    copy.list.push({ a: 2 });
    expect(original).toEqual({ list: [{ a: 1 }], nested: { deep: { b: 2 } } });
  });

  it('keeps what holds its data elsewhere', () => {
    const original = { date: new Date(0), buffer: Buffer.from('a'), map: new Map([[1, {}]]), none: null };
    const copy = copyPayload(original).payload as typeof original;
    for (const key of Object.keys(original) as (keyof typeof original)[])
      expect(copy[key]).toBe(original[key]);
  });

  it('copies instances with their class, without calling setters', () => {
    class Money {
      set amount(_: number) {
        throw new Error('setter called');
      }
    }
    const money = Object.defineProperty(new Money(), 'amount', { value: 5, enumerable: true });
    const copy = copyPayload({ money }).payload as { money: Money };
    expect(copy.money).toBeInstanceOf(Money);
    expect(copy.money).not.toBe(money);
    expect({ ...copy.money }).toEqual({ amount: 5 });
  });

  it('puts keys of Object.prototype back into plain objects only', () => {
    class Typed {}
    const { payload, restore } = copyPayload({
      plain: { constructor: { a: 1 } },
      typed: { toString: 1 },
      gone: { valueOf: 1 },
    });
    expect(payload).toStrictEqual({ plain: {}, typed: {}, gone: {} });
    const transformed = { plain: {}, typed: new Typed(), gone: null };
    restore(transformed);
    expect({ ...transformed.plain }).toEqual({ constructor: { a: 1 } });
    expect(Object.keys(transformed.typed)).toEqual([]);
  });

  it('leaves own __proto__ keys out, on every level', () => {
    const { payload, restore } = copyPayload(
      JSON.parse(
        '{"__proto__":{"x":1},"a":[{"__proto__":{"x":1}}],"constructor":{"__proto__":{"x":1},"b":1}}',
      ),
    );
    restore(payload);
    expect(JSON.stringify(payload)).toBe('{"a":[{}],"constructor":{"b":1}}');
    expect((payload as { x?: unknown }).x).toBeUndefined();
  });
});
