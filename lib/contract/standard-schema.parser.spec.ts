import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { z as z3 } from 'zod';
import { z as z4 } from 'zod4';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import { EventPayloadInvalidError } from '../errors/event-payload-invalid.error.js';
import { standardSchemaParser } from './standard-schema.parser.js';

const KEY = 'order.0/order.placed.0';

const schemas: Record<string, StandardSchemaV1> = {
  'zod 3': z3.object({
    id: z3.string().min(1),
    items: z3.array(z3.object({ quantity: z3.number() })),
    at: z3.coerce.date().optional(),
  }),
  'zod 4': z4.object({
    id: z4.string().min(1),
    items: z4.array(z4.object({ quantity: z4.number() })),
    at: z4.coerce.date().optional(),
  }),
  valibot: v.object({
    id: v.pipe(v.string(), v.minLength(1)),
    items: v.array(v.object({ quantity: v.number() })),
    at: v.optional(
      v.pipe(
        v.string(),
        v.transform((text) => new Date(text)),
      ),
    ),
  }),
};

function issuesOf(parse: () => unknown) {
  try {
    parse();
  } catch (error) {
    if (!(error instanceof EventPayloadInvalidError)) throw error;
    return error.issues;
  }
  throw new Error('the payload was accepted');
}

describe.each(Object.entries(schemas))('standardSchemaParser with %s', (_, schema) => {
  const parse = standardSchemaParser(KEY, schema);

  it('answers at once with the transformed payload', () => {
    const payload = { id: 'a', items: [{ quantity: 1 }], at: '2026-01-02T03:04:05.000Z' };
    expect(parse(payload)).toEqual({ ...payload, at: new Date('2026-01-02T03:04:05.000Z') });
  });

  it('leaves the input as it was', () => {
    const payload = { id: 'a', items: [{ quantity: 1, extra: 1 }], at: '2026-01-02T03:04:05.000Z', extra: 1 };
    const before = structuredClone(payload);
    const parsed = parse(payload) as typeof payload;
    parsed.items[0]!.quantity = 9;
    expect(payload).toEqual(before);
  });

  it('reports every problem with its path', () => {
    const issues = issuesOf(() => parse({ id: '', items: [{ quantity: 1 }, {}, { quantity: 'x' }] }));
    expect(issues.map(({ path }) => path)).toEqual(['id', 'items[1].quantity', 'items[2].quantity']);
    for (const { message } of issues) expect(message).not.toBe('');
  });

  it.each([[null], [undefined], ['text'], [5]])('refuses %j', (payload) => {
    expect(issuesOf(() => parse(payload))[0]).toMatchObject({ path: '' });
  });

  it('changes no prototype through a __proto__ key', () => {
    const payload: unknown = JSON.parse(
      '{"id":"a","items":[{"quantity":1,"__proto__":{"hacked":1}}],"__proto__":{"hacked":1}}',
    );
    const parsed = parse(payload) as { hacked?: unknown; items: { hacked?: unknown }[] };
    expect(parsed.hacked).toBeUndefined();
    expect(parsed.items[0]!.hacked).toBeUndefined();
    expect(({} as { hacked?: unknown }).hacked).toBeUndefined();
  });
});

describe('standardSchemaParser', () => {
  it('waits for asynchronous schemas', async () => {
    const schema = z4.object({ id: z4.string().refine(async (id) => Promise.resolve(id === 'known')) });
    const parse = standardSchemaParser(KEY, schema);
    await expect(parse({ id: 'known' })).resolves.toEqual({ id: 'known' });
    await expect(parse({ id: 'other' })).rejects.toMatchObject({
      name: 'EventPayloadInvalidError',
      key: KEY,
      issues: [{ path: 'id' }],
    });
  });

  it('reads path segments that are objects, and issues without a path', () => {
    const schema: StandardSchemaV1 = {
      '~standard': {
        version: 1,
        vendor: 'test',
        validate: () => ({
          issues: [{ message: 'one', path: [{ key: 'items' }, { key: 0 }] }, { message: 'two' }],
        }),
      },
    };
    expect(issuesOf(() => standardSchemaParser(KEY, schema)({}))).toEqual([
      { path: 'items[0]', message: 'one' },
      { path: '', message: 'two' },
    ]);
  });

  it('calls validate as a method, for schemas that use this', () => {
    class Standard {
      readonly version = 1;
      readonly vendor = 'test';
      private readonly answer = 42;
      validate() {
        return { value: this.answer };
      }
    }
    expect(standardSchemaParser(KEY, { '~standard': new Standard() })({})).toBe(42);
  });
});
