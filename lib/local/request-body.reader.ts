import type { IncomingMessage } from 'node:http';
import { HttpRefusal } from './http-refusal.js';

/** Largest body taken: a batch of large events. */
const MAX_BODY_BYTES = 10_000_000;

/** @throws HttpRefusal 413 above {@link MAX_BODY_BYTES}, 400 when the body is no JSON or the client went away */
export async function readJsonBody(request: IncomingMessage): Promise<unknown> {
  const bytes = await readBody(request);
  try {
    return JSON.parse(bytes.toString('utf8')) as unknown;
  } catch {
    throw new HttpRefusal(400, 'The body is not JSON.');
  }
}

function readBody(request: IncomingMessage): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > MAX_BODY_BYTES) {
    request.resume();
    return Promise.reject(tooLarge());
  }
  // A client that left during an injected delay sends no further `close`.
  if (request.destroyed) return Promise.reject(gone());
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size > MAX_BODY_BYTES) {
        // Without a length in the header only counting protects the memory. The rest is read and dropped: closing
        // on a client that still sends would destroy the answer on its way.
        chunks.length = 0;
        reject(tooLarge());
      } else chunks.push(chunk);
    });
    request.on('end', () => resolve(chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)));
    const onGone = () => reject(gone());
    request.on('error', onGone);
    request.on('close', onGone);
  });
}

function gone(): HttpRefusal {
  return new HttpRefusal(400, 'The request ended before its body was complete.');
}

function tooLarge(): HttpRefusal {
  return new HttpRefusal(413, `The body exceeds the limit of ${MAX_BODY_BYTES} bytes.`);
}
