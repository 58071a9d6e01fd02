import { setImmediate as turn } from 'node:timers/promises';
import * as reference from '@flowcore/pathways';
import * as ours from 'nestjs-pathways/builder';
import { data, FORGET, KEY } from '../bench.js';
import { differs, ending, same, type Case } from '../case.js';

const ada = { entityType: 'user', entityId: 'ada' };
const someKey = { entityType: 'key', entityId: 'k-1' };

export const AUDIT: readonly Case[] = [
  {
    what: 'names of the metadata keys and their values, for handlers that read them',
    async run({ side }) {
      const all: Record<string, unknown> = side.name === 'reference' ? { ...reference } : { ...ours };
      const names = Object.keys(reference).filter((name) => name.startsWith('AUDIT_'));
      return names.map((name) => `${name} ${String(all[name])}`);
    },
    outcome: same([
      'AUDIT_ENTITY_ID audit/entity-id',
      'AUDIT_ENTITY_TYPE audit/entity-type',
      'AUDIT_KEY_ENTITY_TYPE key',
      'AUDIT_MODE audit/mode',
      'AUDIT_ON_BEHALF_OF_ID audit/on-behalf-of-id',
      'AUDIT_ON_BEHALF_OF_TYPE audit/on-behalf-of-type',
      'AUDIT_SESSION_ID audit/session-id',
      'AUDIT_SYSTEM_MODE system',
      'AUDIT_USER_ENTITY_TYPE user',
      'AUDIT_USER_MODE user',
    ]),
  },
  {
    what: 'an audit handler gets the pathway and the event',
    async run(bench) {
      const told: unknown[] = [];
      const event = bench.event();
      await bench
        .orders()
        .withAudit(
          (...given) =>
            void told.push(given.length, given[0], given[1].eventId === event.eventId, given[1].payload),
        )
        .process(KEY, event);
      return told;
    },
    outcome: same([2, KEY, true, data]),
  },
  {
    what: 'the audit handler comes before observers and handler, once for all attempts',
    async run(bench) {
      const told: string[] = [];
      await bench
        .orders({ maxRetries: 1, retryDelayMs: 1 })
        .subscribe(KEY, () => void told.push('before'))
        .handle(KEY, () => {
          told.push('handler');
          if (told.length === 3) throw new Error('broken');
        })
        .withAudit(() => void told.push('audit'))
        .process(KEY, bench.event());
      return told;
    },
    outcome: same(['audit', 'before', 'handler', 'handler']),
  },
  {
    what: 'an audit handler that throws: the event',
    async run(bench) {
      const handled: unknown[] = [];
      const builder = bench
        .orders()
        .withAudit(() => {
          throw new Error('broken');
        })
        .handle(KEY, (event) => void handled.push(event));
      return [await ending(() => builder.process(KEY, bench.event())), handled.length];
    },
    outcome: differs(
      { reference: ['refused', 0], ours: ['done', 1] },
      {
        reference:
          'What an audit handler throws fails the event before its handler runs; it is not tried again.',
        ours: 'It is logged and counted; the event is handled.',
        why: 'Looking at events must not break them.',
      },
    ),
  },
  {
    what: 'an audit handler that works on: the handler does not wait',
    async run(bench) {
      const told: string[] = [];
      await bench
        .orders()
        .withAudit(async () => {
          for (let n = 0; n < 50; n++) await turn();
          told.push('audit');
        })
        .handle(KEY, () => void told.push('handler'))
        .process(KEY, bench.event());
      return told[0];
    },
    outcome: same('handler'),
  },
  {
    what: 'a second audit handler',
    async run(bench) {
      const told: string[] = [];
      await bench
        .orders()
        .withAudit(() => void told.push('first'))
        .withAudit(() => void told.push('second'))
        .process(KEY, bench.event());
      return told;
    },
    outcome: differs(
      { reference: ['second'], ours: ['first', 'second'] },
      {
        reference: 'A second `withAudit` replaces the first.',
        ours: 'All audit handlers are told, in order.',
        why: 'Parts of an application can audit on their own.',
      },
    ),
  },
  {
    what: 'an event that does not match is not audited',
    async run(bench) {
      const told: unknown[] = [];
      const builder = bench.orders().withAudit((pathway) => void told.push(pathway));
      await ending(() => builder.process(KEY, bench.event({ orderId: 7 })));
      return told;
    },
    outcome: same([]),
  },
  {
    what: "keys of a user's write, of a key's, of the system's",
    async run(bench) {
      const builder = bench.orders().withAudit(() => {});
      await builder.withUserResolver(async () => ada).write(KEY, { data, options: FORGET });
      await builder.withUserResolver(async () => someKey).write(KEY, { data, options: FORGET });
      await builder.write(KEY, { data, options: { ...FORGET, auditMode: 'system' } });
      return (await bench.stored()).map(({ metadata }) => metadata);
    },
    outcome: same([
      { 'audit/mode': 'user', 'audit/entity-type': 'user', 'audit/entity-id': 'ada' },
      { 'audit/mode': 'user', 'audit/entity-type': 'key', 'audit/entity-id': 'k-1' },
      {
        'audit/mode': 'system',
        'audit/entity-type': 'system',
        'audit/entity-id': 'system',
        'audit/on-behalf-of-type': 'key',
        'audit/on-behalf-of-id': 'k-1',
      },
    ]),
  },
  {
    what: 'a user resolver without an audit handler',
    async run(bench) {
      await bench
        .orders()
        .withUserResolver(async () => ada)
        .write(KEY, { data, options: FORGET });
      return (await bench.stored()).map(({ metadata }) => metadata);
    },
    outcome: same([{ 'audit/mode': 'user', 'audit/entity-type': 'user', 'audit/entity-id': 'ada' }]),
  },
  {
    what: 'a batch: every event carries the user, who is asked once',
    async run(bench) {
      let asked = 0;
      await bench
        .orders()
        .withUserResolver(async () => {
          asked += 1;
          return ada;
        })
        .write(KEY, { batch: true, data: [data, data], options: FORGET });
      return [asked, (await bench.stored()).map(({ metadata }) => metadata['audit/entity-id'])];
    },
    outcome: same([1, ['ada', 'ada']]),
  },
  {
    what: 'a user resolver that knows nobody',
    async run(bench) {
      const builder = bench.orders().withUserResolver(async () => undefined);
      const ended = await ending(() => builder.write(KEY, { data, options: FORGET }));
      return [ended === 'refused', (await bench.stored()).map(({ metadata }) => metadata)];
    },
    outcome: same([false, [{}]]),
  },
  {
    what: 'a user resolver that fails',
    async run(bench) {
      const builder = bench
        .orders()
        .withUserResolver(() => Promise.reject(new Error('the directory is down')));
      const ended = await ending(() => builder.write(KEY, { data, options: FORGET }));
      return [ended === 'refused', (await bench.stored()).length];
    },
    outcome: same([true, 0]),
  },
  {
    what: 'a user resolver that answers at once',
    async run(bench) {
      await bench
        .orders()
        .withUserResolver(() => ada)
        .write(KEY, { data, options: FORGET });
      return (await bench.stored()).map(({ metadata }) => metadata['audit/entity-id']);
    },
    outcome: same(['ada']),
  },
];
