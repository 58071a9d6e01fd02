import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { PathwaysConfigurationError } from '../errors/pathways-configuration.error.js';
import { ApiKeyCredential } from './api-key.credential.js';

describe('credential', () => {
  it.each([
    ['fc_ab12_s3cr3t', 'ApiKey ab12:fc_ab12_s3cr3t', 'api_key=fc_ab12_s3cr3t&api_key_id=ab12'],
    ['fc_ab12_s3_cr_3t', 'ApiKey ab12:fc_ab12_s3_cr_3t', 'api_key=fc_ab12_s3_cr_3t&api_key_id=ab12'],
    ['fc_', 'ApiKey fc_', 'api_key=fc_'],
    ['old+style/key=', 'ApiKey old+style/key=', 'api_key=old%2Bstyle%2Fkey%3D'],
  ])('of %s has the form each service expects', (key, rest, query) => {
    const credential = new ApiKeyCredential(key);
    expect(credential.rest).toBe(rest);
    expect(credential.query).toBe(query);
    expect(credential.bare).toBe(key);
  });

  it.each(['', 'fc_ab12_s3cr3t\n', 'two words', 'fc_ü_x'])(
    'refuses the key %j without repeating it',
    (key) => {
      const create = () => new ApiKeyCredential(key);
      expect(create).toThrow(PathwaysConfigurationError);
      expect(create).toThrow(/^(?!.*s3cr3t)/s);
    },
  );

  it('keeps the key out of logs', () => {
    const credential = new ApiKeyCredential('fc_ab12_s3cr3t');
    expect(inspect({ credential }, { depth: 9 })).not.toContain('s3cr3t');
    expect(JSON.stringify({ credential })).not.toContain('s3cr3t');
  });
});
