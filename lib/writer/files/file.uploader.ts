import { createHash, type Hash } from 'node:crypto';
import { ownFieldsOf, RESERVED_FILE_FIELDS } from '../../contract/file-payload.js';
import type { PathwayContract } from '../../contract/pathway-contract.interface.js';
import { EventPayloadInvalidError } from '../../errors/event-payload-invalid.error.js';
import { FileChecksumMismatchError } from '../../errors/file-checksum-mismatch.error.js';
import { isSameChecksum, isSha256 } from '../../event/file-checksum.util.js';
import { isRecord } from '../../event/event-shape.util.js';
import type { Telemetry } from '../../event/telemetry.interface.js';
import type { BodySource } from '../../platform/body-source.interface.js';
import type { IngestionClient, IngestionHeaders, StoredFile } from '../../platform/ingestion.client.js';
import { fileContentSource, isFileContent } from './file-content.source.js';
import type { FileInput, FileProgress, FileWriteOptions } from './file-write.input.js';
import { fileTypeOf, sampled, UNKNOWN_FILE_TYPE } from './file-type.detector.js';

/** The parts the uploader works with. */
export interface FileUploaderDependencies {
  readonly ingestion: IngestionClient;
  readonly telemetry: Telemetry;
}

/** Sends files: finds their type, reads them while they travel, and compares what arrived with what was sent. */
export class FileUploader {
  constructor(private readonly deps: FileUploaderDependencies) {}

  /** @throws EventPayloadInvalidError for what the schema of the pathway does not see. */
  check({ key }: PathwayContract, data: unknown): asserts data is FileInput & Record<string, unknown> {
    if (!isRecord(data)) return; // The pathway's parser says so, and better.
    const issues = RESERVED_FILE_FIELDS.filter((path) => Object.keys(data).includes(path)).map((path) => ({
      path,
      message: 'is a name the platform gives to its own fields of a file: rename it',
    }));
    const { fileContent, fileType } = data;
    if (fileContent !== undefined && fileContent !== null && !isFileContent(fileContent))
      issues.push({
        path: 'fileContent',
        message: 'must be a Buffer, Uint8Array, Blob, stream of bytes, or a function that opens one',
      });
    // A line break would begin a new header of the form.
    if (fileType !== undefined && (typeof fileType !== 'string' || !/^[\x20-\x7e]+$/.test(fileType)))
      issues.push({ path: 'fileType', message: 'must be a MIME type' });
    if (issues.length > 0) throw new EventPayloadInvalidError(key, issues);
  }

  /** @returns the ids of the file's events. */
  async upload(
    pathway: PathwayContract,
    data: FileInput & Record<string, unknown>,
    headers: IngestionHeaders,
    options: FileWriteOptions,
  ): Promise<string[]> {
    const { fileId, fileName, fileContent } = data;
    options.signal?.throwIfAborted();
    try {
      const { fileType, content } = await typed(data);
      const observed = new ObservedContent(content, (progress) => this.report(pathway, options, progress));
      const form = { fileId, fileName, fileType, additionalProperties: ownFieldsOf(data), content: observed };
      const stored = await this.deps.ingestion.writeFile(pathway, form, headers, options.signal);
      assertSameBytes(pathway, fileId, stored, observed.sha256());
      return [...stored.eventIds];
    } finally {
      closeStream(fileContent);
    }
  }

  private report(pathway: PathwayContract, { onProgress }: FileWriteOptions, progress: FileProgress): void {
    try {
      onProgress?.(progress);
    } catch (error) {
      this.deps.telemetry.callbackFailed?.(pathway.key, 'onProgress', error);
    }
  }
}

async function typed({
  fileContent,
  fileType,
}: FileInput): Promise<{ fileType: string; content: BodySource }> {
  const whole = fileContentSource(fileContent);
  if (fileType !== undefined) return { fileType, content: whole };
  const { sample, content } = await sampled(whole);
  const blobType = fileContent instanceof Blob ? fileContent.type : '';
  return { fileType: (await fileTypeOf(sample)) ?? (blobType || UNKNOWN_FILE_TYPE), content };
}

/** A stream is the upload's from here on. One that was given up half-way would keep its file or socket open. */
function closeStream(content: FileInput['fileContent']): void {
  (content as { destroy?: () => void }).destroy?.();
}

function assertSameBytes(
  { key }: PathwayContract,
  fileId: string,
  { checksum, hashType, eventIds }: StoredFile,
  sent: Buffer,
): void {
  if (!isSha256(hashType) || isSameChecksum(checksum, sent)) return;
  throw new FileChecksumMismatchError(key, fileId, 'upload', checksum, sent.toString('hex'), eventIds);
}

/** Hashes and counts the bytes on their way. */
class ObservedContent implements BodySource {
  readonly contentLength: number | undefined;
  private hash: Hash = createHash('sha256');

  constructor(
    private readonly content: BodySource,
    private readonly onProgress: (progress: FileProgress) => void,
  ) {
    this.contentLength = content.contentLength;
  }

  canOpen(): boolean {
    return this.content.canOpen();
  }

  async *open(): AsyncGenerator<Uint8Array> {
    const { contentLength } = this;
    const hash = createHash('sha256');
    this.hash = hash;
    let sentBytes = 0;
    for await (const chunk of this.content.open()) {
      hash.update(chunk);
      yield chunk;
      sentBytes += chunk.byteLength;
      this.onProgress({ sentBytes, ...(contentLength === undefined ? {} : { totalBytes: contentLength }) });
    }
  }

  /** Of the last attempt. */
  sha256(): Buffer {
    return this.hash.copy().digest();
  }
}
