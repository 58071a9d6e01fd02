import { createReadStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import {
  createPathwayContract,
  EventPayloadInvalidError,
  PathwayFileBatchError,
  PathwayHandlerFailedError,
  PathwaysConfigurationError,
  type FileContent,
} from 'nestjs-pathways';
import { afterAll, describe, expect, it } from 'vitest';
import { z } from 'zod4';
import { document, DocumentUploaded, filesUnderTest, KEY, PART_BYTES, someBytes } from './support.js';

const { open, platform, engineTo } = filesUnderTest();

describe('a file from writer to handler', () => {
  it.each([0, 1, 2, 3, 255, PART_BYTES - 1, PART_BYTES, PART_BYTES + 1, 1_000_000, 1_000_003])(
    'of %i random bytes arrives equal, in one call of the handler',
    async (size) => {
      const { local, writer, handled } = await open();
      const bytes = someBytes(size);
      const eventIds = await writer.write(DocumentUploaded, {
        data: document(bytes),
        metadata: { who: 'Ada' },
      });
      expect(eventIds).toHaveLength(Math.max(1, Math.ceil(size / PART_BYTES)));
      expect(local.eventCount()).toBe(eventIds.length);
      const [only, ...others] = handled;
      expect(others).toEqual([]);
      expect(only?.bytes.equals(bytes)).toBe(true);
      expect(only?.event).toMatchObject({
        eventId: eventIds[0],
        metadata: { who: 'Ada' },
        payload: { fileId: 'f-1', fileName: 'a.bin', department: 'sales' },
      });
      expect(only?.event.payload).toBeInstanceOf(DocumentUploaded);
      expect(only?.event.payload.fileContent).toBeInstanceOf(Blob);
    },
  );

  it('written in a session carries the id of the session on every part', async () => {
    const { local, writer, handled } = await open();
    const sent: number[] = [];
    const eventIds = await writer.session('s-1').write(DocumentUploaded, {
      data: document(someBytes(2 * PART_BYTES + 1)),
      options: { onProgress: ({ sentBytes }) => void sent.push(sentBytes) },
    });
    expect(eventIds).toHaveLength(3);
    expect(sent.at(-1)).toBe(2 * PART_BYTES + 1);
    const [file] = handled;
    const parts = file?.event.payload.fileParts ?? [];
    expect(parts.map(({ eventId }) => eventId)).toEqual(eventIds);
    expect(parts.map(({ event }) => event.metadata['audit/session-id'])).toEqual(['s-1', 's-1', 's-1']);
    const uploads = new Set(parts.map(({ event }) => event.metadata['pathways/upload-id']));
    expect([...uploads]).toEqual([expect.stringMatching(/^[0-9a-f-]{36}$/)]);
    expect(local.eventCount()).toBe(3);
  });

  const bytes = someBytes(100_001);
  const stream = () =>
    Readable.from([bytes.subarray(0, 7), bytes.subarray(7, 70_000), bytes.subarray(70_000)]);
  it.each<[string, () => FileContent]>([
    ['a Buffer', () => bytes],
    ['a view into a larger buffer', () => viewOf(bytes)],
    ['a Blob', () => new Blob([bytes])],
    ['a Readable', stream],
    ['a web stream', () => Readable.toWeb(stream()) as ReadableStream<Uint8Array>],
    ['a function that opens a stream', () => stream],
    ['a function that promises a stream', () => async () => stream()],
    ['a file on disk', () => createReadStream(fileOnDisk(bytes))],
  ])('given as %s arrives equal', async (_kind, content) => {
    const { writer, handled } = await open();
    await writer.write(DocumentUploaded, { data: { ...document(bytes), fileContent: content() } });
    expect(handled[0]?.bytes.equals(bytes)).toBe(true);
  });

  it.each([
    ['report.pdf', Buffer.from('%PDF-1.7\n%âãÏÓ'), 'application/pdf'],
    [
      'picture',
      Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk', 'base64'),
      'image/png',
    ],
    ['notes.txt', Buffer.from('plain text'), 'application/octet-stream'],
    ['notes.txt', new Blob(['plain text'], { type: 'text/plain' }), 'text/plain'],
    ['wrong.txt', new Blob([Buffer.from('%PDF-1.7\n')], { type: 'text/plain' }), 'application/pdf'],
  ])('%s is of the type its bytes say', async (fileName, content, type) => {
    const { writer, handled } = await open();
    await writer.write(DocumentUploaded, { data: document(content, fileName) });
    expect(handled[0]?.event.payload).toMatchObject({ fileName, fileType: type });
    expect(handled[0]?.event.payload.fileContent.type).toBe(type);
  });

  it('has the type the writer names', async () => {
    const { writer, handled } = await open();
    await writer.write(DocumentUploaded, { data: { ...document(Buffer.from('a;b')), fileType: 'text/csv' } });
    expect(handled[0]?.event.payload.fileType).toBe('text/csv');
  });

  it.each(['Jólabrævið – 麵包 🥖.pdf', 'a "quoted" name', 'two\r\nlines', '../up/and away.txt'])(
    'keeps the name %j',
    async (fileName) => {
      const { writer, handled } = await open();
      await writer.write(DocumentUploaded, { data: document(Buffer.from('x'), fileName) });
      expect(handled[0]?.event.payload.fileName).toBe(fileName);
    },
  );

  it('gives its parts: every event with its own bytes, out of the way of copies and logs', async () => {
    const { writer, handled } = await open();
    const content = someBytes(PART_BYTES + 10);
    const eventIds = await writer.write(DocumentUploaded, { data: document(content) });
    const { payload } = handled[0]?.event ?? {};
    expect(payload?.fileParts.map(({ eventId, part }) => [eventId, part])).toEqual([
      [eventIds[0], 1],
      [eventIds[1], 2],
    ]);
    const second = Buffer.from((await payload?.fileParts[1]?.content.arrayBuffer()) ?? new ArrayBuffer(0));
    expect(second.equals(content.subarray(PART_BYTES))).toBe(true);
    expect(Object.keys(payload ?? {}).sort()).toEqual(
      ['department', 'fileContent', 'fileId', 'fileName', 'fileType'].sort(),
    );
  });

  it('tells how far it is, up to the whole', async () => {
    const { writer } = await open();
    const progress: unknown[] = [];
    const options = {
      onProgress: (at: unknown) => {
        progress.push(at);
        throw new Error('a broken progress bar');
      },
    };
    await writer.write(DocumentUploaded, { data: document(someBytes(100_000)), options });
    expect(progress).toEqual([
      { sentBytes: 65_536, totalBytes: 100_000 },
      { sentBytes: 100_000, totalBytes: 100_000 },
    ]);
  });

  it('with a strict schema: it sees the own fields and nothing of the file', async () => {
    const { writer, handled } = await open({
      pathway: { schema: z.strictObject({ department: z.string().toUpperCase() }) as never },
    });
    await writer.write(KEY, { data: document(Buffer.from('x')) });
    expect(handled[0]?.event.payload.department).toBe('SALES');
  });

  it('of which the handler fails becomes one dead letter, whose replay has the whole file again', async () => {
    let isBroken = true;
    const { engine, writer, handled } = await open({
      pathway: { maxRetries: 0 },
      handle: () => {
        if (isBroken) throw new Error('disk full');
      },
    });
    const bytesOfThree = someBytes(3 * PART_BYTES);
    await expect(writer.write(DocumentUploaded, { data: document(bytesOfThree) })).rejects.toThrow(
      PathwayHandlerFailedError,
    );
    const { deadLetters } = engine.store;
    expect(await deadLetters.count({})).toBe(1);
    isBroken = false;
    expect(await engine.deadLetters.replay({})).toMatchObject({ replayed: [{}], failed: [] });
    expect(handled[0]?.bytes.equals(bytesOfThree)).toBe(true);
    expect(await deadLetters.count({})).toBe(0);
  });

  const folder = mkdtempSync(join(tmpdir(), 'pathways-files-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  function fileOnDisk(content: Buffer): string {
    const path = join(folder, 'file.bin');
    writeFileSync(path, content);
    return path;
  }
  function viewOf(content: Buffer): Uint8Array {
    const larger = Buffer.concat([Buffer.from('before'), content, Buffer.from('after')]);
    return larger.subarray(6, 6 + content.length);
  }
});

describe('what is refused before anything is sent', () => {
  async function refused(data: Record<string, unknown>, batch = false) {
    const local = await platform();
    const { writer } = engineTo(local.url);
    const write = batch ? writer.write(KEY, { batch: true, data: [data] }) : writer.write(KEY, { data });
    const error: unknown = await write.catch((reason: unknown) => reason);
    expect(local.stats.requests).toEqual({});
    return error;
  }

  it('a batch', async () => {
    expect(await refused(document(Buffer.from('x')), true)).toBeInstanceOf(PathwayFileBatchError);
  });

  it.each([
    ['no file id', { fileId: undefined }, 'fileId'],
    ['an empty name', { fileName: '' }, 'fileName'],
    ['no content', { fileContent: undefined }, 'fileContent'],
    ['text as content', { fileContent: 'text' }, 'fileContent'],
    ['own fields the schema refuses', { department: 7 }, 'department'],
    ['a field the platform uses itself', { totalParts: 3 }, 'totalParts'],
    ['a type with a line break', { fileType: 'text/plain\r\nx: y' }, 'fileType'],
  ])('%s', async (_what, change, path) => {
    const error = await refused({ ...document(Buffer.from('x')), ...change });
    expect(error).toBeInstanceOf(EventPayloadInvalidError);
    expect((error as EventPayloadInvalidError).issues).toMatchObject([{ path }]);
  });

  it('a contract with encryption, and a file class without the option', () => {
    const names = { flowType: 'document.0', eventType: 'uploaded.0' };
    const declaration = { declaredBy: 'spec', eventClass: DocumentUploaded };
    const encrypted = { ...names, isFilePathway: true, encrypted: true };
    expect(() => createPathwayContract(encrypted, declaration)).toThrow(
      /encrypted: is not possible with isFilePathway/,
    );
    expect(() => createPathwayContract(names, declaration)).toThrow(PathwaysConfigurationError);
  });
});
