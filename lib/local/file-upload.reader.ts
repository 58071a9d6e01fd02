import { Busboy } from '@fastify/busboy';
import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';
import { HttpRefusal } from './http-refusal.js';

/** Largest file taken. Its parts are stored together, so they lie in memory until the last byte has come. */
const MAX_FILE_BYTES = 512_000_000;

/** Longest text field taken: it could not be stored beside the file in one event anyway. */
const MAX_FIELD_BYTES = 64_000;

/** A file as a form brought it (protocol §3.4). */
export interface FileUpload {
  readonly fileId: string;
  readonly fileName: string;
  readonly fileType: string;
  readonly additionalProperties: Readonly<Record<string, unknown>>;
  readonly content: Buffer;
  /** SHA-256 of the content, hex. */
  readonly checksum: string;
}

/** @throws HttpRefusal 400 for another form than an upload's, 413 above {@link MAX_FILE_BYTES} */
export async function readFileUpload(request: IncomingMessage): Promise<FileUpload> {
  const fields = new Map<string, string>();
  const file = await readForm(request, fields);
  const fileId = fields.get('fileId');
  if (!fileId) throw new HttpRefusal(400, 'The form has no field "fileId".');
  if (!file?.fileName) throw new HttpRefusal(400, 'The form has no part "file" with a file name.');
  return {
    ...file,
    fileId,
    fileType: fields.get('type') || 'application/octet-stream',
    additionalProperties: propertiesOf(fields.get('additionalProperties')),
  };
}

type FormFile = Pick<FileUpload, 'fileName' | 'content' | 'checksum'>;

function readForm(request: IncomingMessage, fields: Map<string, string>): Promise<FormFile | undefined> {
  const contentType = request.headers['content-type'] ?? '';
  if (!/^multipart\/form-data\s*;.*\bboundary=./i.test(contentType))
    return Promise.reject(new HttpRefusal(400, 'A file is uploaded as multipart/form-data.'));
  return new Promise((resolve, reject) => {
    let file: Promise<FormFile> | undefined;
    const form = new Busboy({
      headers: { ...request.headers, 'content-type': contentType },
      // A name is kept as it was sent, folders in it included: it is data, nobody opens it.
      preservePath: true,
      limits: { fieldSize: MAX_FIELD_BYTES, fileSize: MAX_FILE_BYTES, files: 1 },
    });
    const refuse = (error: Error) => {
      request.unpipe(form);
      // Read and dropped: closing on a client that still sends would destroy the answer on its way.
      request.resume();
      reject(error);
    };
    form.on('field', (name, value, _isNameCut, isValueCut) => {
      if (isValueCut) refuse(new HttpRefusal(400, `The field "${name}" exceeds ${MAX_FIELD_BYTES} bytes.`));
      fields.set(name, value);
    });
    form.on('file', (name, stream, fileName) => {
      if (name !== 'file') stream.resume();
      else {
        file = collect(stream, unescaped(fileName));
        file.catch(refuse);
      }
    });
    form.on('finish', () => resolve(file));
    form.on('error', () => refuse(new HttpRefusal(400, 'The form is broken or incomplete.')));
    const onGone = () => reject(new HttpRefusal(400, 'The request ended before its body was complete.'));
    // A client that left during an injected delay sends no further `close`.
    if (request.destroyed) onGone();
    request.on('error', onGone);
    request.on('close', onGone);
    request.pipe(form);
  });
}

async function collect(stream: Readable, fileName: string): Promise<FormFile> {
  const hash = createHash('sha256');
  const chunks: Buffer[] = [];
  let isTooLarge = false;
  stream.once('limit', () => {
    isTooLarge = true;
    chunks.length = 0;
  });
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    hash.update(chunk);
    if (!isTooLarge) chunks.push(chunk);
  }
  if (isTooLarge) throw new HttpRefusal(413, `The file exceeds the limit of ${MAX_FILE_BYTES} bytes.`);
  return { fileName, content: Buffer.concat(chunks), checksum: hash.digest('hex') };
}

/** Clients write these three as percent codes, because they would end the header. */
function unescaped(fileName: string): string {
  return fileName.replace(/%0D/g, '\r').replace(/%0A/g, '\n').replace(/%22/g, '"');
}

/** An object, or the text `"{}"` that one client sends when there are none (protocol §3.4). */
function propertiesOf(text: string | undefined): Record<string, unknown> {
  if (text === undefined || text === '') return {};
  let properties: unknown;
  try {
    properties = JSON.parse(text);
    if (typeof properties === 'string') properties = JSON.parse(properties);
  } catch {
    throw new HttpRefusal(400, 'The field "additionalProperties" is not JSON.');
  }
  if (typeof properties !== 'object' || properties === null || Array.isArray(properties))
    throw new HttpRefusal(400, 'The field "additionalProperties" must be a JSON object.');
  return properties as Record<string, unknown>;
}
