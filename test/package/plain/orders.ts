// A service without Nest: writes an event to Local Flowcore and waits until its own handler has processed it; then a large one
// and a file, over stores of its own. Every type it needs comes from the builder's entrance alone. Compiled and run as ESM and
// as CommonJS where npm has installed the packed package and nothing else (scripts/check-package.mjs).
import {
  NoopLogger,
  PathwaysBuilder,
  type AutoProvision,
  type ChunkPart,
  type ChunkProgress,
  type ChunkStore,
  type ClaimPurpose,
  type EventClaim,
  type EventStatus,
  type ExpiredChunk,
  type FileInput,
  type FileWriteOptions,
  type PathwaysEngineOptions,
  type PathwaysStore,
  type PathwayState,
  type PlatformHosts,
  type SessionUserResolverStore,
  type UserResolver,
} from 'nestjs-pathways/builder';
import { startLocalFlowcore } from 'nestjs-pathways/local';

/** Marks of its own, for one process. */
class OwnState implements PathwayState {
  readonly markTtlMs = 3_600_000;
  private readonly ended = new Map<string, EventStatus>();
  private readonly held = new Map<string, { readonly over: Promise<void>; readonly end: () => void }>();

  async claim(eventId: string, _generation: number, _purpose?: ClaimPurpose): Promise<EventClaim> {
    for (let held = this.held.get(eventId); held; held = this.held.get(eventId)) await held.over;
    const ended = this.ended.get(eventId);
    if (ended !== undefined) return ended;
    let end = () => {};
    const over = new Promise<void>((resolve) => (end = resolve));
    this.held.set(eventId, { over, end });
    return 'claimed';
  }

  complete(eventId: string, _generation: number, status: EventStatus): void {
    this.ended.set(eventId, status);
    this.release(eventId);
  }

  release(eventId: string): void {
    const held = this.held.get(eventId);
    this.held.delete(eventId);
    held?.end();
  }

  statusOf(eventId: string): EventStatus | undefined {
    return this.ended.get(eventId);
  }
}

/** Parts of large events of its own; it never gives one up. */
class OwnChunks implements ChunkStore {
  private readonly chunks = new Map<string, Map<number, ChunkPart>>();

  storePart(part: ChunkPart): ChunkProgress {
    const parts = this.chunks.get(part.chunkId) ?? new Map<number, ChunkPart>();
    this.chunks.set(part.chunkId, parts);
    const status = parts.has(part.part) ? 'duplicate' : 'stored';
    parts.set(part.part, part);
    const first = parts.get(1);
    return first && parts.size === part.totalParts
      ? { status: 'complete', firstEventId: first.eventId }
      : { status };
  }

  load(chunkId: string): readonly string[] | undefined {
    const parts = [...(this.chunks.get(chunkId)?.values() ?? [])].sort((a, b) => a.part - b.part);
    return parts.length > 0 && parts.length === parts[0]?.totalParts
      ? parts.map(({ data }) => data)
      : undefined;
  }

  finish(): void {}

  takeExpired(): readonly ExpiredChunk[] {
    return [];
  }
}

const users = new Map<string, UserResolver>();
const sessionUsers: SessionUserResolverStore = {
  get: (sessionId) => users.get(sessionId),
  set: (sessionId, resolver) => void users.set(sessionId, resolver),
  delete: (sessionId) => void users.delete(sessionId),
};

const handled: string[] = [];

async function main(): Promise<void> {
  const local = await startLocalFlowcore();
  const hosts: Partial<PlatformHosts> = { ingestion: local.url };
  const autoProvision: AutoProvision = { pathway: false };
  const shared: Pick<PathwaysEngineOptions, 'hosts' | 'autoProvision'> = { hosts, autoProvision };
  const store: Partial<PathwaysStore> = { state: new OwnState() };
  const pathways = new PathwaysBuilder({
    ...shared,
    baseUrl: local.url,
    tenant: 'acme',
    dataCore: 'shop',
    apiKey: 'fc_id_secret',
    runtimeEnv: 'development',
    logger: new NoopLogger(),
    pump: { startFrom: 'beginning' },
    overrideSessionUserResolvers: sessionUsers,
    store,
  })
    .withPathwayChunkStore(new OwnChunks())
    .register({ flowType: 'order.0', eventType: 'order.placed.0' })
    .handle('order.0/order.placed.0', ({ payload }) => handled.push(JSON.stringify(payload).slice(0, 20)))
    .register({ flowType: 'order.0', eventType: 'order.scanned.0', isFilePathway: true })
    .handle('order.0/order.scanned.0', async ({ payload }) =>
      handled.push(`${payload.fileName} ${await payload.fileContent.text()}`),
    );
  await pathways.startPump();
  await pathways.write('order.0/order.placed.0', { data: { orderId: 'o-1' } });
  await pathways.write('order.0/order.placed.0', { data: { orderId: 'o-2', text: 'x'.repeat(100_000) } });
  const data: FileInput = {
    fileId: 'f-1',
    fileName: 'scan.txt',
    fileType: 'text/plain',
    fileContent: Buffer.from('signed'),
  };
  let sentBytes = 0;
  const options: FileWriteOptions = { onProgress: (progress) => (sentBytes = progress.sentBytes) };
  await pathways.write('order.0/order.scanned.0', { data: { ...data }, options });
  await pathways.close();
  await local.stop();
  process.stdout.write(`handled ${handled.join(' and ')}, ${sentBytes} bytes sent\n`);
}

main().catch((error: unknown) => {
  process.stderr.write(`${String((error as Error).stack)}\n`);
  process.exitCode = 1;
});
