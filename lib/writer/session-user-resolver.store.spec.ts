import { describe, expect, it } from 'vitest';
import { ControllableClock } from '../testing/controllable-clock.js';
import { MemorySessionUserResolverStore } from './session-user-resolver.store.js';

const ada = () => ({ entityType: 'user', entityId: 'ada' }) as const;
const bob = () => ({ entityType: 'user', entityId: 'bob' }) as const;

describe('session user resolvers in memory', () => {
  it('gives what was set last, and nothing for other sessions', () => {
    const store = new MemorySessionUserResolverStore();
    store.set('s-1', ada, 10);
    store.set('s-1', bob, 10);
    expect(store.get('s-1', 10)).toBe(bob);
    expect(store.get('s-2', 10)).toBeUndefined();
  });

  it('is over exactly at the end of its lifetime; every use begins it anew', () => {
    const clock = new ControllableClock(0);
    const store = new MemorySessionUserResolverStore({ clock });
    store.set('s-1', ada, 1_000);
    for (let use = 0; use < 5; use++) {
      clock.advance(999);
      expect(store.get('s-1', 1_000)).toBe(ada);
    }
    clock.advance(1_000);
    expect(store.get('s-1', 1_000)).toBeUndefined();
    expect(store.size).toBe(0);
  });

  it('a deleted session has none', () => {
    const store = new MemorySessionUserResolverStore();
    store.set('s-1', ada, 10);
    store.delete('s-1');
    expect(store.get('s-1', 10)).toBeUndefined();
  });

  it('a process that opens a session per request does not grow: the one unused for longest goes, and it is told', () => {
    const dropped: string[] = [];
    const store = new MemorySessionUserResolverStore({
      maxSessions: 3,
      onDropped: (sessionId) => void dropped.push(sessionId),
    });
    for (const sessionId of ['a', 'b', 'c']) store.set(sessionId, ada, 1_000);
    store.get('a', 1_000);
    store.set('d', ada, 1_000);
    store.set('e', ada, 1_000);
    expect(dropped).toEqual(['b', 'c']);
    expect(store.size).toBe(3);
    expect(store.get('a', 1_000)).toBe(ada);
  });

  it('sessions that are over make room without anybody being told', () => {
    const dropped: string[] = [];
    const clock = new ControllableClock(0);
    const store = new MemorySessionUserResolverStore({
      clock,
      maxSessions: 2,
      onDropped: (sessionId) => void dropped.push(sessionId),
    });
    store.set('a', ada, 1_000);
    store.set('b', ada, 1_000);
    clock.advance(1_000);
    store.set('c', ada, 1_000);
    expect(dropped).toEqual([]);
    expect(store.size).toBe(1);
  });
});
