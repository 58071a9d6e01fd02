import { randomFillSync } from 'node:crypto';

const TAIL_BYTES = 8;

/**
 * Random last halves of event ids, in the sortable form. They stay in the lower half of what a UUID allows, so that a
 * full last tick has 2^61 tails left to count through. Random bytes are fetched in bulk: asked for one by one they
 * cost more than everything else in a write.
 */
export class RandomTailSource {
  private readonly bytes = Buffer.alloc(512 * TAIL_BYTES);
  private at = this.bytes.length;

  next(): string {
    if (this.at >= this.bytes.length) {
      randomFillSync(this.bytes);
      this.at = 0;
    }
    const start = this.at;
    this.at += TAIL_BYTES;
    this.bytes[start] = (this.bytes[start] as number) & 0x1f;
    return this.bytes.toString('hex', start, this.at);
  }
}
