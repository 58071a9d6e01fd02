import { describe, expect, it } from 'vitest';
import { PathwaysConfigurationError } from '../../errors/pathways-configuration.error.js';
import { pathwaysEntities } from './entities.js';
import { TableNames } from './table-names.js';

const HOSTILE = [
  `x"; DROP TABLE users; --`,
  `x'; DROP TABLE users; --`,
  'with-hyphen',
  'with space',
  'with.dot',
  '1digit',
  'größe',
  'new\nline',
  'nul\0byte',
  42 as unknown as string,
  { toString: () => 'object' } as unknown as string,
];

describe.each([
  ['TableNames', (options: { statePrefix?: string; schema?: string }) => new TableNames(options)],
  ['pathwaysEntities', pathwaysEntities],
])('%s', (_name, make) => {
  it.each([...HOSTILE, '___', 'x'.repeat(41)])('refuses the prefix %j', (statePrefix) => {
    expect(() => make({ statePrefix })).toThrow(PathwaysConfigurationError);
    expect(() => make({ statePrefix })).toThrow(/statePrefix: must/);
  });

  it.each([...HOSTILE, '', 'x'.repeat(64)])('refuses the schema %j', (schema) => {
    expect(() => make({ schema })).toThrow(PathwaysConfigurationError);
    expect(() => make({ schema })).toThrow(/schema: must/);
  });
});

it('trailing underscores of a prefix become one, and no prefix is none', () => {
  expect(new TableNames({ statePrefix: 'svc___' }).sql('state')).toBe('"svc_pathway_state"');
  expect(new TableNames({ statePrefix: '' }).sql('state')).toBe('"pathway_state"');
  expect(new TableNames({ schema: 'Shop' }).sql('state')).toBe('"Shop"."pathway_state"');
});

it('names are folded as Postgres folds the unquoted ones of the reference client', () => {
  expect(new TableNames({ statePrefix: 'Svc' }).nameOf('pumpState')).toBe('svc_pathway_pump_state');
});
