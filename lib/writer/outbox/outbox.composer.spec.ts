import { describe, expect, it } from 'vitest';
import type { OutboxRow } from '../../state/outbox-store.interface.js';
import { composeGroups } from './outbox.composer.js';

const LIMITS = { events: 3, size: 1_000 };

/** Entries, written `pathway:key:payload`, with an id after `@` where one is given. */
function rows(...texts: string[]): OutboxRow[] {
  return texts.map((text, at) => {
    const [entry = '', idempotencyId] = text.split('@');
    const [eventType = '', orderKey = '', payload = String(at)] = entry.split(':');
    const headers = { metadata: {} };
    return {
      id: String(at),
      flowType: 'f',
      eventType,
      orderKey,
      payload,
      headers,
      attempts: 0,
      idempotencyId,
    };
  });
}

const groupsOf = (...texts: string[]) =>
  composeGroups(rows(...texts), LIMITS).map((group) => group.rows.map(({ id }) => Number(id)));

describe('requests made of outbox entries', () => {
  it('hold neighbours of one pathway, of one key and of several', () => {
    expect(groupsOf('p:a', 'p:a', 'p:b')).toEqual([[0, 1, 2]]);
  });

  it('never overtake an entry of their key', () => {
    expect(groupsOf('p:a', 'q:a', 'p:a', 'q:b')).toEqual([[0], [3]]);
    expect(groupsOf('p:a', 'q:b', 'p:b', 'p:c')).toEqual([[0, 3], [1]]);
  });

  it('are no larger than the platform allows', () => {
    expect(groupsOf('p:a', 'p:b', 'p:c', 'p:d', 'p:a')).toEqual([[0, 1, 2], [3]]);
    const large = 'x'.repeat(600);
    expect(groupsOf(`p:a:${large}1`, `p:b:${large}2`)).toEqual([[0], [1]]);
  });

  it('do not hold two equal payloads, whose claims would be one', () => {
    expect(groupsOf('p:a:same', 'p:b:same', 'p:c:other')).toEqual([[0], [1, 2]]);
  });

  it('keep entries apart that have different ids already', () => {
    expect(groupsOf('p:a@x', 'p:b@y', 'p:c@x', 'p:d')).toEqual([[0, 2], [1], [3]]);
  });
});
