import { describe, expect, it, vi } from 'vitest';
import { AuditUserUnresolvedError } from '../errors/audit-user-unresolved.error.js';
import { WriteMetadataReservedError } from '../errors/write-metadata-reserved.error.js';
import { WriteOptionsInvalidError } from '../errors/write-options-invalid.error.js';
import type { AuditUser } from '../event/audit.js';
import {
  KEY,
  order,
  OrderPlaced,
  orders,
  SESSION_TTL_MS,
  writersUnderTest,
} from './pathway.writer.spec-util.js';
import { failureOf } from '../../test/support/failure-of.js';
import type { SessionUserResolverStore } from './session-user-resolver.store.js';
import type { UserResolver } from './user-resolver.interface.js';
import type { WriteOptions } from './write.options.js';

const open = writersUnderTest();
const ada: AuditUser = { entityType: 'user', entityId: 'ada' };
const key: AuditUser = { entityType: 'key', entityId: 'k-1' };
const failing: UserResolver = () => {
  throw new Error('the directory is down');
};
const AS_ADA = { 'audit/mode': 'user', 'audit/entity-type': 'user', 'audit/entity-id': 'ada' };
const AS_KEY = { 'audit/mode': 'user', 'audit/entity-type': 'key', 'audit/entity-id': 'k-1' };

/** A writer, and what is stored as metadata of a write with it. */
async function opened(setup: Parameters<typeof open>[0] = {}) {
  const parts = await open(setup);
  const written = async (options: WriteOptions = {}, metadata?: Record<string, unknown>) => {
    await parts.writer.write(OrderPlaced, {
      data: order(),
      options: { fireAndForget: true, ...options },
      ...(metadata ? { metadata } : {}),
    });
    return (await parts.platform.all('placed.0')).at(-1)?.metadata;
  };
  return { ...parts, written };
}

describe('whose deed a write is', () => {
  it('nobody said anything: the metadata is the caller’s, and the answer is there at once', async () => {
    const { written, metadata } = await opened();
    expect(await written()).toEqual({});
    expect(await written({ auditMode: 'system' }, { a: '1' })).toEqual({ a: '1' });
    const given = { a: '1' };
    expect(metadata.build(KEY, given, {})).toBe(given);
  });

  it.each<[string, UserResolver, object]>([
    ['at once', () => ada, AS_ADA],
    ['later', async () => key, AS_KEY],
    ['nobody', () => undefined, {}],
    ['nobody, later', async () => undefined, {}],
  ])('the resolver answers: %s', async (_, userResolver, expected) => {
    const { written } = await opened({ userResolver });
    expect(await written({}, { note: 'grün 🚀' })).toEqual({ note: 'grün 🚀', ...expected });
  });

  it('in system mode the application writes on behalf of the user', async () => {
    const { written } = await opened({ userResolver: () => key });
    expect(await written({ auditMode: 'system' })).toEqual({
      'audit/mode': 'system',
      'audit/entity-type': 'system',
      'audit/entity-id': 'system',
      'audit/on-behalf-of-type': 'key',
      'audit/on-behalf-of-id': 'k-1',
    });
  });

  it('the resolver is asked once per write, also for a batch, whose events all carry the user', async () => {
    const userResolver = vi.fn(() => ada);
    const { writer, platform } = await opened({ userResolver });
    const options = { fireAndForget: true };
    await writer.write(OrderPlaced, { batch: true, data: orders(60), options });
    const events = await platform.all('placed.0');
    expect(events.filter(({ metadata }) => metadata['audit/entity-id'] === 'ada')).toHaveLength(60);
    expect(userResolver).toHaveBeenCalledTimes(1);
  });

  it.each<[string, UserResolver]>([
    ['throws', failing],
    ['rejects', () => Promise.reject(new Error('the directory is down'))],
  ])('a resolver that %s refuses the write: nothing is stored without its user', async (_, userResolver) => {
    const { writer, local } = await opened({ userResolver });
    const error = await failureOf(writer.write(OrderPlaced, { data: order() }), AuditUserUnresolvedError);
    expect(error.message).toContain('audit.userResolver failed: the directory is down; nothing was sent');
    expect(error.cause).toBeInstanceOf(Error);
    expect(local.stats.requests).toEqual({});
  });

  it.each<[string, unknown, string]>([
    ['a type nobody knows', { entityType: 'robot', entityId: '1' }, 'entityType is "robot"'],
    ['the reserved system', { entityType: 'system', entityId: 'system' }, 'entityType is "system"'],
    ['no id', { entityType: 'user' }, 'entityId is undefined'],
    ['an empty id', { entityType: 'user', entityId: '' }, 'entityId is ""'],
    ['a number', { entityType: 'user', entityId: 7 }, 'entityId is number'],
    ['text', 'ada', 'entityType is undefined'],
  ])('an answer with %s refuses the write', async (_, answer, message) => {
    const { writer, local } = await opened({ userResolver: () => answer as AuditUser });
    const error = await failureOf(writer.write(OrderPlaced, { data: order() }), AuditUserUnresolvedError);
    expect(error.message).toContain(message);
    expect(local.stats.requests).toEqual({});
  });
});

describe('the session of a write', () => {
  it('travels with every event of it, also without a user', async () => {
    const { writer, platform } = await opened();
    const session = writer.session('s-1');
    expect(session.sessionId).toBe('s-1');
    const options = { fireAndForget: true };
    await session.write(OrderPlaced, { data: order(1), options, metadata: { a: 'b' } });
    await session.write(KEY, { batch: true, data: orders(2), options });
    const found = (await platform.all('placed.0')).map(({ metadata }) => metadata);
    expect(found).toEqual([
      { a: 'b', 'audit/session-id': 's-1' },
      { 'audit/session-id': 's-1' },
      { 'audit/session-id': 's-1' },
    ]);
  });

  it('gets a v4 UUID of its own when none is given', async () => {
    const { writer } = await opened();
    const ids = [writer.session().sessionId, writer.session().sessionId];
    expect(ids[0]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(new Set(ids).size).toBe(2);
  });

  it('one that a write names wins over that of the session, with its resolver', async () => {
    const { writer, platform } = await opened();
    writer.session('s-2').withUserResolver(() => key);
    const session = writer.session('s-1').withUserResolver(() => ada);
    const write = (sessionId?: string) =>
      session.write(OrderPlaced, { data: order(), options: { fireAndForget: true, sessionId } });
    await write('s-2');
    await write(undefined);
    expect((await platform.all('placed.0')).map(({ metadata }) => metadata)).toEqual([
      { ...AS_KEY, 'audit/session-id': 's-2' },
      { ...AS_ADA, 'audit/session-id': 's-1' },
    ]);
  });

  it('its resolver wins over the global one, and its "nobody" is an answer', async () => {
    const { writer, written } = await opened({ userResolver: () => key });
    writer.session('s-1').withUserResolver({ resolveUser: async () => ada });
    writer.session('s-2').withUserResolver(() => undefined);
    expect(await written({ sessionId: 's-1' })).toEqual({ ...AS_ADA, 'audit/session-id': 's-1' });
    expect(await written({ sessionId: 's-2' })).toEqual({ 'audit/session-id': 's-2' });
    expect(await written({ sessionId: 's-3' })).toEqual({ ...AS_KEY, 'audit/session-id': 's-3' });
    expect(await written()).toEqual(AS_KEY);
  });

  it('a failing resolver gives way to the global one, and somebody hears of it', async () => {
    const { writer, written, warnings, failedCallbacks } = await opened({ userResolver: () => key });
    writer.session('s-1').withUserResolver(failing);
    expect(await written({ sessionId: 's-1' })).toEqual({ ...AS_KEY, 'audit/session-id': 's-1' });
    expect(warnings).toEqual([expect.stringContaining('The user resolver of a session failed')]);
    expect(failedCallbacks).toEqual(['session user resolver']);
  });

  it('a failing resolver without a global one refuses the write', async () => {
    const { writer, local } = await opened();
    const session = writer.session('s-1').withUserResolver(failing);
    const error = await failureOf(session.write(OrderPlaced, { data: order() }), AuditUserUnresolvedError);
    expect(error.message).toContain('the user resolver of the session failed: the directory is down');
    expect(local.stats.requests).toEqual({});
  });

  it('its resolver lives for an hour after the last use, then the global one counts again', async () => {
    const { writer, written, clock } = await opened({ userResolver: () => key });
    const options = { sessionId: 's-1' };
    writer.session('s-1').withUserResolver(() => ada);
    for (let use = 0; use < 3; use++) {
      clock.advance(SESSION_TTL_MS - 1);
      expect(await written(options)).toMatchObject(AS_ADA);
    }
    clock.advance(SESSION_TTL_MS);
    expect(await written(options)).toMatchObject(AS_KEY);
  });

  it('an asynchronous store is waited for: no write overtakes the registration', async () => {
    const kept = new Map<string, UserResolver>();
    let register!: () => void;
    const sessionUserResolvers: SessionUserResolverStore = {
      get: async (sessionId) => kept.get(sessionId),
      set: (sessionId, resolver) =>
        new Promise((resolve) => {
          register = () => resolve(void kept.set(sessionId, resolver));
        }),
      delete: async (sessionId) => void kept.delete(sessionId),
    };
    const { writer, platform, local } = await opened({ sessionUserResolvers });
    const session = writer.session('s-1').withUserResolver(() => ada);
    const writing = session.write(OrderPlaced, { data: order(), options: { fireAndForget: true } });
    expect(local.stats.requests).toEqual({});
    register();
    await writing;
    expect((await platform.all('placed.0'))[0]?.metadata).toEqual({ ...AS_ADA, 'audit/session-id': 's-1' });
  });

  it('a store that fails refuses the write instead of losing its user', async () => {
    const down = () => Promise.reject(new Error('no store'));
    const { writer, local } = await opened({
      sessionUserResolvers: { get: down, set: down, delete: down },
      userResolver: () => key,
    });
    const session = writer.session('s-1').withUserResolver(() => ada);
    await expect(session.write(OrderPlaced, { data: order() })).rejects.toThrow('no store');
    const error = await failureOf(
      writer.write(OrderPlaced, { data: order(), options: { sessionId: 's-1' } }),
      AuditUserUnresolvedError,
    );
    expect(error.message).toContain('the store of session user resolvers failed: no store');
    expect(local.stats.requests).toEqual({});
  });
});

describe('the surroundings of a write', () => {
  it('name session and user of writes that name none; session resolvers win, the global one comes last', async () => {
    const { writer, metadata, written } = await opened({ userResolver: () => key });
    const request: { sessionId?: string; user?: AuditUser } = {};
    metadata.useContext({ sessionId: () => request.sessionId, user: () => request.user });
    expect(await written()).toEqual(AS_KEY);
    Object.assign(request, { sessionId: 's-1', user: ada });
    expect(await written()).toEqual({ ...AS_ADA, 'audit/session-id': 's-1' });
    expect(await written({ sessionId: 's-2' })).toEqual({ ...AS_ADA, 'audit/session-id': 's-2' });
    writer.session('s-1').withUserResolver(() => ({ entityType: 'key', entityId: 'k-2' }));
    expect(await written()).toMatchObject({ 'audit/entity-id': 'k-2', 'audit/session-id': 's-1' });
  });
});

describe('metadata that is not the caller’s to give', () => {
  it('every reserved key is named, and nothing is sent', async () => {
    const { writer, local } = await opened({ userResolver: () => ada });
    const metadata = { 'audit/entity-id': 'eve', note: 'x', 'pathways/anything': '1', audit: 'fine' };
    const error = await failureOf(
      writer.write(OrderPlaced, { data: order(), metadata }),
      WriteMetadataReservedError,
    );
    expect(error.reserved).toEqual(['audit/entity-id', 'pathways/anything']);
    expect(error.message).toContain('audit/entity-id, pathways/anything');
    expect(local.stats.requests).toEqual({});
  });

  it('the caller’s object stays as it is, and keys like __proto__ are keys', async () => {
    const { written } = await opened({ userResolver: () => ada });
    const metadata = Object.freeze(
      JSON.parse('{"__proto__":"x","constructor":"y"}') as Record<string, string>,
    );
    const stored = await written({ sessionId: 's' }, metadata);
    expect(Object.entries(stored ?? {})).toEqual([
      ['__proto__', 'x'],
      ['constructor', 'y'],
      ...Object.entries(AS_ADA),
      ['audit/session-id', 's'],
    ]);
    expect(Object.keys(metadata)).toEqual(['__proto__', 'constructor']);
  });
});

describe('options of one write', () => {
  it.each<[string, object, string]>([
    ['an unknown mode', { auditMode: 'sytem' }, `auditMode must be 'user' or 'system', not "sytem"`],
    ['an empty session', { sessionId: '' }, 'sessionId must be a non-empty string'],
    ['a session that is no text', { sessionId: 7 }, 'sessionId must be a non-empty string'],
    ['no time at all', { timeoutMs: 0 }, 'timeoutMs must be a number of milliseconds above 0, not 0'],
    ['a time that is no number', { timeoutMs: '5s' }, 'timeoutMs must be a number'],
    [
      'another API key',
      { headers: { Authorization: 'fc_x' } },
      'headers.Authorization belongs to the protocol',
    ],
    ['another length', { headers: { 'content-length': '1' } }, 'headers.content-length belongs'],
    ['metadata', { headers: { 'X-Flowcore-Metadata-Json': 'e30=' } }, 'Metadata-Json belongs'],
    [
      'a line break in a header',
      { headers: { 'x-a': 'b\r\nx-c: d' } },
      'headers.x-a must be text of one line',
    ],
    ['an emoji in a header', { headers: { 'x-a': '🚀' } }, 'headers.x-a must be text'],
    ['a header that is no text', { headers: { 'x-a': 7 } }, 'headers.x-a must be text'],
    ['a name that is none', { headers: { 'x a': 'b' } }, 'headers.x a is no name'],
  ])('%s is refused, and nothing is sent', async (_, options, message) => {
    const { writer, local } = await opened();
    const write = writer.write(OrderPlaced, { data: order(), options: options as WriteOptions });
    expect((await failureOf(write, WriteOptionsInvalidError)).message).toContain(message);
    expect(local.stats.requests).toEqual({});
  });
});
