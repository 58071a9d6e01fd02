import { PathwaysBuilder } from '@flowcore/pathways';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type FlowcoreEvent } from 'nestjs-pathways';
import { type LocalFlowcore, startLocalFlowcore } from 'nestjs-pathways/local';
import { until } from '../support/until.js';
import { storedEvents } from './stored-events.js';
import { document, DocumentUploaded, filesUnderTest, someBytes } from '../files/support.js';

const schema = z.object({ department: z.string() });
const PATHWAY = { flowType: 'document.0', eventType: 'uploaded.0', schema, isFilePathway: true } as const;

describe('files between the published reference builder and us', () => {
  const { engineTo } = filesUnderTest();
  let local: LocalFlowcore;

  beforeAll(async () => {
    local = await startLocalFlowcore();
  });
  afterAll(() => local.stop());

  const reference = () =>
    new PathwaysBuilder({
      baseUrl: local.url,
      tenant: 'acme',
      dataCore: 'shop',
      apiKey: 'fc_id_secret',
    }).register(PATHWAY);

  /** What the platform delivers of a file, in order. */
  async function eventsOf(eventIds: readonly string[]): Promise<FlowcoreEvent[]> {
    const events = await storedEvents(local, 'shop', 'document.0/uploaded.0');
    return events.filter(({ eventId }) => eventIds.includes(eventId));
  }

  it.each([1, 44_999, 200_001])(
    '%i bytes uploaded by the reference reach our handler equal',
    async (size) => {
      const { engine, handled } = engineTo(local.url);
      await engine.start();
      const content = someBytes(size);
      const fileId = `theirs-${size}`;
      const eventIds = (await reference().write('document.0/uploaded.0', {
        data: { fileId, fileName: 'Ársfrágreiðing.bin', fileContent: content, department: 'sales' },
        options: { fireAndForget: true },
      })) as unknown as string[];
      const ours = () => handled.find(({ event }) => event.payload.fileId === fileId);
      await until(() => ours() !== undefined);
      expect(ours()?.bytes.equals(content)).toBe(true);
      expect(ours()?.event).toMatchObject({
        eventId: eventIds[0],
        payload: {
          fileName: 'Ársfrágreiðing.bin',
          fileType: 'application/octet-stream',
          department: 'sales',
        },
      });
    },
  );

  it('a PDF of the reference has the type it found', async () => {
    const { engine, handled } = engineTo(local.url);
    await engine.start();
    await reference().write('document.0/uploaded.0', {
      data: { fileId: 'pdf', fileName: 'a.pdf', fileContent: Buffer.from('%PDF-1.7\n'), department: 'sales' },
      options: { fireAndForget: true },
    });
    const ours = () => handled.find(({ event }) => event.payload.fileId === 'pdf');
    await until(() => ours() !== undefined);
    expect(ours()?.event.payload.fileType).toBe('application/pdf');
  });

  it('every event of our upload passes the schema of the reference and reaches its handler', async () => {
    const { writer } = engineTo(local.url);
    const content = someBytes(100_001);
    const eventIds = await writer.write(DocumentUploaded, {
      data: { ...document(content), fileId: 'ours' },
      options: { fireAndForget: true },
    });
    const events = await eventsOf(eventIds);
    expect(events.map(({ eventId }) => eventId)).toEqual(eventIds);

    const theirs: unknown[] = [];
    const builder = reference().handle('document.0/uploaded.0', async (event) => {
      theirs.push(event.payload);
    });
    for (const event of events)
      await builder.process('document.0/uploaded.0', structuredClone(event) as never);
    expect(theirs).toHaveLength(3);
    const payloads = theirs as { fileId: string; part: number; data: string; department: string }[];
    expect(payloads.map(({ fileId, part, department }) => [fileId, part, department])).toEqual([
      ['ours', 1, 'sales'],
      ['ours', 2, 'sales'],
      ['ours', 3, 'sales'],
    ]);
    const joined = Buffer.concat(payloads.map(({ data }) => Buffer.from(data, 'base64')));
    expect(joined.equals(content)).toBe(true);
  });
});
