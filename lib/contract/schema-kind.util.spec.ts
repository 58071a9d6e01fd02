import { IsString } from 'class-validator';
import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { z as z3 } from 'zod';
import { z as z4 } from 'zod4';
import { hasValidatorMetadata, isClass, isStandardSchema } from './schema-kind.util.js';

class Plain {}
class Base {
  @IsString() text!: string;
}
class Derived extends Base {}
class Grouped {
  @IsString({ groups: ['create'] }) text!: string;
}

describe('isStandardSchema', () => {
  it('recognises zod 3, zod 4, valibot and schemas that are functions', () => {
    const callable = Object.assign(() => true, { '~standard': { validate: () => ({ value: 1 }) } });
    for (const schema of [z3.string(), z4.string(), v.string(), callable]) {
      expect(isStandardSchema(schema)).toBe(true);
    }
  });

  it.each([[undefined], [null], ['zod'], [{}], [{ '~standard': null }], [{ '~standard': {} }], [Plain]])(
    'refuses %j',
    (value) => expect(isStandardSchema(value)).toBe(false),
  );
});

describe('isClass', () => {
  it('accepts classes, also those compiled to functions', () => {
    expect(isClass(Plain)).toBe(true);
    // oxlint-disable-next-line prefer-arrow-callback -- what a compiler makes of a class for ES5
    expect(isClass(function Old() {})).toBe(true);
  });

  it('refuses functions that construct nothing', () => {
    for (const value of [() => 1, async () => 1, function* generate() {}, { method() {} }.method, {}, null]) {
      expect(isClass(value)).toBe(false);
    }
  });
});

describe('hasValidatorMetadata', () => {
  it('sees decorators of the class, of its ancestors and of any group', () => {
    expect([Base, Derived, Grouped].map(hasValidatorMetadata)).toEqual([true, true, true]);
    expect(hasValidatorMetadata(Plain)).toBe(false);
  });
});
