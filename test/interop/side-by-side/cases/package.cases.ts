import * as reference from '@flowcore/pathways';
import * as ours from 'nestjs-pathways/builder';
import { data, FORGET, KEY } from '../bench.js';
import { differs, ending, type Case } from '../case.js';

export const PACKAGE: readonly Case[] = [
  {
    what: 'a builder without an address, tenant, data core and key',
    run: (bench) => ending(() => void bench.side.builder({})),
    outcome: differs(
      { reference: 'done', ours: 'refused' },
      {
        reference: 'A constructor without its required options succeeds; requests fail later.',
        ours: 'The constructor throws one `PathwaysConfigurationError` that lists every problem.',
        why: 'What is missing is seen at the start, not at the first write.',
      },
    ),
  },
  {
    what: 'a builder with an option that does not exist',
    run: (bench) => ending(() => void bench.builder({ pathwayTimeoutMS: 5 })),
    outcome: differs(
      { reference: 'done', ours: 'refused' },
      {
        reference: 'The constructor ignores options it does not know.',
        ours: 'The constructor throws `PathwaysConfigurationError`.',
        why: 'A typing error would change how the service behaves without anybody noticing.',
      },
    ),
  },
  {
    what: 'production, and nothing was said of a state',
    async run(bench) {
      const builder = bench.orders({}, { runtimeEnv: 'production' });
      const ended = await ending(() => builder.write(KEY, { data, options: FORGET }));
      return [ended === 'refused', (await bench.stored()).length];
    },
    outcome: differs(
      { reference: [false, 1], ours: [true, 0] },
      {
        reference:
          'In production marks of processed events are kept in memory unless `withPathwayState` was called.',
        ours: 'In production memory is refused with `PathwaysConfigurationError`; call `withPathwayState(createPostgresPathwayState(…))`.',
        why: 'What was processed is forgotten at every deployment.',
        option: { compatibility: 'reference' },
      },
    ),
  },
  {
    what: 'an encrypted pathway without a key',
    async run(bench) {
      const ended = await ending(() =>
        bench.orders({ encrypted: true }).write(KEY, { data, options: FORGET }),
      );
      return [ended === 'refused', (await bench.stored()).map(({ payload }) => payload)];
    },
    outcome: differs(
      { reference: [false, [data]], ours: [true, []] },
      {
        reference: '`encrypted: true` without a key writes plain text.',
        ours: 'The first write, event or start is refused with `PathwaysConfigurationError`.',
        why: 'Who asks for encryption must not find plain text on the platform.',
        option: { compatibility: 'reference' },
      },
    ),
  },
  {
    what: 'names that the package exports at run time',
    async run({ side }) {
      const names = Object.keys(side.name === 'reference' ? reference : ours);
      return Object.keys(reference).filter((name) => !names.includes(name));
    },
    outcome: differs(
      {
        reference: [],
        ours: [
          'FileEventSchema',
          'FileInputSchema',
          'PostgresJsAdapter',
          'SessionUser',
          'createKvAdapter',
          'createPostgresAdapter',
        ],
      },
      {
        reference:
          'The package exports the zod schemas of files, `SessionUser`, and the adapters of its stores (`createKvAdapter`, `createPostgresAdapter`, `PostgresJsAdapter`).',
        ours: 'It does not. Stores of your own implement `PathwayState`; a file is `FileInput` when written and `FileEventFields` when handled.',
        why: 'zod is no dependency of ours, and the adapters are how the reference is built.',
      },
    ),
  },
];
