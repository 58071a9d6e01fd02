import { randomBytes } from 'node:crypto';
import {
  createPathwayContract,
  type EventContext,
  FilePayload,
  type FlowcoreEvent,
  type PathwayEvent,
  PathwaysEngine,
  type PathwaysEngineOptions,
  type PathwayOptions,
  silentLogger,
} from 'nestjs-pathways';
import { type LocalFlowcore, startLocalFlowcore } from 'nestjs-pathways/local';
import { IsString } from 'class-validator';
import { afterEach } from 'vitest';

export class DocumentUploaded extends FilePayload {
  @IsString() department!: string;
}

export const KEY = 'document.0/uploaded.0';

/** Bytes of one part of a file in Local Flowcore. */
export const PART_BYTES = 45_000;

interface Handled {
  readonly event: PathwayEvent<DocumentUploaded>;
  readonly bytes: Buffer;
}

/** Real engines towards a Local Flowcore, for as long as a test runs. */
export function filesUnderTest() {
  const cleanups: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });

  async function platform(): Promise<LocalFlowcore> {
    const local = await startLocalFlowcore();
    cleanups.push(() => local.stop());
    return local;
  }

  function engineTo(
    baseUrl: string,
    given: {
      readonly options?: Partial<PathwaysEngineOptions>;
      readonly pathway?: Partial<PathwayOptions<DocumentUploaded>>;
      readonly handle?: (payload: DocumentUploaded, context: EventContext) => unknown;
    } = {},
  ) {
    const engine = new PathwaysEngine({
      baseUrl,
      tenant: 'acme',
      dataCore: 'shop',
      apiKey: 'fc_id_secret',
      logger: silentLogger,
      pump: { startFrom: 'beginning' },
      ...given.options,
    });
    engine.addContract(
      createPathwayContract(
        {
          flowType: 'document.0',
          eventType: 'uploaded.0',
          isFilePathway: true,
          retryDelayMs: 1,
          ...given.pathway,
        },
        { declaredBy: 'spec', eventClass: DocumentUploaded },
      ),
      DocumentUploaded,
    );
    const handled: Handled[] = [];
    engine.handlers.addHandler({
      pathway: KEY,
      where: 'spec',
      invoke: async (event, context) => {
        const typed = event as PathwayEvent<DocumentUploaded>;
        await given.handle?.(typed.payload, context);
        handled.push({ event: typed, bytes: Buffer.from(await typed.payload.fileContent.arrayBuffer()) });
      },
    });
    cleanups.push(() => engine.stop());
    return { engine, handled, writer: engine.writer };
  }

  async function open(given: Parameters<typeof engineTo>[1] = {}) {
    const local = await platform();
    const parts = engineTo(local.url, given);
    await parts.engine.start();
    return { local, ...parts };
  }

  return { open, platform, engineTo };
}

export const document = (fileContent: Buffer | Blob, fileName = 'a.bin') => ({
  fileId: 'f-1',
  fileName,
  department: 'sales',
  fileContent,
});

export const someBytes = (count: number): Buffer => randomBytes(count);

/** The events a platform would make of a file, numbered from `first`. */
export function partEvents(
  content: Buffer,
  given: {
    parts: number;
    first?: number;
    checksum: (part: Buffer) => string;
    hashType?: string;
    id?: number;
    metadata?: Record<string, unknown>;
    own?: Record<string, unknown>;
  },
): FlowcoreEvent[] {
  const { parts, first = 1, checksum, hashType = 'sha256', id = 0, metadata = {}, own = {} } = given;
  const size = Math.ceil(content.length / parts);
  return Array.from({ length: parts }, (_, index) => {
    const part = content.subarray(index * size, (index + 1) * size);
    return {
      eventId: `bde7ac${(id + index).toString(16).padStart(2, '0')}-4548-11f1-9234-0123456789ab`,
      timeBucket: '20260501100000',
      tenant: 'acme',
      dataCoreId: '0f0e0d0c-0b0a-4908-8706-050403020100',
      flowType: 'document.0',
      eventType: 'uploaded.0',
      metadata,
      payload: {
        department: 'sales',
        ...own,
        fileId: 'f-1',
        fileName: 'a.bin',
        fileType: 'text/plain',
        fileSize: content.length,
        data: part.toString('base64'),
        part: index + first,
        totalParts: parts,
        checksum: checksum(part),
        hashType,
      },
      validTime: '2026-05-01T10:30:15.123Z',
    };
  });
}
