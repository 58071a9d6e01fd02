import { data, FORGET, KEY, type Bench } from '../bench.js';
import { differs, ending, same, type Case } from '../case.js';
import { timeOf } from '../watch.js';

const SESSIONS = { enableSessionUserResolvers: true };
const user = (entityId: string) => async () => ({ entityType: 'user', entityId });
const write = { data, options: FORGET };

const audited = async (bench: Bench) =>
  (await bench.stored()).map(({ metadata }) => [metadata['audit/session-id'], metadata['audit/entity-id']]);

export const SESSION: readonly Case[] = [
  {
    what: 'the id of a session: the given one, or a v4 UUID of its own',
    async run(bench) {
      const own = bench.side.session(bench.orders()).getSessionId();
      return [
        bench.side.session(bench.orders(), 's-1').getSessionId(),
        /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(own),
      ];
    },
    outcome: same(['s-1', true]),
  },
  {
    what: 'every write of a session carries its id, also those of a batch',
    async run(bench) {
      const session = bench.side.session(bench.orders(), 's-1');
      await session.write(KEY, write);
      await session.write(KEY, { batch: true, data: [data, data], options: FORGET });
      return audited(bench);
    },
    outcome: same([
      ['s-1', undefined],
      ['s-1', undefined],
      ['s-1', undefined],
    ]),
  },
  {
    what: 'a session without a resolver has the user of the builder',
    async run(bench) {
      const builder = bench.orders().withUserResolver(user('global'));
      await bench.side.session(builder, 's-1').write(KEY, write);
      return audited(bench);
    },
    outcome: same([['s-1', 'global']]),
  },
  {
    what: 'a session with a resolver has its own user, also in a write that only names the session',
    async run(bench) {
      const builder = bench.orders({}, SESSIONS).withUserResolver(user('global'));
      await bench.side.session(builder, 's-1').withUserResolver(user('ada')).write(KEY, write);
      await builder.write(KEY, { data, options: { ...FORGET, sessionId: 's-1' } });
      return audited(bench);
    },
    outcome: same([
      ['s-1', 'ada'],
      ['s-1', 'ada'],
    ]),
  },
  {
    what: 'a write of a session that names another one',
    async run(bench) {
      const builder = bench.orders({}, SESSIONS).withSessionUserResolver('s-2', user('bob'));
      const session = bench.side.session(builder, 's-1').withUserResolver(user('ada'));
      await session.write(KEY, { data, options: { ...FORGET, sessionId: 's-2' } });
      return audited(bench);
    },
    outcome: same([['s-2', 'bob']]),
  },
  {
    what: 'a session whose resolver fails has the user of the builder',
    async run(bench) {
      const builder = bench.orders({}, SESSIONS).withUserResolver(user('global'));
      const session = bench.side
        .session(builder, 's-1')
        .withUserResolver(() => Promise.reject(new Error('down')));
      await ending(() => session.write(KEY, write));
      return audited(bench);
    },
    outcome: same([['s-1', 'global']]),
  },
  {
    what: 'the last resolver of a session counts',
    async run(bench) {
      const session = bench.side.session(bench.orders({}, SESSIONS), 's-1');
      await session.withUserResolver(user('ada')).withUserResolver(user('bob')).write(KEY, write);
      return audited(bench);
    },
    outcome: same([['s-1', 'bob']]),
  },
  {
    what: 'resolvers of sessions, when nothing was said of them',
    run: (bench) => ending(() => void bench.orders().withSessionUserResolver('s-1', user('ada'))),
    outcome: differs(
      {
        reference: 'refused',
        ours: 'done',
      },
      {
        reference: '`withSessionUserResolver` throws unless `enableSessionUserResolvers: true` was given.',
        ours: 'It works unless `enableSessionUserResolvers: false` was given.',
        why: 'Who calls it has asked for it.',
        option: { compatibility: 'reference' },
      },
    ),
  },
  {
    what: 'resolvers of sessions that are switched off',
    run: async (bench) => {
      const builder = bench.orders({}, { enableSessionUserResolvers: false });
      return [
        await ending(() => void builder.withSessionUserResolver('s-1', user('ada'))),
        await ending(() => void bench.side.session(builder, 's-1').withUserResolver(user('ada'))),
      ];
    },
    outcome: same(['refused', 'refused']),
  },
  {
    what: 'getSessionUserResolver of a session with a resolver, and of one without',
    async run(bench) {
      const ada = user('ada');
      const builder = bench.orders({}, SESSIONS).withSessionUserResolver('s-1', ada);
      return [builder.getSessionUserResolver('s-1') === ada, builder.getSessionUserResolver('s-2')];
    },
    outcome: same([true, undefined]),
  },
  {
    what: 'the resolver of a session, eleven seconds after it was given',
    async run(bench) {
      const time = timeOf(bench);
      const builder = bench.orders({}, SESSIONS).withSessionUserResolver('s-1', user('ada'));
      await time.pass(11_000);
      return typeof builder.getSessionUserResolver('s-1');
    },
    outcome: differs(
      {
        reference: 'undefined',
        ours: 'function',
      },
      {
        reference:
          'The user resolver of a session is forgotten 10 s after it was given; later writes carry no user of the session.',
        ours: 'It is kept for an hour after its last use (`sessionUserResolverTtlMs`).',
        why: 'Sessions last longer than ten seconds, and writes without their user are a hole in the audit.',
        option: { compatibility: 'reference' },
      },
    ),
  },
  {
    what: "a store of resolvers of one's own: what it is asked",
    async run(bench) {
      const calls: string[] = [];
      const kept = new Map<unknown, unknown>();
      const overrideSessionUserResolvers = {
        get(...given: unknown[]) {
          calls.push(['get', ...given].join(' '));
          return kept.get(given[0]);
        },
        set(id: string, resolver: unknown, ...more: unknown[]) {
          calls.push(['set', id, ...more].join(' '));
          kept.set(id, resolver);
        },
      };
      const builder = bench.orders({}, { ...SESSIONS, overrideSessionUserResolvers });
      await bench.side.session(builder, 's-1').withUserResolver(user('ada')).write(KEY, write);
      return [calls, await audited(bench)];
    },
    outcome: differs(
      {
        reference: [['set s-1 10000', 'get s-1'], [['s-1', 'ada']]],
        ours: [['set s-1 3600000', 'get s-1 3600000'], [['s-1', 'ada']]],
      },
      {
        reference: 'A store of resolvers of your own is called `set(id, resolver, 10000)` and `get(id)`.',
        ours: 'It is called `set(id, resolver, ttlMs)` and `get(id, ttlMs)`, with `sessionUserResolverTtlMs`.',
        why: 'The lifetime counts from the last use, so the store must learn of it at every use.',
      },
    ),
  },
  {
    what: "the lifetime that a store of one's own is told",
    async run(bench) {
      const told: unknown[] = [];
      const overrideSessionUserResolvers = {
        get: () => undefined,
        set: (_id: string, _resolver: unknown, ttlMs: unknown) => void told.push(ttlMs),
      };
      bench
        .orders({}, { ...SESSIONS, overrideSessionUserResolvers })
        .withSessionUserResolver('s-1', user('ada'));
      return told;
    },
    outcome: differs(
      { reference: [10_000], ours: [3_600_000] },
      {
        reference: 'Session resolvers live 10 s.',
        ours: 'They live an hour (`sessionUserResolverTtlMs`).',
        why: 'Sessions last longer than ten seconds.',
        option: { sessionUserResolverTtlMs: 10_000 },
      },
    ),
  },
  {
    what: 'a store of resolvers that answers later',
    async run(bench) {
      const kept = new Map<string, unknown>();
      const overrideSessionUserResolvers = {
        get: async (id: string) => kept.get(id),
        set: async (id: string, resolver: unknown) => void kept.set(id, resolver),
      };
      const builder = bench
        .orders({}, { ...SESSIONS, overrideSessionUserResolvers })
        .withUserResolver(user('global'));
      await ending(() => bench.side.session(builder, 's-1').withUserResolver(user('ada')).write(KEY, write));
      return audited(bench);
    },
    outcome: differs(
      { reference: [['s-1', 'global']], ours: [['s-1', 'ada']] },
      {
        reference:
          'A store of session resolvers that answers later (a promise) is used as if it had no resolver.',
        ours: 'Its answer is waited for.',
        why: 'Sessions that several processes share are kept in a database.',
      },
    ),
  },
];
