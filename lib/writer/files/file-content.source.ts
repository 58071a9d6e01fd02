import type { BodySource } from '../../platform/body-source.interface.js';
import type { FileContent } from './file-write.input.js';

/** Sent at once at most: a Buffer of 100 MB in one piece would show no progress, and its time limit would not move. */
const PIECE_BYTES = 64 * 1024;

/** The content of a file, whatever it was given as. */
export function fileContentSource(content: FileContent): BodySource {
  if (content instanceof Uint8Array) return repeatable(content.byteLength, () => piecesOf(content));
  if (content instanceof Blob) return repeatable(content.size, () => content.stream());
  if (typeof content === 'function') return repeatable(undefined, () => opened(content));
  return new OnceSource(content);
}

/** True for what {@link fileContentSource} can read. */
export function isFileContent(value: unknown): value is FileContent {
  if (value instanceof Uint8Array || value instanceof Blob || typeof value === 'function') return true;
  return typeof (value as Partial<AsyncIterable<unknown>> | null)?.[Symbol.asyncIterator] === 'function';
}

function repeatable(contentLength: number | undefined, open: () => AsyncIterable<Uint8Array>): BodySource {
  return { contentLength, canOpen: () => true, open: () => checked(open()) };
}

async function* piecesOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += PIECE_BYTES) yield bytes.subarray(at, at + PIECE_BYTES);
}

async function* opened(open: Extract<FileContent, () => unknown>): AsyncGenerator<Uint8Array> {
  yield* await open();
}

/** A stream that some code set to text, or that holds objects, would be stored as something else than it is. */
async function* checked(chunks: AsyncIterable<unknown>): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    if (chunk instanceof Uint8Array) yield chunk;
    else
      throw new TypeError(
        `fileContent gave a ${typeof chunk} where bytes belong. Give a stream of Buffers or Uint8Arrays: without an encoding, and not in object mode.`,
      );
  }
}

/** Bytes that come once. */
class OnceSource implements BodySource {
  readonly contentLength = undefined;
  private isRead = false;

  constructor(private readonly chunks: AsyncIterable<Uint8Array>) {}

  canOpen(): boolean {
    return !this.isRead;
  }

  async *open(): AsyncGenerator<Uint8Array> {
    // Not before the first byte is asked for: an attempt that got no connection has not touched the stream.
    this.isRead = true;
    yield* checked(this.chunks);
  }
}
