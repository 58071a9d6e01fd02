import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { PathwaysConfigurationError } from '../errors/pathways-configuration.error.js';
import { Authorization } from './authorization.js';

describe('authorization', () => {
  it.each([
    ['fc_ab12_s3cr3t', 'ApiKey ab12:fc_ab12_s3cr3t', 'api_key=fc_ab12_s3cr3t&api_key_id=ab12'],
    ['fc_ab12_s3_cr_3t', 'ApiKey ab12:fc_ab12_s3_cr_3t', 'api_key=fc_ab12_s3_cr_3t&api_key_id=ab12'],
    ['fc_', 'ApiKey fc_', 'api_key=fc_'],
    ['old+style/key=', 'ApiKey old+style/key=', 'api_key=old%2Bstyle%2Fkey%3D'],
  ])('of %s has the form each service expects', (key, rest, query) => {
    const authorization = new Authorization(key);
    expect(authorization.rest).toBe(rest);
    expect(authorization.query).toBe(query);
    expect(authorization.ingestion).toBe(key);
  });

  it.each(['', 'fc_ab12_s3cr3t\n', 'two words', 'fc_ü_x'])(
    'refuses the key %j without repeating it',
    (key) => {
      const create = () => new Authorization(key);
      expect(create).toThrow(PathwaysConfigurationError);
      expect(create).toThrow(/^(?!.*s3cr3t)/s);
    },
  );

  it('keeps the key out of logs', () => {
    const authorization = new Authorization('fc_ab12_s3cr3t');
    expect(inspect({ authorization }, { depth: 9 })).not.toContain('s3cr3t');
    expect(JSON.stringify({ authorization })).not.toContain('s3cr3t');
  });
});
