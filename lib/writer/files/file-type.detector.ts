import { constants, Script } from 'node:vm';
import type { BodySource } from '../../platform/body-source.interface.js';

/** The longest signature that file types are told apart by lies in here. */
const SAMPLE_BYTES = 4_100;

/** What the platform and other clients call bytes that tell nothing about themselves (protocol §3.4). */
export const UNKNOWN_FILE_TYPE = 'application/octet-stream';

/** The beginning of a file, and the whole of it with that beginning put back. */
export interface SampledContent {
  readonly sample: Uint8Array;
  readonly content: BodySource;
}

/** Looks at the first bytes. A stream that can be read once only is not read twice for it. */
export async function sampled(content: BodySource): Promise<SampledContent> {
  const iterator = content.open()[Symbol.asyncIterator]();
  const head: Uint8Array[] = [];
  let length = 0;
  let isEnd = false;
  while (length < SAMPLE_BYTES && !isEnd) {
    const { value, done = false } = await iterator.next();
    isEnd = done;
    if (value === undefined || done) continue;
    head.push(value as Uint8Array);
    length += (value as Uint8Array).byteLength;
  }
  const sample = Buffer.concat(head).subarray(0, SAMPLE_BYTES);
  if (!content.canOpen()) return { sample, content: new ResumedContent(head, iterator) };
  await iterator.return?.();
  return { sample, content };
}

/** MIME type by magic bytes; `undefined` when they are of no known kind. */
export async function fileTypeOf(sample: Uint8Array): Promise<string | undefined> {
  // Loaded with the first file: an application that writes none does not pay for it.
  const { fileTypeFromBuffer } = await loadFileType();
  return (await fileTypeFromBuffer(sample))?.mime;
}

async function loadFileType(): Promise<typeof import('file-type')> {
  try {
    return await import('file-type');
  } catch (error) {
    // Jest loads CommonJS alone, and the package is ESM alone. Node loads it past Jest; elsewhere its failure is the answer.
    if (process.env.JEST_WORKER_ID === undefined) throw error;
    const importModuleDynamically = constants.USE_MAIN_CONTEXT_DEFAULT_LOADER;
    const script = new Script(`import('file-type')`, { filename: import.meta.url, importModuleDynamically });
    return (await script.runInThisContext()) as typeof import('file-type');
  }
}

/** A stream of which the first pieces were read already. */
class ResumedContent implements BodySource {
  readonly contentLength = undefined;
  private isRead = false;

  constructor(
    private readonly head: Uint8Array[],
    private readonly rest: AsyncIterator<Uint8Array>,
  ) {}

  canOpen(): boolean {
    return !this.isRead;
  }

  async *open(): AsyncGenerator<Uint8Array> {
    this.isRead = true;
    yield* this.head;
    for (;;) {
      const { value, done = false } = await this.rest.next();
      if (done) return;
      yield value as Uint8Array;
    }
  }
}
