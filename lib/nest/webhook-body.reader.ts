import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import { EventMalformedError } from '../errors/event-malformed.error.js';
import { WebhookBodyTooLargeError } from '../errors/webhook-body-too-large.error.js';

/** A delivered body: as it came, and as the events it carries. */
export interface WebhookBody {
  readonly raw: Buffer;
  readonly value: unknown;
}

/**
 * Reads a body to its end, but keeps no more than `maxBytes` of it. By `JSON.parse` alone, for which a key `__proto__` is
 * data like any other: the parsers of the adapters differ in that.
 *
 * @throws WebhookBodyTooLargeError (413), EventMalformedError (400), or the error of the stream.
 */
export function readWebhookBody(
  stream: Readable,
  headers: IncomingHttpHeaders,
  maxBytes: number,
): Promise<WebhookBody> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const refuse = () => {
      stream.off('data', collect).off('end', parse).off('error', reject);
      // Read to its end unheard: a sender that is cut off in the middle never sees the answer.
      stream.on('error', () => {}).resume();
      reject(new WebhookBodyTooLargeError(maxBytes));
    };
    const collect = (chunk: Buffer) => {
      size += chunk.length;
      chunks.push(chunk);
      if (size > maxBytes) refuse();
    };
    const parse = () => {
      const raw = Buffer.concat(chunks);
      try {
        resolve({ raw, value: JSON.parse(raw.toString('utf8')) });
      } catch (error) {
        reject(notJson((error as Error).message));
      }
    };
    if (Number(headers['content-length']) > maxBytes) return refuse();
    stream.on('data', collect).on('end', parse).on('error', reject);
  });
}

/** Also for what the adapter refuses before it is read. */
export function notJson(why: string): EventMalformedError {
  return new EventMalformedError([`the body is not JSON (${why})`]);
}
