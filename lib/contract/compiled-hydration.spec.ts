import 'reflect-metadata';
import { isDeepStrictEqual } from 'node:util';
import { Exclude, Expose, plainToInstance, Transform, Type } from 'class-transformer';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileHydration } from './compiled-hydration.js';
import { loadTransformerMetadata } from './event-class.packages.js';
import { copyPayload } from './payload-copy.util.js';

class Line {
  sku!: string;
  @Type(() => Number) quantity!: number;
  tags: string[] = ['default'];
  label(): string {
    return this.sku;
  }
}

class Address {
  street!: string;
  @Type(() => Address) next?: Address;
}

class Base {
  @Type(() => Date) at!: Date;
  hook = () => 'own function';
  get inherited(): unknown {
    return 1;
  }
  set inherited(value: unknown) {
    this.written = typeof value;
  }
  written?: string;
}

class Rich extends Base {
  id!: string;
  @Type(() => Line) lines!: Line[];
  @Type(() => Address) address!: Address;
  @Type(() => String) text!: string;
  @Type(() => Boolean) flag!: boolean;
  @Type(() => Date) dates!: Date[];
  @Type(({ object } = { object: {}, newObject: {}, property: '' }) => ('isLine' in object ? Line : Address))
  either!: Line | Address;
  @Type() self?: Address;
  plain?: unknown;
  summary(): string {
    return this.id;
  }
  get computed(): string {
    return 'computed';
  }
}

const json = fc.oneof(
  fc.jsonValue({ maxDepth: 1 }),
  fc.dictionary(
    fc.oneof(
      fc.string(),
      fc.constantFrom('then', 'length', '__proto__', 'street', 'next', 'sku', 'quantity'),
    ),
    fc.jsonValue({ maxDepth: 1 }),
  ),
);

const payloads = fc.dictionary(
  fc.constantFrom(
    ...['at', 'hook', 'inherited', 'written', 'id', 'lines', 'address', 'text', 'flag', 'dates', 'either'],
    ...[
      'isLine',
      'self',
      'plain',
      'summary',
      'computed',
      'unknown',
      'constructor',
      'toString',
      '__proto__',
      'then',
    ],
  ),
  fc.oneof(
    json,
    fc.array(json, { maxLength: 3 }),
    fc.constantFrom<unknown>(undefined, null, new Date(5), {
      street: 'a',
      next: { street: 'b', next: null },
    }),
    fc.constantFrom<unknown>([{ sku: 'a', quantity: '1', tags: [] }], [[{ sku: 1 }]], {
      constructor: 'Ferrari',
    }),
  ),
  { maxKeys: 6 },
);

const metadata = loadTransformerMetadata();

describe('compileHydration', () => {
  it('makes what plainToInstance makes of 20,000 payloads', () => {
    const hydrate = compileHydration(Rich, metadata);
    let compiled = 0;
    fc.assert(
      fc.property(payloads, (payload) => {
        const before = structuredClone(payload);
        const ours = hydrate(payload);
        if (!isDeepStrictEqual({ ...payload }, { ...before })) expect(payload).toEqual(before);
        if (!ours) return;
        compiled++;
        const theirs = withTransformer(payload) as { hook?: unknown };
        // Every instance has a function of its own there.
        Object.assign(theirs, { hook: (ours as { hook?: unknown }).hook });
        // `expect` alone would take ten times as long.
        if (!isDeepStrictEqual(ours, theirs)) expect(ours).toStrictEqual(theirs);
      }),
      { numRuns: 20_000 },
    );
    expect(compiled).toBeGreaterThan(5_000);
  }, 240_000);

  function withTransformer(payload: object): object {
    const copy = copyPayload(payload);
    const instance = plainToInstance(Rich, copy.payload as object);
    copy.restore(instance);
    return instance;
  }

  class Transformed {
    @Transform(() => 1) a?: number;
  }
  class Exposed {
    @Expose({ name: 'b' }) a?: number;
  }
  class Excluded {
    @Exclude() a?: number;
  }
  @Exclude()
  class ExcludedClass {
    a?: number;
  }
  class Mapped {
    @Type(() => Line) a?: Map<string, Line>;
  }
  class Chosen {
    @Type(() => Line, { discriminator: { property: 'kind', subTypes: [] } }) a?: Line;
  }
  class Descendant extends Transformed {}
  class Nested {
    @Type(() => Transformed) a?: Transformed;
  }

  it.each([
    [Transformed],
    [Exposed],
    [Excluded],
    [ExcludedClass],
    [Mapped],
    [Chosen],
    [Descendant],
    [Nested],
  ])('leaves %s to class-transformer', (eventClass) => {
    expect(compileHydration(eventClass, metadata)({ a: {} })).toBeUndefined();
  });

  it.each([[new Map()], [new Set()], [Buffer.from('a')], [Promise.resolve(1)], [/x/], [() => 1]])(
    'leaves a payload with %s to class-transformer',
    (plain) => {
      expect(compileHydration(Rich, metadata)({ plain })).toBeUndefined();
    },
  );

  it.each([[undefined], [null], [{}], [{ findTypeMetadata: () => undefined }]])(
    'leaves everything to class-transformer when its metadata looks like %j',
    (unknownShape) => {
      expect(compileHydration(Rich, unknownShape)({ id: 'a' })).toBeUndefined();
    },
  );
});
