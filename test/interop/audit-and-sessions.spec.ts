import { PathwayRouter as ReferenceRouter, PathwaysBuilder, SessionPathwayBuilder } from '@flowcore/pathways';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import {
  auditOf,
  createPathwayContract,
  PathwaysEngine,
  silentLogger,
  type AuditMode,
  type AuditUser,
  type FlowcoreEvent,
  type PathwayEvent,
} from 'nestjs-pathways';
import { startLocalFlowcore, type LocalFlowcore } from 'nestjs-pathways/local';

const KEY = 'order.0/placed.0';
const SECRET = 'shared-secret';
const schema = z.object({ orderId: z.string() });
const user: AuditUser = { entityType: 'user', entityId: 'ada 🚀' };
const key: AuditUser = { entityType: 'key', entityId: 'k-1' };
const down = () => Promise.reject(new Error('the directory is down'));

/** One write, as both clients are asked for it. */
interface Case {
  readonly globalUser?: () => Promise<AuditUser>;
  readonly sessionId?: string;
  readonly sessionUser?: () => Promise<AuditUser>;
  readonly auditMode?: AuditMode;
  readonly metadata?: Record<string, string>;
}

const CASES: [string, Case][] = [
  ['nobody', {}],
  ['nobody, with metadata', { metadata: { note: 'grün', 'correlation-id': 'c-1' } }],
  ['a user', { globalUser: async () => user }],
  ['a key, with metadata', { globalUser: async () => key, metadata: { note: 'x' } }],
  ['the system for a user', { globalUser: async () => user, auditMode: 'system' }],
  ['the system for a key', { globalUser: async () => key, auditMode: 'system' }],
  ['the system without a user', { auditMode: 'system' }],
  ['a session without a user', { sessionId: 's-1' }],
  ['a session, and a global user', { sessionId: 's-1', globalUser: async () => key }],
  [
    'a session with a user of its own',
    { sessionId: 's-1', sessionUser: async () => user, globalUser: async () => key },
  ],
  [
    'the system for the user of a session',
    { sessionId: 's-1', sessionUser: async () => user, auditMode: 'system' },
  ],
  [
    'a session whose resolver fails, and a global user',
    { sessionId: 's-1', sessionUser: down, globalUser: async () => key },
  ],
];

describe('audit and session metadata, side by side with the reference', () => {
  let local: LocalFlowcore;
  let engine: PathwaysEngine;
  /** What our handler gets. */
  let handled: PathwayEvent[];
  let audited: string[];

  beforeEach(async () => {
    local = await startLocalFlowcore();
    handled = [];
    audited = [];
  });
  afterEach(async () => {
    await engine.stop();
    await local.stop();
  });

  async function ours({ globalUser }: Case): Promise<PathwaysEngine> {
    engine = new PathwaysEngine({
      baseUrl: local.url,
      tenant: 'acme',
      dataCore: 'shop',
      logger: silentLogger,
      pump: { startFrom: 'beginning' },
      audit: {
        ...(globalUser ? { userResolver: globalUser } : {}),
        handler: (pathway, { eventId }) => void audited.push(`${pathway} ${eventId}`),
      },
    });
    engine.addContract(
      createPathwayContract(
        { flowType: 'order.0', eventType: 'placed.0', schema: schema as never },
        { declaredBy: 'test' },
      ),
    );
    engine.handlers.addHandler({
      pathway: KEY,
      where: 'Test.handle',
      invoke: (event) => void handled.push(event),
    });
    await engine.start();
    return engine;
  }

  function reference({ globalUser, sessionId, sessionUser }: Case) {
    const builder = new PathwaysBuilder({
      baseUrl: local.url,
      tenant: 'acme',
      dataCore: 'shop',
      apiKey: 'fc_id_secret',
      enableSessionUserResolvers: true,
    }).register({ flowType: 'order.0', eventType: 'placed.0', schema });
    // Without an audit handler the reference is not told of users at all in some of its versions.
    builder.withAudit(() => undefined);
    if (globalUser) builder.withUserResolver(globalUser);
    if (sessionId && sessionUser) builder.withSessionUserResolver(sessionId, sessionUser);
    return builder;
  }

  async function writtenByReference(given: Case): Promise<void> {
    const { sessionId, auditMode, metadata } = given;
    await reference(given).write(KEY, {
      data: { orderId: 'theirs' },
      ...(metadata ? { metadata } : {}),
      options: {
        fireAndForget: true,
        ...(sessionId ? { sessionId } : {}),
        ...(auditMode ? { auditMode } : {}),
      },
    });
  }

  async function writtenByUs({ sessionId, sessionUser, auditMode, metadata }: Case): Promise<void> {
    if (sessionId && sessionUser) engine.writer.session(sessionId).withUserResolver(sessionUser);
    await engine.writer.write(KEY, {
      data: { orderId: 'ours' },
      ...(metadata ? { metadata } : {}),
      options: { sessionId, auditMode },
    });
  }

  it.each(CASES)('%s: our handler sees the same keys, whoever wrote the event', async (_, given) => {
    await ours(given);
    await writtenByReference(given);
    await writtenByUs(given);
    await engine.pumps.drain();
    const [theirs, own] = handled;
    expect([theirs?.payload, own?.payload]).toEqual([{ orderId: 'theirs' }, { orderId: 'ours' }]);
    expect(own?.metadata).toEqual(theirs?.metadata);
    expect(own && auditOf(own)).toEqual(theirs && auditOf(theirs));
    expect(audited).toEqual([`${KEY} ${theirs?.eventId}`, `${KEY} ${own?.eventId}`]);
  });

  it('a session builder of the reference and a session of ours write the same, one by one and as a batch', async () => {
    await ours({});
    const sessionUser = async () => user;
    const theirs = new SessionPathwayBuilder(reference({}) as never, 's-7').withUserResolver(sessionUser);
    const own = engine.writer.session('s-7').withUserResolver(sessionUser);
    const options = { fireAndForget: true };
    const data = [{ orderId: '1' }, { orderId: '2' }, { orderId: '3' }];
    await theirs.write(KEY as never, { data: { orderId: '0' }, options } as never);
    await theirs.write(KEY as never, { batch: true, data, options } as never);
    await own.write(KEY, { data: { orderId: '0' }, options });
    await own.write(KEY, { batch: true, data, options });
    await engine.pumps.drain();
    expect(handled.map(({ payload }) => (payload as { orderId: string }).orderId).join('')).toBe('01230123');
    const expected = {
      'audit/mode': 'user',
      'audit/entity-type': 'user',
      'audit/entity-id': 'ada 🚀',
      'audit/session-id': 's-7',
    };
    expect(handled.map(({ metadata }) => metadata)).toEqual(Array.from({ length: 8 }, () => expected));
  });

  it('a session that a write of a session names wins in both', async () => {
    await ours({});
    const options = { fireAndForget: true, sessionId: 'other' };
    const theirs = new SessionPathwayBuilder(reference({}) as never, 's-7');
    expect(theirs.getSessionId()).toBe(engine.writer.session('s-7').sessionId);
    await theirs.write(KEY as never, { data: { orderId: '0' }, options } as never);
    await engine.writer.session('s-7').write(KEY, { data: { orderId: '1' }, options });
    await engine.pumps.drain();
    expect(handled.map((event) => auditOf(event).sessionId)).toEqual(['other', 'other']);
  });

  it.each(CASES)(
    '%s: written by us, the router and handler of the reference see what ours see',
    async (_, given) => {
      await ours(given);
      await writtenByUs(given);
      const stored = handled[0] as FlowcoreEvent;
      const seen: unknown[] = [];
      const auditedThere: unknown[] = [];
      const builder = reference({})
        .withAudit((path, event) => void auditedThere.push([path, event.metadata]))
        .handle(KEY, (event) => void seen.push([event.payload, event.metadata]));
      await new ReferenceRouter(builder as never, SECRET).processEvent(
        structuredClone(stored) as never,
        SECRET,
      );
      expect(seen).toEqual([[{ orderId: 'ours' }, stored.metadata]]);
      expect(auditedThere).toEqual([[KEY, stored.metadata]]);
    },
  );

  it('a batch written by us is handled by the reference in order, each event with its metadata', async () => {
    await ours({ globalUser: async () => key });
    const data = Array.from({ length: 40 }, (_item, at) => ({ orderId: String(at) }));
    const eventIds = await engine.writer.write(KEY, { batch: true, data, options: { sessionId: 's-1' } });
    const seen: unknown[] = [];
    const builder = reference({}).handle(KEY, ({ eventId, payload, metadata }) => {
      seen.push([eventId, payload, metadata]);
    });
    const router = new ReferenceRouter(builder as never, SECRET);
    for (const event of handled) await router.processEvent(structuredClone(event) as never, SECRET);
    const metadata = {
      'audit/mode': 'user',
      'audit/entity-type': 'key',
      'audit/entity-id': 'k-1',
      'audit/session-id': 's-1',
    };
    expect(seen).toEqual(eventIds.map((eventId, at) => [eventId, data[at], metadata]));
  });
});
