import 'reflect-metadata';
import { isDeepStrictEqual } from 'node:util';
import { plainToInstance, Type } from 'class-transformer';
import {
  Allow,
  getMetadataStorage,
  IsArray,
  IsBoolean,
  IsDate,
  IsDefined,
  IsEmail,
  IsEnum,
  IsIn,
  IsInt,
  IsNotEmpty,
  IsNumber,
  IsOptional,
  IsString,
  Length,
  Max,
  MaxLength,
  Min,
  MinLength,
  registerDecorator,
  validate,
  ValidateIf,
  ValidateNested,
} from 'class-validator';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileClassValidator, type CompiledValidatorOptions } from './compiled-class-validator.js';

const IsEven = (groups?: string[]) => (target: object, propertyName: string) =>
  registerDecorator({
    name: 'isEven',
    target: target.constructor,
    propertyName,
    ...(groups ? { options: { groups } } : {}),
    validator: { validate: (value: unknown) => typeof value !== 'number' || value % 2 === 0 },
  });

enum Kind {
  Shop = 'shop',
  Web = 'web',
}

class Line {
  @IsString() @Length(1, 4) sku!: string;
  @IsInt() @Min(1) @Max(10) quantity!: number;
  @IsOptional() @IsIn(['a', 'b', 1]) option?: unknown;
  @IsString({ each: true }) @MinLength(1, { each: true }) tags!: string[];
}

class Address {
  @IsString() @MinLength(2) @MaxLength(6) street!: string;
  @IsOptional() @ValidateNested() @Type(() => Address) next?: Address;
}

class Base {
  @IsString() @IsNotEmpty() id!: string;
  @IsOptional() @IsEmail() mail?: string;
}

class Rich extends Base {
  @IsNumber() total!: number;
  @IsBoolean() flag!: boolean;
  @IsEnum(Kind) kind!: Kind;
  @IsDefined() any: unknown;
  @IsOptional() @IsInt() @IsEven() count?: number;
  @IsArray() @ValidateNested({ each: true }) @Type(() => Line) lines!: Line[];
  @ValidateNested() @Type(() => Address) address!: Address;
  @ValidateIf((rich: Rich) => rich.flag) @IsString() reason?: string;
  @IsDate() @Type(() => Date) at!: Date;
  @Allow() free?: unknown;
  @IsOptional({ groups: ['extra'] }) @IsInt({ groups: ['extra'] }) @IsEven(['extra']) grouped?: number;
}

/** Mostly what a schema asks for, now and then something else: purely random payloads would all be invalid. */
const mostly = <T>(valid: fc.Arbitrary<T>) =>
  fc.oneof({ arbitrary: valid as fc.Arbitrary<unknown>, weight: 40 }, { arbitrary: junk, weight: 1 });

const junk: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(null, undefined, '', ' ', 0, -1, 1.5, NaN, true, 'shop', 'never', 1e21, '5'),
  fc.constantFrom<unknown>([], [null], [undefined], [[]], {}, { street: 5 }, [{ street: 'abc' }], [['a']]),
  fc.anything({ maxDepth: 2, maxKeys: 3 }),
);

const line = fc.record({
  sku: mostly(fc.string({ minLength: 1, maxLength: 4 })),
  quantity: mostly(fc.integer({ min: 1, max: 10 })),
  option: mostly(fc.constantFrom('a', 'b', 1, undefined, null)),
  tags: mostly(fc.array(mostly(fc.string({ minLength: 1, maxLength: 3 })), { maxLength: 3 })),
});

const { address } = fc.letrec((tie) => ({
  address: fc.record(
    {
      street: mostly(fc.string({ minLength: 2, maxLength: 6 })),
      next: fc.option(tie('address'), { depthSize: 'small', maxDepth: 3, nil: undefined }),
    },
    { requiredKeys: ['street'] },
  ),
}));

const rich = fc.record(
  {
    id: mostly(fc.string({ minLength: 1 })),
    mail: mostly(fc.constantFrom('a@example.com', undefined, null)),
    total: mostly(fc.float({ noNaN: true, noDefaultInfinity: true })),
    flag: mostly(fc.boolean()),
    kind: mostly(fc.constantFrom('shop', 'web')),
    any: mostly(fc.constantFrom<unknown>(0, '', {}, [])),
    count: mostly(fc.constantFrom(2, 4, undefined)),
    lines: mostly(fc.array(mostly(line), { maxLength: 3 })),
    address: mostly(address!),
    reason: mostly(fc.string()),
    at: mostly(fc.constantFrom<unknown>('2026-01-01', 5, new Date(0))),
    free: fc.anything({ maxDepth: 1 }),
    grouped: fc.constantFrom<unknown>(2, 4, 6, 8, 0, undefined, undefined, null, 3, 'x'),
    unknown: fc.constantFrom<unknown>(1, { a: 1 }),
  },
  { requiredKeys: ['id', 'total', 'flag', 'kind', 'any', 'lines', 'address', 'reason', 'at'] },
);

const variants: [string, CompiledValidatorOptions][] = [
  ['no options', { groups: undefined, whitelist: false }],
  ['whitelist', { groups: undefined, whitelist: true }],
  ['groups', { groups: ['extra'], whitelist: false }],
];

describe('the compiled validator, compared with class-validator', () => {
  it.each(variants)(
    'says the same about 34,000 payloads with %s',
    async (_, options) => {
      const isSurelyValid = compileClassValidator(getMetadataStorage(), options);
      const verdicts = { valid: 0, invalid: 0 };
      await fc.assert(
        fc.asyncProperty(rich, async (payload) => {
          const [ours, theirs] = [instanceOf(payload), instanceOf(payload)];
          if (!ours || !theirs) return;
          const errors = await validate(theirs, {
            whitelist: options.whitelist,
            ...(options.groups ? { groups: [...options.groups] } : {}),
          });
          const isValid = errors.length === 0;
          verdicts[isValid ? 'valid' : 'invalid']++;
          expect(isSurelyValid(ours)).toBe(isValid);
          if (isValid && !isDeepStrictEqual(ours, theirs)) expect(ours).toStrictEqual(theirs);
        }),
        { numRuns: 34_000 },
      );
      // A generator that makes only one kind of payload would prove nothing.
      expect(Math.min(verdicts.valid, verdicts.invalid)).toBeGreaterThan(1_500);
    },
    240_000,
  );

  function instanceOf(payload: object): object | undefined {
    try {
      return plainToInstance(Rich, payload);
    } catch {
      // Some of what `anything` makes is too odd for class-transformer.
      return undefined;
    }
  }
});

describe('compileClassValidator', () => {
  const compile = (options: Partial<CompiledValidatorOptions> = {}) =>
    compileClassValidator(getMetadataStorage(), { groups: undefined, whitelist: false, ...options });

  it('knows nothing about classes without decorators, which class-validator refuses', () => {
    expect(compile()(new (class Undecorated {})())).toBe(false);
    expect(compile()({})).toBe(false);
  });

  it('keeps no plan for payloads that carry a constructor of their own', () => {
    const isSurelyValid = compile();
    expect(isSurelyValid({ constructor: 'Ferrari' })).toBe(false);
    expect(isSurelyValid(Object.create(null) as object)).toBe(false);
  });

  it('leaves a validator that throws to class-validator', () => {
    class Throwing {
      @ValidateIf(() => {
        throw new Error('broken condition');
      })
      @IsString()
      text!: string;
    }
    expect(compile()(Object.assign(new Throwing(), { text: 'a' }))).toBe(false);
  });

  it('does not leave a rejected promise unhandled when it drops an asynchronous answer', async () => {
    const unhandled: unknown[] = [];
    const listener = (reason: unknown) => unhandled.push(reason);
    class Rejecting {
      text!: string;
    }
    registerDecorator({
      target: Rejecting,
      propertyName: 'text',
      validator: { validate: () => Promise.reject(new Error('dropped')) },
    });
    process.on('unhandledRejection', listener);
    try {
      expect(compile()(new Rejecting())).toBe(false);
      await new Promise((resolve) => setImmediate(resolve));
    } finally {
      process.off('unhandledRejection', listener);
    }
    expect(unhandled).toEqual([]);
  });
});
