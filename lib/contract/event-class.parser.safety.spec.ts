import 'reflect-metadata';
import { Transform, Type } from 'class-transformer';
import { IsArray, IsOptional, IsString, ValidateNested } from 'class-validator';
import { describe, expect, it } from 'vitest';
import { parserOf, issuesOf, pathsOf, Order, order } from './event-class.parser.spec-util.js';

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
