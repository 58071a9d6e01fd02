import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import { EventMalformedError } from '../errors/event-malformed.error.js';
import { WebhookBodyTooLargeError } from '../errors/webhook-body-too-large.error.js';

/** A delivered body: as it came, and as the events it carries. */
interface WebhookBody {
  readonly raw: Buffer;
  readonly value: unknown;
}

/** What became of a body: one of the two is there. */
export type BodyListener = (error: Error | undefined, body?: WebhookBody) => void;

/**
 * Reads a body to its end, but keeps no more than `maxBytes` of it. By `JSON.parse` alone, for which a key `__proto__` is
 * data like any other: the parsers of the adapters differ in that.
 *
 * @param done called once, with a callback because a promise is felt at every post. Errors are WebhookBodyTooLargeError (413),
 * EventMalformedError (400), or that of the stream.
 */
export function readWebhookBody(
  stream: Readable,
  headers: IncomingHttpHeaders,
  maxBytes: number,
  done: BodyListener,
): void {
  const chunks: Buffer[] = [];
  let size = 0;
  const letGo = () => {
    // A stream that was read to its end may still fail, and what nobody listens to would end the process.
    stream
      .off('data', collect)
      .off('end', parse)
      .off('error', fail)
      .on('error', () => {});
  };
  const fail = (error: Error) => {
    letGo();
    done(error);
  };
  const refuse = () => {
    letGo();
    // Read to its end unheard: a sender that is cut off in the middle never sees the answer.
    stream.resume();
    done(new WebhookBodyTooLargeError(maxBytes));
  };
  const collect = (chunk: Buffer) => {
    size += chunk.length;
    chunks.push(chunk);
    if (size > maxBytes) refuse();
  };
  const parse = () => {
    letGo();
    const [first] = chunks;
    const raw = first && chunks.length === 1 ? first : Buffer.concat(chunks);
    let value: unknown;
    try {
      value = JSON.parse(raw.toString('utf8'));
    } catch (error) {
      return done(notJson((error as Error).message));
    }
    done(undefined, { raw, value });
  };
  if (Number(headers['content-length']) > maxBytes) return refuse();
  stream.on('data', collect).on('end', parse).on('error', fail);
}

/** Also for what the adapter refuses before it is read. */
export function notJson(why: string): EventMalformedError {
  return new EventMalformedError([`the body is not JSON (${why})`]);
}
