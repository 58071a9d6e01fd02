// Uploads one large file and tells by how many bytes the resident memory of this process grew meanwhile.
// Arguments: the URL of the platform; `stream` or `buffer`; the bytes of the file.
import { createPathwayContract, type FileContent, PathwaysEngine, silentLogger } from 'nestjs-pathways';

const [url = '', kind = '', size = ''] = process.argv.slice(2);
const bytes = Number(size);
const PIECE = Buffer.alloc(64 * 1024, 'pathways');

process.on('disconnect', () => process.exit(0));
const engine = new PathwaysEngine({
  baseUrl: url,
  apiKey: 'fc_id_secret',
  logger: silentLogger,
  pump: false,
  requestTimeoutMs: 120_000,
});
const names = { flowType: 'large.0', eventType: 'file.0', isFilePathway: true };
engine.addContract(createPathwayContract(names, { declaredBy: 'spec' }));

async function* pieces(count: number): AsyncGenerator<Uint8Array> {
  // Other memory each time: a copy that is kept must show.
  for (let sent = 0; sent < count; sent += PIECE.length) yield Buffer.from(PIECE);
}
let peak = 0;
const look = () => (peak = Math.max(peak, process.memoryUsage.rss()));
const upload = (fileContent: FileContent) =>
  engine.writer.write('large.0/file.0', {
    data: { fileId: 'f-1', fileName: 'large.bin', fileContent },
    options: { fireAndForget: true, onProgress: look },
  });

// What is loaded and allocated once is no file's.
await upload(pieces(4 * 1024 * 1024));
const content = kind === 'buffer' ? Buffer.alloc(bytes, 'pathways') : pieces(bytes);
globalThis.gc?.();
const before = process.memoryUsage.rss();
peak = before;
const eventIds = await upload(content);
look();
await engine.stop();
process.send?.({ grownBy: peak - before, parts: eventIds.length }, () => process.exit(0));
