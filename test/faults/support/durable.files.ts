import type { FilePayload } from '../../../lib/contract/file-payload.js';

/** Bytes of a file: more than four parts of Local Flowcore. */
const FILE_BYTES = 200_000;

/** The whole content of file `n`: nothing in it repeats, so a part in a wrong place shows. */
export function contentOf(n: number): Buffer {
  const content = Buffer.alloc(FILE_BYTES);
  for (let at = 0; at < FILE_BYTES; at += 4) content.writeUInt32LE(n * FILE_BYTES + at, at);
  return content;
}

/** What the effect of a file is made of. @throws RangeError when the content is not the whole file. */
export async function fileOf(payload: unknown): Promise<{ readonly n: number; readonly key: string }> {
  const { fileId, fileName, fileContent } = payload as FilePayload;
  const n = Number(fileId);
  if (!contentOf(n).equals(Buffer.from(await fileContent.arrayBuffer()))) {
    throw new RangeError(`File ${fileId} is not what was uploaded`);
  }
  return { n, key: fileName };
}
