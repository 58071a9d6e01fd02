import 'reflect-metadata';
import { Expose, Transform, Type } from 'class-transformer';
import {
  IsArray,
  IsBoolean,
  IsDate,
  IsInt,
  IsNotEmpty,
  IsNumber,
  IsOptional,
  IsString,
  Min,
  registerDecorator,
  useContainer,
  Validate,
  ValidateIf,
  ValidateNested,
  ValidatorConstraint,
  type ValidatorConstraintInterface,
} from 'class-validator';
import { afterEach, describe, expect, it } from 'vitest';
import { EventPayloadInvalidError, type PayloadIssue } from '../errors/event-payload-invalid.error.js';
import { eventClassParser, type EventClassParserOptions } from './event-class.parser.js';
import type { EventClass } from './pathway.options.js';

const KEY = 'order.0/order.placed.0';

const parserOf = (eventClass: EventClass, options: Partial<EventClassParserOptions> = {}) => {
  const parse = eventClassParser(KEY, eventClass, { whitelist: false, groups: undefined, ...options });
  return async (payload: unknown) => parse(payload);
};

async function issuesOf(parsing: Promise<unknown>): Promise<readonly PayloadIssue[]> {
  const error: unknown = await parsing.then(
    () => new Error('the payload was accepted'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof EventPayloadInvalidError)) throw error;
  expect(error.key).toBe(KEY);
  return error.issues;
}

const pathsOf = async (parsing: Promise<unknown>) => (await issuesOf(parsing)).map(({ path }) => path);

class Item {
  @IsString() sku!: string;
  @IsInt() @Min(1) quantity!: number;
}

class Order {
  @IsString() orderId!: string;
  @IsNumber() total!: number;
  @IsArray() @ValidateNested() @Type(() => Item) items!: Item[];
  @IsOptional() @IsString() note?: string;

  summary(): string {
    return `${this.orderId}: ${this.items.length}`;
  }
}

const order = () => ({ orderId: 'o-1', total: 10, items: [{ sku: 'a', quantity: 1 }] });

describe('eventClassParser', () => {
  it('hands out an instance with its methods, nested classes included', async () => {
    const parsed = (await parserOf(Order)(order())) as Order;
    expect(parsed).toBeInstanceOf(Order);
    expect(parsed.items[0]).toBeInstanceOf(Item);
    expect(parsed.summary()).toBe('o-1: 1');
  });

  it('answers at once for a valid payload, without a promise per event', () => {
    const parse = eventClassParser(KEY, Order, { whitelist: false, groups: undefined });
    expect(parse(order())).toBeInstanceOf(Order);
  });

  it('reports every problem of every level with its path', async () => {
    const payload = {
      total: 'x',
      items: [{ sku: 'a', quantity: 0.5 }, { quantity: 1 }, null, 'text'],
      note: 5,
    };
    const issues = await issuesOf(parserOf(Order)(payload));
    expect(issues.map(({ path }) => path).sort()).toEqual(
      [
        'orderId',
        'total',
        'items[0].quantity',
        'items[0].quantity',
        'items[1].sku',
        'items[2]',
        'items[3]',
        'note',
      ].sort(),
    );
    const quantity = issues.filter(({ path }) => path === 'items[0].quantity').map(({ message }) => message);
    expect(quantity).toContain('quantity must be an integer number');
    expect(quantity).toContain('quantity must not be less than 1');
  });

  it.each([[null], [undefined], ['text'], [5], [true], [[]], [[{}]]])(
    'refuses %j as no object',
    async (payload) => {
      expect(await issuesOf(parserOf(Order)(payload))).toEqual([
        { path: '', message: expect.stringMatching(/^must be an object, not /) },
      ]);
    },
  );

  it('keeps keys the class does not declare', async () => {
    const parsed = await parserOf(Order)({ ...order(), extra: { deep: [1, { a: null }] } });
    expect(parsed).toMatchObject({ extra: { deep: [1, { a: null }] } });
  });

  it('drops undeclared keys on every level with whitelist', async () => {
    const payload = { ...order(), extra: 1, items: [{ sku: 'a', quantity: 1, extra: 1 }] };
    const parsed = await parserOf(Order, { whitelist: true })(payload);
    expect(parsed).toEqual(
      Object.assign(new Order(), order(), { items: [Object.assign(new Item(), order().items[0])] }),
    );
    expect(payload).toHaveProperty('extra');
    expect(payload.items[0]).toHaveProperty('extra');
  });

  it('accepts an instance of the class, as a writer hands it over, and returns another one', async () => {
    const instance = Object.assign(new Order(), order());
    const parsed = await parserOf(Order)(instance);
    expect(parsed).toBeInstanceOf(Order);
    expect(parsed).not.toBe(instance);
    expect(parsed).toMatchObject(order());
  });
});

describe('eventClassParser leaves its input alone', () => {
  class Dog {
    @IsString() bark!: string;
  }
  class Cat {
    @IsString() meow!: string;
  }
  class Owner {
    @ValidateNested()
    @Type(() => Dog, {
      discriminator: {
        property: 'kind',
        subTypes: [
          { name: 'dog', value: Dog },
          { name: 'cat', value: Cat },
        ],
      },
    })
    pets!: (Dog | Cat)[];
    @ValidateNested()
    @Type(() => Dog, { discriminator: { property: 'kind', subTypes: [{ name: 'cat', value: Cat }] } })
    favourite!: Dog | Cat;
  }
  class Nosy {
    @Transform(({ obj, value }: { obj: { list: unknown[] }; value: unknown }) => {
      obj.list.push('changed');
      return value;
    })
    @IsString()
    text!: string;
    @IsArray() list!: unknown[];
  }

  it('when class-transformer removes discriminators', async () => {
    const payload = {
      pets: [
        { kind: 'dog', bark: 'wau' },
        { kind: 'cat', meow: 'miau' },
      ],
      favourite: { kind: 'cat', meow: 'miau' },
    };
    const before = structuredClone(payload);
    const parsed = (await parserOf(Owner)(payload)) as Owner;
    expect(parsed.pets.map((pet) => pet.constructor)).toEqual([Dog, Cat]);
    expect(parsed.favourite).toBeInstanceOf(Cat);
    expect(payload).toEqual(before);
  });

  it('when a @Transform changes what it sees', async () => {
    const payload = { text: 'a', list: [1] };
    await parserOf(Nosy)(payload);
    expect(payload).toEqual({ text: 'a', list: [1] });
  });

  it('when a handler changes what it got', async () => {
    const payload = { ...order(), extra: { deep: [1] } };
    const before = structuredClone(payload);
    const parsed = (await parserOf(Order)(payload)) as typeof payload;
    parsed.items[0]!.sku = 'changed';
    parsed.extra.deep.push(2);
    expect(payload).toEqual(before);
  });

  it('when it is frozen through and through', async () => {
    const payload = Object.freeze({
      ...order(),
      items: Object.freeze([Object.freeze({ sku: 'a', quantity: 1 })]),
    });
    await expect(parserOf(Order, { whitelist: true })(payload)).resolves.toMatchObject(order());
  });
});

describe('eventClassParser and hostile or odd keys', () => {
  class Free {
    @IsString() text!: string;
    @IsOptional() data?: Record<string, unknown>;
    greet(): string {
      return 'hello';
    }
    get size(): number {
      return 1;
    }
  }
  /** Uses `@Transform`, so that class-transformer itself does the work. */
  class Transformed extends Free {
    @Transform(({ value }: { value: unknown }) => value)
    @IsOptional()
    other?: unknown;
    override get size(): number {
      return 1;
    }
  }

  describe.each([
    ['compiled', Free],
    ['by class-transformer', Transformed],
  ])('%s', (_, eventClass) => {
    const parse = parserOf(eventClass) as (payload: unknown) => Promise<Free>;

    it('changes no prototype through __proto__ or constructor.prototype', async () => {
      const payload: unknown = JSON.parse(
        `{"text":"a","__proto__":{"hacked":1},"constructor":{"prototype":{"hacked":1}},
          "data":{"__proto__":{"hacked":1},"list":[{"__proto__":{"hacked":1}}],"constructor":{"prototype":{"hacked":1}}}}`,
      );
      const parsed = await parse(payload);
      const places = [
        {},
        Object,
        parsed,
        parsed.data,
        (parsed.data as { list: unknown[] }).list[0],
        eventClass,
      ];
      for (const place of places) expect((place as { hacked?: unknown }).hacked).toBeUndefined();
      expect(Object.getPrototypeOf(parsed)).toBe(eventClass.prototype);
      expect(Object.getPrototypeOf(parsed.data)).toBe(Object.prototype);
      expect(Object.keys(parsed.data!)).not.toContain('__proto__');
      expect(parsed.constructor).toBe(eventClass);
    });

    it('keeps keys such as constructor in the parts without a class, where they are only data', async () => {
      const data = {
        constructor: 'Ferrari',
        toString: 'x',
        nested: [{ constructor: null, hasOwnProperty: 1 }],
      };
      const parsed = await parse({ text: 'a', data });
      expect({ ...parsed.data }).toEqual({ ...data });
    });

    it('does not let a payload replace methods and accessors', async () => {
      const parsed = await parse({ text: 'a', greet: 'x', size: 9, toString: 'y', constructor: 'z' });
      expect(parsed.greet()).toBe('hello');
      expect(parsed.size).toBe(1);
      expect(typeof parsed.toString).toBe('function');
      expect(parsed.constructor).toBe(eventClass);
    });

    it('refuses a payload that contains itself instead of ending the process', async () => {
      const payload: Record<string, unknown> = { text: 'a' };
      payload.data = { payload };
      expect(await issuesOf(parse(payload))).toEqual([
        { path: '', message: expect.stringContaining(`cannot be made an instance of ${eventClass.name}`) },
      ]);
    });

    it('refuses endlessly deep payloads instead of ending the process', async () => {
      let data: unknown = {};
      for (let depth = 0; depth < 100_000; depth++) data = { data };
      expect(await pathsOf(parse({ text: 'a', data }))).toEqual(['']);
    });
  });
});

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

describe('eventClassParser and inheritance, dates, maps, renamed keys', () => {
  class Base {
    @IsString() id!: string;
  }
  class Shipment extends Base {
    @IsDate() @Type(() => Date) at!: Date;
    @IsOptional() @ValidateNested() @Type(() => Item) byName?: Map<string, Item>;
  }
  class Renamed {
    @Expose({ name: 'order_id' }) @IsString() orderId!: string;
  }

  it('checks what the ancestors declare', async () => {
    expect((await pathsOf(parserOf(Shipment)({ at: 'never' }))).sort()).toEqual(['at', 'id']);
  });

  it('makes dates', async () => {
    const parsed = (await parserOf(Shipment)({ id: 'a', at: '2026-01-02T03:04:05.000Z' })) as Shipment;
    expect(parsed.at).toEqual(new Date('2026-01-02T03:04:05.000Z'));
  });

  it('makes maps and names their keys in paths', async () => {
    const payload = {
      id: 'a',
      at: 0,
      byName: { apple: { sku: 'a', quantity: 1 }, pear: { sku: 1, quantity: 1 } },
    };
    expect(await pathsOf(parserOf(Shipment)(payload))).toEqual(['byName.pear.sku']);
    payload.byName.pear.sku = 'p' as never;
    const parsed = (await parserOf(Shipment)(payload)) as Shipment;
    expect(parsed.byName?.get('pear')).toBeInstanceOf(Item);
  });

  it('heeds @Expose names', async () => {
    await expect(parserOf(Renamed)({ order_id: 'a' })).resolves.toMatchObject({ orderId: 'a' });
  });
});

describe('eventClassParser and classes that are declared wrongly', () => {
  class Untyped {
    @ValidateNested() item!: Item;
  }
  class Failing {
    @IsString() text: string;
    constructor(source: { text: string }) {
      this.text = source.text;
    }
  }
  class Shouting {
    @Transform(({ value }: { value: string }) => value.toUpperCase()) @IsString() text!: string;
  }

  it('refuses nested objects without @Type instead of letting them pass unchecked', async () => {
    expect(await issuesOf(parserOf(Untyped)({ item: { sku: 5 } }))).toEqual([
      { path: 'item', message: expect.stringContaining('@Type') },
    ]);
  });

  it('says which class could not be constructed, and why', async () => {
    expect(await issuesOf(parserOf(Failing)({ text: 'a' }))).toEqual([
      { path: '', message: expect.stringMatching(/cannot be made an instance of Failing: .*text/) },
    ]);
  });

  it('takes a @Transform that throws as a problem of the payload', async () => {
    expect(await pathsOf(parserOf(Shouting)({ text: 5 }))).toEqual(['']);
    await expect(parserOf(Shouting)({ text: 'a' })).resolves.toMatchObject({ text: 'A' });
  });
});
