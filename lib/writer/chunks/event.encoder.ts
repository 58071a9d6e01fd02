import { randomUUID } from 'node:crypto';
import { TimeKeyUnreadableError } from '../../errors/time-key-unreadable.error.js';
import { CHUNK_FIELD } from '../../event/chunk.constants.js';
import { isRecord } from '../../event/event-shape.util.js';
import { JsonText } from '../../platform/json-text.js';
import type { PayloadCipher } from '../../security/payload-cipher.interface.js';
import type { WriteOptions } from '../write.options.js';
import { splitEvent } from './event.splitter.js';
import type { WireItem } from './wire.requests.js';

/** The parts the encoder works with. */
export interface EventEncoderOptions {
  /** `false`: large events are sent as they are. */
  readonly enabled: boolean;
  readonly maxEventBytes: number;
  readonly partBudgetBytes: number;
  /** Id of a chunk. @default a random UUID */
  readonly createChunkId?: () => string;
}

/** What a write is about. */
export interface EncodeRequest {
  readonly key: string;
  readonly payloads: readonly unknown[];
  readonly options: Pick<WriteOptions, 'eventTimeKey' | 'validTimeKey'>;
  /** Given for a pathway that is encrypted. */
  readonly cipher: PayloadCipher | undefined;
}

/** Makes of payloads what is sent, and splits what is too large. */
export class EventEncoder {
  constructor(private readonly options: EventEncoderOptions) {}

  /**
   * @returns one body for each payload, or the items of a write that needs requests of its own kind. Synchronous, and
   * nothing but the text is made, while every payload fits and none is encrypted.
   * @throws EventUnsplittableError, TimeKeyUnreadableError before anything is sent.
   */
  encode(request: EncodeRequest): readonly JsonText[] | Promise<readonly WireItem[]> {
    const { payloads, cipher } = request;
    if (cipher) return this.items(request);
    const bodies: JsonText[] = [];
    for (const payload of payloads) {
      const text = textOf(payload);
      if (this.isTooLarge(text)) return this.items(request);
      bodies.push(new JsonText(text));
    }
    return bodies;
  }

  private async items(request: EncodeRequest): Promise<readonly WireItem[]> {
    const items: WireItem[] = [];
    for (const [owner, payload] of request.payloads.entries()) {
      items.push(...(await this.itemsOf(request, owner, payload)));
    }
    return items;
  }

  private async itemsOf(request: EncodeRequest, owner: number, payload: unknown): Promise<WireItem[]> {
    const { key, cipher } = request;
    const text = textOf(payload);
    // An envelope is longer than what it holds: what is too large by itself is encrypted only in parts.
    const isTooLarge = this.isTooLarge(text);
    const sealed = isTooLarge ? undefined : cipher && (await cipher.seal(text));
    const wire = sealed ? JSON.stringify({ encryptedPayload: sealed.text }) : text;
    const encrypted = cipher !== undefined;
    if (!isTooLarge && !this.isTooLarge(wire)) {
      if (encrypted) refuseTimeKeys(request, owner, 'encrypted');
      // Beside parts it would be taken for one.
      const looksLikePart = !encrypted && isRecord(payload) && Object.hasOwn(payload, CHUNK_FIELD);
      const kind = looksLikePart ? 'part-alike' : 'whole';
      return [{ body: new JsonText(wire), owner, kind, isFirst: true, encrypted, keyId: sealed?.keyId }];
    }
    refuseTimeKeys(request, owner, 'split');
    const { partBudgetBytes, createChunkId = randomUUID } = this.options;
    const { parts, keyId } = await splitEvent({
      key,
      text,
      chunkId: createChunkId(),
      partBudgetBytes,
      cipher,
    });
    return parts.map((part, at) => ({
      body: part,
      owner,
      kind: 'part',
      isFirst: at === 0,
      encrypted,
      keyId,
    }));
  }

  private isTooLarge(text: string): boolean {
    const { enabled, maxEventBytes } = this.options;
    // Bytes only matter when the characters alone do not decide: one UTF-16 unit is at most three bytes.
    return enabled && text.length * 3 > maxEventBytes && Buffer.byteLength(text) > maxEventBytes;
  }
}

/** As in a list, what JSON has no word for is null. */
function textOf(payload: unknown): string {
  return (JSON.stringify(payload) as string | undefined) ?? 'null';
}

function refuseTimeKeys({ key, options }: EncodeRequest, item: number, why: 'encrypted' | 'split'): void {
  for (const option of ['eventTimeKey', 'validTimeKey'] as const) {
    if (options[option] !== undefined) throw new TimeKeyUnreadableError(key, option, item, why);
  }
}
