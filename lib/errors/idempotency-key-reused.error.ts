import { PathwaysError } from './pathways.error.js';

/** An idempotency key stands for one write, and another one came with it. */
export class IdempotencyKeyReusedError extends PathwaysError {
  static override readonly code = 'PATHWAYS_IDEMPOTENCY_KEY_REUSED';
  static override readonly httpStatus = 409;

  constructor(
    readonly idempotencyKey: string,
    readonly key: string,
    /** Pathway of the first write. */
    readonly firstKey: string,
  ) {
    super(
      `The idempotencyKey "${idempotencyKey}" stands for another write: ${
        key === firstKey ? `one of ${key} with another payload` : `one of ${firstKey}, not of ${key}`
      }. Nothing was sent. Repeat a write with exactly its first payload, and make a new key for every other one.`,
    );
  }
}
