import { describe, expect, it } from 'vitest';
import { auditOf } from './audit.js';

describe('who wrote an event', () => {
  it.each<[string, Record<string, unknown>, object]>([
    ['nothing is known', {}, {}],
    [
      'a user, in a session',
      {
        'audit/mode': 'user',
        'audit/entity-type': 'key',
        'audit/entity-id': 'k-1',
        'audit/session-id': 's-1',
        note: 'x',
      },
      { mode: 'user', entityType: 'key', entityId: 'k-1', sessionId: 's-1' },
    ],
    [
      'the system for a user',
      {
        'audit/mode': 'system',
        'audit/entity-type': 'system',
        'audit/entity-id': 'system',
        'audit/on-behalf-of-type': 'user',
        'audit/on-behalf-of-id': 'ada',
      },
      {
        mode: 'system',
        entityType: 'system',
        entityId: 'system',
        onBehalfOf: { entityType: 'user', entityId: 'ada' },
      },
    ],
    [
      'values of another form',
      { 'audit/mode': 'root', 'audit/entity-type': 7, 'audit/entity-id': '', 'audit/on-behalf-of-id': 'ada' },
      {},
    ],
    ['a prototype that claims something', Object.create({ 'audit/entity-id': 'eve' }) as never, {}],
  ])('%s', (_, metadata, expected) => {
    expect(auditOf({ metadata })).toEqual(expected);
  });
});
