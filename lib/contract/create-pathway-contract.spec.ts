import { IsString } from 'class-validator';
import { describe, expect, it } from 'vitest';
import { z } from 'zod4';
import { PathwaysConfigurationError } from '../errors/pathways-configuration.error.js';
import { createPathwayContract } from './create-pathway-contract.js';

class Undecorated {
  text?: string;
}

class Decorated {
  @IsString() text!: string;
}

const NAMES = { flowType: 'order.0', eventType: 'order.placed.0' };
const create = (options: object, eventClass?: typeof Decorated | typeof Undecorated) =>
  createPathwayContract({ ...NAMES, ...options }, { declaredBy: 'class OrderPlaced', eventClass });

function problemsOf(options: unknown): Record<string, string> {
  try {
    createPathwayContract(options as never, { declaredBy: 'class OrderPlaced' });
  } catch (error) {
    if (!(error instanceof PathwaysConfigurationError)) throw error;
    return Object.fromEntries(error.problems.map(({ path, message }) => [path, message]));
  }
  return {};
}

describe('createPathwayContract', () => {
  it.each(['encrypted', 'outbox'])('refuses %s on a file pathway', (option) => {
    const options = { flowType: 'doc.0', eventType: 'doc.uploaded.0', isFilePathway: true, [option]: true };
    expect(() => createPathwayContract(options, { declaredBy: 'test' })).toThrow(
      new RegExp(`${option}: is not possible with isFilePathway: .*\\. (Encrypt|Write)`),
    );
  });

  it('applies every default', () => {
    expect(create({})).toEqual({
      key: 'order.0/order.placed.0',
      ...NAMES,
      declaredBy: 'class OrderPlaced',
      schema: undefined,
      parse: expect.any(Function),
      description: undefined,
      flowTypeDescription: undefined,
      writable: true,
      subscribe: true,
      handledElsewhere: undefined,
      pumpGroup: 'default',
      maxRetries: 3,
      retryDelayMs: 500,
      backoff: 'linear',
      handlerTimeoutMs: undefined,
      timeoutMs: undefined,
      orderBy: undefined,
      onExhausted: 'park',
      encrypted: false,
      isFilePathway: false,
    });
  });

  it('keeps what is given, zero and false included', () => {
    const orderBy = () => 'key';
    const given = {
      description: 'An order',
      flowTypeDescription: 'Orders',
      writable: false,
      subscribe: false,
      maxRetries: 0,
      retryDelayMs: 0,
      backoff: 'exponential',
      handlerTimeoutMs: 0,
      timeoutMs: 1,
      orderBy,
      onExhausted: 'halt',
    };
    expect(create(given)).toMatchObject(given);
  });

  it('trims the pump group, as the reference does', () => {
    expect(create({ pumpGroup: ' slow ' }).pumpGroup).toBe('slow');
  });

  it('takes options that are undefined as not given', () => {
    expect(create({ maxRetries: undefined, pumpGroup: undefined, schema: undefined })).toMatchObject({
      maxRetries: 3,
      pumpGroup: 'default',
    });
  });

  it('cannot be changed afterwards', () => {
    const contract = create({}) as { maxRetries: number };
    expect(() => (contract.maxRetries = 9)).toThrow(TypeError);
  });

  it('is not changed by options that change later', () => {
    const options = { ...NAMES, pumpGroup: 'one' };
    const contract = createPathwayContract(options, { declaredBy: 'x' });
    options.pumpGroup = 'two';
    expect(contract.pumpGroup).toBe('one');
  });

  it('reports every problem at once, each under its option', () => {
    const problems = problemsOf({
      flowType: 'order/0',
      writable: 'false',
      pumpGroup: ' ',
      maxRetries: 1.5,
      maxRetrys: 1,
      onExhausted: 'stop',
    });
    expect(Object.keys(problems).sort()).toEqual(
      ['eventType', 'flowType', 'maxRetries', 'maxRetrys', 'onExhausted', 'pumpGroup', 'writable'].sort(),
    );
    expect(problems.maxRetrys).toMatch(/not an option.*maxRetries/);
  });

  it.each([
    ['flowType', ''],
    ['flowType', '  '],
    ['flowType', ' order.0'],
    ['flowType', 5],
    ['eventType', 'a/b'],
    ['eventType', null],
    ['schema', {}],
    ['schema', () => true],
    ['schema', 'zod'],
    ['schema', Undecorated],
    ['description', 5],
    ['flowTypeDescription', null],
    ['writable', 'false'],
    ['writable', 0],
    ['subscribe', 'true'],
    ['pumpGroup', ''],
    ['pumpGroup', 5],
    ['maxRetries', -1],
    ['maxRetries', '3'],
    ['maxRetries', NaN],
    ['maxRetries', Infinity],
    ['retryDelayMs', -1],
    ['retryDelayMs', '500'],
    ['backoff', 'quadratic'],
    ['handlerTimeoutMs', -1],
    ['handlerTimeoutMs', Infinity],
    ['timeoutMs', '10'],
    ['orderBy', 'orderId'],
    ['onExhausted', 'skip'],
    ['isFilePathway', 'true'],
    ['whitelist', 'true'],
    ['whitelist', true],
    ['validationGroups', 'create'],
    ['validationGroups', [5]],
    ['validationGroups', ['create']],
    ['constructor', 1],
    ['toString', 1],
  ])('refuses %s: %j', (option, value) => {
    expect(Object.keys(problemsOf({ ...NAMES, [option]: value }))).toEqual([option]);
  });

  it.each([[undefined], [null], ['order'], [[]], [5]])('refuses %j as options', (options) => {
    expect(Object.keys(problemsOf(options))).toEqual(['options']);
  });

  it('names the declaring class in its error', () => {
    expect(() => create({ maxRetries: -1 })).toThrow(/@Pathway on class OrderPlaced.*\n.*maxRetries/);
  });

  it('refuses a whitelist that nothing would heed, because the schema is not an event class', () => {
    expect(() => create({ whitelist: true, schema: z.object({}) })).toThrow(
      /whitelist: needs an event class/,
    );
    expect(() => create({ whitelist: true }, Undecorated)).toThrow(/whitelist: needs an event class/);
    expect(() => create({ whitelist: true, validationGroups: ['a'] }, Decorated)).not.toThrow();
  });

  it('passes payloads through untouched, and uncopied, without a schema', () => {
    const payload = { any: { thing: 1 } };
    expect(create({}).parse(payload)).toBe(payload);
    expect(create({}, Undecorated).parse(payload)).toBe(payload);
    expect(create({}).parse(null)).toBe(null);
  });

  it('checks with the given schema rather than with the event class', () => {
    const contract = create({ schema: z.object({ id: z.number() }) }, Decorated);
    expect(contract.parse({ id: 1 })).toEqual({ id: 1 });
    expect(() => contract.parse({ text: 'a' })).toThrow(/id/);
  });

  it('checks with the event class when no schema is given', () => {
    expect(create({}, Decorated).parse({ text: 'a' })).toBeInstanceOf(Decorated);
    expect(create({ schema: Decorated }).parse({ text: 'a' })).toBeInstanceOf(Decorated);
  });
});
