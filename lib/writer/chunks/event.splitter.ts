import { createHash } from 'node:crypto';
import { EventUnsplittableError } from '../../errors/event-unsplittable.error.js';
import { CHUNK_SCHEME, type ChunkHeader } from '../../event/chunk.constants.js';
import { isPromiseLike, type MaybePromise } from '../../event/maybe-promise.type.js';
import { JsonText } from '../../platform/json-text.js';
import type { PayloadCipher, SealedText } from '../../security/payload-cipher.interface.js';

/** An event to split, as the JSON text of its payload. */
export interface SplitRequest {
  /** For error messages. */
  readonly key: string;
  readonly text: string;
  readonly chunkId: string;
  readonly partBudgetBytes: number;
  /** Encrypts every slice by itself; the header stays readable. */
  readonly cipher?: PayloadCipher | undefined;
}

/** The payloads of the parts, in order. The text of a part is made when it is sent: all at once would be the event again. */
export interface SplitEvent {
  readonly parts: readonly JsonText[];
  /** Of the key that encrypted all of them. */
  readonly keyId: string | undefined;
}

/** Sizing of the reference, with which our parts are the same to the byte (newer features §3.1). */
const MOST_ROUNDS = 8;
const SIZING_PART = 999_999;
/** The longest code point: a smaller slice might hold none, and cutting would not end. */
const LEAST_SLICE = 4;

/**
 * Cuts the text of an event on code point boundaries into parts of at most `partBudgetBytes`. Every round takes time in
 * proportion to the text: a round makes the parts one by one to see how large they are, and keeps none of them.
 *
 * @throws EventUnsplittableError when no slice is small enough.
 */
export async function splitEvent(request: SplitRequest): Promise<SplitEvent> {
  const { key, partBudgetBytes } = request;
  const bytes = Buffer.from(request.text);
  const digest = createHash('sha256').update(bytes).digest('hex');
  const frame = (part: number, totalParts: number, data: string) =>
    partText({ id: request.chunkId, part, totalParts, digest, scheme: CHUNK_SCHEME }, data);
  const overhead = Buffer.byteLength(frame(SIZING_PART, SIZING_PART, ''));
  const unsplittable = (why: string) => new EventUnsplittableError(key, bytes.length, partBudgetBytes, why);

  let size = Math.floor(((partBudgetBytes - overhead) * 3) / 4) - 64;
  for (let round = 0; round < MOST_ROUNDS; round++) {
    if (size < LEAST_SLICE) throw unsplittable('that leaves no room for data');
    const slices = await sealAll(cut(bytes, size), request.cipher);
    const partOf = (at: number) => frame(at + 1, slices.length, slices[at]?.text ?? '');
    const largest = slices.reduce((most, _, at) => Math.max(most, Buffer.byteLength(partOf(at))), 0);
    const keyId = slices[0]?.keyId;
    if (largest > partBudgetBytes) {
      size = Math.floor((size * partBudgetBytes) / largest) - 16;
    } else if (slices.every((slice) => slice.keyId === keyId)) {
      return { parts: slices.map((_, at) => new JsonText(() => partOf(at))), keyId };
    }
    // The key was rotated on the way: one request names one key, so all slices once more.
  }
  throw unsplittable(`after ${MOST_ROUNDS} tries a part was still too large`);
}

/** Compact JSON, with the fields in the order of the reference. */
function partText(header: ChunkHeader, data: string): string {
  return JSON.stringify({ pathwaysChunk: header, data });
}

/** The data of a part, as bytes: the garbage collector does not copy them, and their text is made when somebody asks. */
class Slice {
  constructor(
    private readonly bytes: Buffer,
    readonly keyId?: string,
  ) {}

  get text(): string {
    return this.bytes.toString('utf8');
  }
}

/** @param size bytes of a slice, at least four; it may be up to three less to end between two code points. */
function cut(bytes: Buffer, size: number): Slice[] {
  const slices: Slice[] = [];
  for (let from = 0; from < bytes.length;) {
    let to = Math.min(from + size, bytes.length);
    // 10xxxxxx goes on with a code point.
    while (to < bytes.length && ((bytes[to] as number) & 0b1100_0000) === 0b1000_0000) to--;
    slices.push(new Slice(bytes.subarray(from, to)));
    from = to;
  }
  return slices;
}

function sealAll(
  slices: readonly Slice[],
  cipher: PayloadCipher | undefined,
): MaybePromise<readonly Slice[]> {
  if (!cipher) return slices;
  const sealed = slices.map(({ text }) => {
    const envelope = cipher.seal(text);
    return isPromiseLike(envelope) ? envelope.then(asSlice) : asSlice(envelope);
  });
  return sealed.some(isPromiseLike) ? Promise.all(sealed) : (sealed as Slice[]);
}

function asSlice({ text, keyId }: SealedText): Slice {
  return new Slice(Buffer.from(text), keyId);
}
