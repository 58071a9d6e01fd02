/**
 * Uploads files of 100 MB and measures the memory of the writing process; Local Flowcore runs in another one.
 *
 *   npm run bench -- files
 */
import { createReadStream, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createPathwayContract, type FileContent, PathwaysEngine } from 'nestjs-pathways';
import { quiet } from './support/engine.js';
import type { BenchSuite, Contender } from './support/suite.js';

const MEGABYTE = 1024 * 1024;
const BYTES = 100 * MEGABYTE;
const KEY = 'bench.0/file.0';

function upload(name: string, contentOf: (path: string) => FileContent): Contender {
  return {
    name,
    role: 'ours',
    make(bench) {
      const engine = new PathwaysEngine({
        baseUrl: bench.platform,
        logger: quiet,
        pump: false,
        requestTimeoutMs: 120_000,
      });
      const names = { flowType: 'bench.0', eventType: 'file.0', isFilePathway: true };
      engine.addContract(createPathwayContract(names, { declaredBy: 'bench' }));
      const folder = mkdtempSync(join(tmpdir(), 'bench-files-'));
      const path = join(folder, 'file.bin');
      writeFileSync(path, Buffer.alloc(BYTES, 'pathways'));
      bench.onEnd(async () => {
        await engine.stop();
        rmSync(folder, { recursive: true });
      });
      const write = (fileContent: FileContent, onProgress = () => {}) =>
        engine.writer.write(KEY, {
          data: { fileId: 'f-1', fileName: 'file.bin', fileContent },
          options: { fireAndForget: true, onProgress },
        });
      let content: FileContent = Buffer.alloc(0);
      let before = 0;
      return {
        async prepare() {
          // What is loaded and allocated once is no file's.
          await write(() => createReadStream(path, { end: 1_000_000 }));
          content = contentOf(path);
          globalThis.gc?.();
          before = process.memoryUsage().rss;
        },
        async run(count) {
          let peak = before;
          const startedAt = performance.now();
          await write(content, () => (peak = Math.max(peak, process.memoryUsage().rss)));
          const time = performance.now() - startedAt;
          return {
            operations: count,
            times: [time],
            figures: {
              'MB/s': BYTES / MEGABYTE / (time / 1_000),
              'extra MB at the peak': (peak - before) / MEGABYTE,
            },
          };
        },
      };
    },
  };
}

const FUNCTION = 'a function that opens a stream';
const STREAM = 'a stream, read once';

export const suite: BenchSuite = {
  title: 'Files',
  about:
    'One upload of 100 MB to a Local Flowcore in a process of its own. The 100 MB of a Buffer that is given do not count.',
  services: ['local-flowcore'],
  cases: [
    {
      name: 'upload',
      title: '100 MB given as',
      measures: 'latency',
      operation: 'file',
      count: 1,
      fixed: true,
      rounds: 1,
      processes: 1,
      contenders: [
        upload(FUNCTION, (path) => () => createReadStream(path)),
        upload(STREAM, (path) => createReadStream(path)),
        upload('a Buffer', () => Buffer.alloc(BYTES, 'pathways')),
      ],
      goals: [FUNCTION, STREAM].map((name) => ({
        what: `extra memory of ${name}`,
        atMost: 64,
        unit: ' MB',
        value: (result) => result(name).figures['extra MB at the peak'] ?? Number.NaN,
      })),
    },
  ],
};
