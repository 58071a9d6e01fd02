import { z } from 'zod';
import { FORGET, type Bench } from '../bench.js';
import { differs, ending, same, type Case } from '../case.js';

const FILE = 'document.0/uploaded.0';
const PDF = Buffer.from('%PDF-1.7\n');
const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

const documents = (bench: Bench) =>
  bench.builder().register({
    flowType: 'document.0',
    eventType: 'uploaded.0',
    schema: z.object({ department: z.string() }),
    isFilePathway: true,
    maxRetries: 0,
  });

const file = (fields: Record<string, unknown> = {}) => ({
  fileId: 'f-1',
  fileName: 'Ársfrágreiðing.bin',
  fileContent: Buffer.from('bytes'),
  department: 'sales',
  ...fields,
});

const upload = async (bench: Bench, fields?: Record<string, unknown>) =>
  documents(bench).write(FILE, { data: file(fields), options: FORGET });

const payloads = async (bench: Bench) => (await bench.stored(FILE)).map(({ payload }) => payload);

async function contentOf(bench: Bench): Promise<string> {
  const parts = await payloads(bench);
  return Buffer.concat(parts.map(({ data }) => Buffer.from(String(data), 'base64'))).toString();
}

export const FILES: readonly Case[] = [
  {
    what: 'an upload: ids of its events, its fields, its bytes',
    async run(bench) {
      const ids = await upload(bench);
      const [event] = await bench.stored(FILE);
      const { fileId, fileName, fileType, fileSize, part, totalParts, department } = event?.payload ?? {};
      return [
        JSON.stringify(ids) === JSON.stringify([event?.eventId]),
        { fileId, fileName, fileType, fileSize, part, totalParts, department },
        await contentOf(bench),
      ];
    },
    outcome: same([
      true,
      {
        fileId: 'f-1',
        fileName: 'Ársfrágreiðing.bin',
        fileType: 'application/octet-stream',
        fileSize: 5,
        part: 1,
        totalParts: 1,
        department: 'sales',
      },
      'bytes',
    ]),
  },
  {
    what: 'a file of several parts: as many ids, in order',
    async run(bench) {
      const ids = await upload(bench, { fileContent: Buffer.alloc(100_000, 'x') });
      const events = await bench.stored(FILE);
      return [
        JSON.stringify(ids) === JSON.stringify(events.map(({ eventId }) => eventId)),
        events.map(({ payload }) => payload['part']),
        (await contentOf(bench)) === 'x'.repeat(100_000),
      ];
    },
    outcome: same([true, [1, 2, 3], true]),
  },
  {
    what: 'the type of a file comes from its bytes, not from its name',
    async run(bench) {
      await upload(bench, { fileName: 'a.txt', fileContent: PDF });
      await upload(bench, { fileName: 'b', fileContent: PNG });
      await upload(bench, { fileName: 'c.pdf' });
      await upload(bench, { fileName: 'd.json', fileContent: Buffer.from('{}') });
      return (await payloads(bench)).map(({ fileType }) => fileType);
    },
    outcome: same(['application/pdf', 'image/png', 'application/octet-stream', 'application/octet-stream']),
  },
  {
    what: 'content as Uint8Array',
    async run(bench) {
      const ended = await ending(() => upload(bench, { fileContent: new TextEncoder().encode('bytes') }));
      return [ended === 'refused', await contentOf(bench)];
    },
    outcome: differs(
      { reference: [true, ''], ours: [false, 'bytes'] },
      {
        reference: '`fileContent` must be a `Buffer`.',
        ours: '`Buffer`, `Uint8Array`, `Blob` and streams are taken.',
        why: 'Large files should not have to be in memory.',
      },
    ),
  },
  {
    what: 'content as Blob',
    async run(bench) {
      const ended = await ending(() => upload(bench, { fileContent: new Blob(['bytes']) }));
      return [ended === 'refused', await contentOf(bench)];
    },
    outcome: differs(
      { reference: [true, ''], ours: [false, 'bytes'] },
      {
        reference: '`fileContent` must not be a `Blob`, which handlers get.',
        ours: 'A `Blob` is taken.',
        why: 'What a handler gets can be written again.',
      },
    ),
  },
  {
    what: 'content as text',
    async run(bench) {
      const ended = await ending(() => upload(bench, { fileContent: 'bytes' }));
      return [ended === 'refused', await contentOf(bench)];
    },
    outcome: same([true, '']),
  },
  {
    what: 'a batch of files',
    async run(bench) {
      const write = { batch: true, data: [file(), file()], options: FORGET };
      return [await ending(() => documents(bench).write(FILE, write)), (await payloads(bench)).length];
    },
    outcome: same(['refused', 0]),
  },
  {
    what: 'a file without a name, without an id, with a wrong field of its own',
    run: async (bench) => [
      await ending(() => upload(bench, { fileName: undefined })),
      await ending(() => upload(bench, { fileId: undefined })),
      await ending(() => upload(bench, { department: 7 })),
      (await payloads(bench)).length,
    ],
    outcome: same(['refused', 'refused', 'refused', 0]),
  },
  {
    what: 'a file with a field that its schema does not know',
    async run(bench) {
      await upload(bench, { note: 'not declared' });
      return (await payloads(bench)).map(({ note }) => note ?? 'none');
    },
    outcome: differs(
      { reference: ['none'], ours: ['not declared'] },
      {
        reference: 'Fields of a file that the schema does not know are dropped before it is sent.',
        ours: 'They are sent; the schema drops them when the file is handled.',
        why: 'What a service writes must not get lost silently before it is stored.',
        option: { compatibility: 'reference' },
      },
    ),
  },
  {
    what: 'an empty file',
    async run(bench) {
      const ended = await ending(() => upload(bench, { fileContent: Buffer.alloc(0) }));
      return [ended === 'refused', (await payloads(bench)).length];
    },
    outcome: same([false, 1]),
  },
  {
    what: 'metadata of a file',
    async run(bench) {
      await documents(bench).write(FILE, { data: file(), metadata: { note: 'grün' }, options: FORGET });
      const stored = await bench.stored(FILE);
      return stored.map(({ metadata }) =>
        Object.entries(metadata).map(([key, value]) => [key, isUuid(value) ? 'a UUID' : value]),
      );
    },
    outcome: differs(
      {
        reference: [[['note', 'grün']]],
        ours: [
          [
            ['note', 'grün'],
            ['pathways/upload-id', 'a UUID'],
          ],
        ],
      },
      {
        reference: 'The parts of a file carry the metadata of its write.',
        ours: 'They carry `pathways/upload-id` too, one for each upload.',
        why: 'Parts of two uploads of one `fileId` must not be put together.',
      },
    ),
  },
  {
    what: 'what the handler of a file of three parts gets',
    async run(bench) {
      const handled: unknown[] = [];
      const builder = documents(bench).handle(FILE, ({ payload }) => {
        const { fileContent, part, data } = payload;
        handled.push({
          fileContent: fileContent instanceof Blob && fileContent.size,
          part: part ?? 'none',
          data: typeof data,
        });
      });
      await upload(bench, { fileContent: Buffer.alloc(100_000, 'x') });
      for (const event of await bench.stored(FILE)) await builder.process(FILE, event);
      return handled;
    },
    outcome: differs(
      {
        reference: [1, 2, 3].map((part) => ({ fileContent: false, part, data: 'string' })),
        ours: [{ fileContent: 100_000, part: 'none', data: 'undefined' }],
      },
      {
        reference: 'The handler of a file pathway runs for each part and gets it as Base64 text.',
        ours: 'It runs once for each file and gets it whole, as a `Blob`; the parts are in `fileParts`.',
        why: 'It is what the documentation of the reference promises.',
      },
    ),
  },
];

function isUuid(value: unknown): boolean {
  return typeof value === 'string' && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(value);
}
