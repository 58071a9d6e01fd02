import { HttpRefusal } from './http-refusal.js';

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * The metadata of a write as compact JSON. One client encodes the text as UTF-8, the other as Latin-1
 * (protocol §3.3), and nothing but validity tells them apart.
 *
 * @throws HttpRefusal 400
 */
export function metadataTextOf(header: string | undefined): string {
  if (header === undefined || header === '') return '{}';
  const bytes = Buffer.from(header, 'base64');
  let metadata: unknown;
  try {
    metadata = JSON.parse(decode(bytes));
  } catch {
    throw new HttpRefusal(400, 'The metadata header must be the Base64 of a JSON object.');
  }
  if (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata)) {
    throw new HttpRefusal(400, 'The metadata header must hold a JSON object.');
  }
  return JSON.stringify(metadata);
}

function decode(bytes: Buffer): string {
  try {
    return utf8.decode(bytes);
  } catch {
    return bytes.toString('latin1');
  }
}
