import 'reflect-metadata';
import { Type } from 'class-transformer';
import {
  IsBoolean,
  IsInt,
  IsNotEmpty,
  IsOptional,
  IsString,
  registerDecorator,
  useContainer,
  Validate,
  ValidateIf,
  ValidateNested,
  ValidatorConstraint,
  type ValidatorConstraintInterface,
} from 'class-validator';
import { afterEach, describe, expect, it } from 'vitest';
import { EventPayloadInvalidError } from '../errors/event-payload-invalid.error.js';
import { parserOf, issuesOf, pathsOf, Item } from './event-class.parser.spec-util.js';

describe('eventClassParser and groups', () => {
  class Account {
    @IsString({ groups: ['create'] }) name!: string;
    @IsInt({ groups: ['close'] }) reason!: number;
    @IsString({ always: true }) id!: string;
    @IsBoolean() flag!: boolean;
    @IsOptional({ always: true }) @ValidateNested({ always: true }) @Type(() => Item) item?: Item;
  }

  it('checks the given groups only', async () => {
    expect((await pathsOf(parserOf(Account, { groups: ['create'] })({}))).sort()).toEqual(['id', 'name']);
    expect((await pathsOf(parserOf(Account, { groups: ['close'] })({}))).sort()).toEqual(['id', 'reason']);
    await expect(parserOf(Account, { groups: ['create'] })({ id: 'a', name: 'b' })).resolves.toBeInstanceOf(
      Account,
    );
  });

  it('checks everything without groups, and with an empty list of them', async () => {
    const all = ['flag', 'id', 'name', 'reason'];
    expect((await pathsOf(parserOf(Account)({}))).sort()).toEqual(all);
    expect((await pathsOf(parserOf(Account, { groups: [] })({}))).sort()).toEqual(all);
  });

  it('accepts nested objects whose class has no check in the group', async () => {
    const payload = { id: 'a', name: 'b', item: { sku: 5 } };
    await expect(parserOf(Account, { groups: ['create'] })(payload)).resolves.toMatchObject(payload);
  });

  it('is not changed by a list of groups that changes later', async () => {
    const groups = ['create'];
    const parse = parserOf(Account, { groups });
    groups[0] = 'close';
    expect((await pathsOf(parse({}))).sort()).toEqual(['id', 'name']);
  });
});

describe('eventClassParser and conditions', () => {
  class Payment {
    @IsString() kind!: string;
    @ValidateIf((payment: Payment) => payment.kind === 'card') @IsNotEmpty() number?: string;
    @IsString({ validateIf: (payment: Payment) => payment.kind === 'iban' }) iban?: string;
  }

  it('checks a property only when its condition holds', async () => {
    const parse = parserOf(Payment);
    expect(await pathsOf(parse({ kind: 'card' }))).toEqual(['number']);
    expect(await pathsOf(parse({ kind: 'iban' }))).toEqual(['iban']);
    await expect(parse({ kind: 'cash' })).resolves.toBeInstanceOf(Payment);
  });
});

describe('eventClassParser and asynchronous validators', () => {
  let calls = 0;
  @ValidatorConstraint({ async: true })
  class IsKnown implements ValidatorConstraintInterface {
    async validate(value: unknown): Promise<boolean> {
      calls++;
      await Promise.resolve();
      return value === 'known';
    }
  }
  /** Says nothing about being asynchronous, which class-validator allows. */
  const IsSecretlyAsync = () => (target: object, propertyName: string) =>
    registerDecorator({
      target: target.constructor,
      propertyName,
      validator: {
        validate: (value: unknown) =>
          value === 'throw' ? Promise.reject(new Error('no database')) : Promise.resolve(value === 'known'),
      },
    });

  class Declared {
    @Validate(IsKnown) id!: string;
  }
  class Undeclared {
    @IsSecretlyAsync() id!: string;
  }

  it.each([
    ['declared', Declared],
    ['not declared', Undeclared],
  ])('waits for them, %s', async (_, eventClass) => {
    const parse = parserOf(eventClass);
    for (let round = 0; round < 3; round++) {
      expect(await pathsOf(parse({ id: 'other' }))).toEqual(['id']);
      await expect(parse({ id: 'known' })).resolves.toBeInstanceOf(eventClass);
    }
  });

  it('calls a declared one once per payload, because it may ask a database', async () => {
    calls = 0;
    await parserOf(Declared)({ id: 'known' });
    expect(calls).toBe(1);
  });

  it('passes on the error of a validator that could not answer: the payload may well be valid', async () => {
    await expect(parserOf(Undeclared)({ id: 'throw' })).rejects.toThrow('no database');
    await expect(parserOf(Undeclared)({ id: 'throw' })).rejects.not.toBeInstanceOf(EventPayloadInvalidError);
  });
});

describe('eventClassParser and custom validators', () => {
  @ValidatorConstraint({ name: 'inStock' })
  class InStock implements ValidatorConstraintInterface {
    constructor(private readonly stock: ReadonlySet<string>) {}
    validate(value: unknown): boolean {
      return this.stock.has(value as string);
    }
    defaultMessage(): string {
      return '$property $value is not in stock';
    }
  }
  class Purchase {
    @Validate(InStock) sku!: string;
  }

  afterEach(() => useContainer({ get: (type: new () => object) => new type() } as never));

  it('takes them out of the container of useContainer, whatever it holds at that time', async () => {
    let stock = new InStock(new Set(['apple']));
    useContainer({
      get: (type: unknown) => (type === InStock ? stock : new (type as new () => object)()),
    } as never);
    const parse = parserOf(Purchase);
    await expect(parse({ sku: 'apple' })).resolves.toBeInstanceOf(Purchase);
    expect(await issuesOf(parse({ sku: 'pear' }))).toEqual([
      { path: 'sku', message: 'sku pear is not in stock' },
    ]);
    stock = new InStock(new Set(['pear']));
    await expect(parse({ sku: 'pear' })).resolves.toBeInstanceOf(Purchase);
  });
});
