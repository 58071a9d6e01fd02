import { describe, expect, it } from 'vitest';
import {
  either,
  flag,
  listOf,
  mapOf,
  oneOf,
  shape,
  text,
  wholeNumber,
  withMethods,
} from './option-check.util.js';

const messages = (problems: readonly { path: string; message: string }[]) =>
  problems.map(({ path, message }) => `${path}: ${message}`);

describe('kinds of values', () => {
  it.each([
    ['text', text, 'a', ['', '  ', 5, null, {}]],
    ['flag', flag, false, ['false', 0, null]],
    ['wholeNumber', wholeNumber(1), 5, ['5', 0, 1.5, Number.NaN, Infinity, null]],
    ['oneOf', oneOf('a', false), false, ['b', true, null]],
    ['listOf', listOf(text), ['a'], ['a', [], [''], [5]]],
    ['mapOf', mapOf(flag), { any: true }, [null, 'x', { any: 1 }]],
    ['withMethods', withMethods('load'), { load() {} }, [null, {}, { load: true }, 'x']],
  ] as const)('%s takes its own kind and refuses the others', (_, check, good, bad) => {
    expect(check(good, 'option')).toEqual([]);
    for (const value of bad) expect(check(value, 'option'), JSON.stringify(value)).not.toEqual([]);
  });
});

describe('shape', () => {
  const check = shape({
    tenant: text,
    requestTimeoutMs: wholeNumber(1),
    pump: shape({ bufferSize: wholeNumber(1) }),
  });

  it('reports every problem with its path', () => {
    expect(messages(check({ tenant: '', pump: { bufferSize: '5' } }, ''))).toEqual([
      'tenant: must be a non-empty string, not ""',
      'pump.bufferSize: must be a whole number from 1, not "5"',
    ]);
  });

  it.each([
    ['tennant', 'tenant'],
    ['Tenant', 'tenant'],
    ['requestTimeout', 'requestTimeoutMs'],
    ['requestTimeoutMS', 'requestTimeoutMs'],
  ])('%s is refused as %s misspelled', (key, meant) => {
    expect(messages(check({ [key]: 1 }, ''))).toEqual([`${key}: is not an option; did you mean ${meant}?`]);
  });

  it('a key like nothing known lists what there is', () => {
    expect(messages(check({ colour: 1 }, ''))).toEqual([
      'colour: is not an option. Known: tenant, requestTimeoutMs, pump',
    ]);
  });

  it('names of Object.prototype are not options', () => {
    expect(check({ constructor: 1 }, '')).toHaveLength(1);
    expect(check(JSON.parse('{"__proto__": {}}'), '')).toHaveLength(1);
  });

  it('undefined counts as not given', () => {
    expect(check({ tenant: undefined }, '')).toEqual([]);
  });
});

describe('either', () => {
  const check = either(oneOf(false), shape({ bufferSize: wholeNumber(1) }));

  it('names all kinds for a value of none', () => {
    expect(messages(check('false', 'pump'))).toEqual([
      'pump: must be one of false, or an object, not "false"',
    ]);
  });

  it('names the problem inside a value of the right kind', () => {
    expect(messages(check({ bufferSize: 0 }, 'pump'))).toEqual([
      'pump.bufferSize: must be a whole number from 1, not 0',
    ]);
  });
});
