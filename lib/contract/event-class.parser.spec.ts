import 'reflect-metadata';
import { Expose, Transform, Type } from 'class-transformer';
import { IsDate, IsOptional, IsString, ValidateNested } from 'class-validator';
import { describe, expect, it } from 'vitest';
import { eventClassParser } from './event-class.parser.js';
import { KEY, parserOf, issuesOf, pathsOf, Item, Order, order } from './event-class.parser.spec-util.js';

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
