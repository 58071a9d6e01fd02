import { randomUUID } from 'node:crypto';
import type { BodySource } from './body-source.interface.js';

/** A file and what is said about it. */
export interface FileForm {
  readonly fileId: string;
  readonly fileName: string;
  /** MIME type. */
  readonly fileType: string;
  /** The payload's own fields. */
  readonly additionalProperties: Readonly<Record<string, unknown>>;
  readonly content: BodySource;
}

/** The form of an upload, its parts in the order the platform documents (protocol §3.4). */
export class MultipartBody implements BodySource {
  readonly contentType: string;
  readonly contentLength: number | undefined;
  private readonly head: Buffer;
  private readonly tail: Buffer;

  constructor(private readonly form: FileForm) {
    // Random, so that no content can hold it and end its part early.
    const boundary = `pathways-${randomUUID()}`;
    const text = (name: string, value: string) =>
      `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
    this.contentType = `multipart/form-data; boundary=${boundary}`;
    this.head = Buffer.from(
      text('additionalProperties', JSON.stringify(form.additionalProperties)) +
        text('fileId', form.fileId) +
        text('type', form.fileType) +
        `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="${escaped(form.fileName)}"\r\nContent-Type: application/octet-stream\r\n\r\n`,
    );
    this.tail = Buffer.from(`\r\n--${boundary}--\r\n`);
    const { contentLength } = form.content;
    this.contentLength =
      contentLength === undefined ? undefined : this.head.length + contentLength + this.tail.length;
  }

  async *open(): AsyncGenerator<Uint8Array> {
    yield this.head;
    yield* this.form.content.open();
    yield this.tail;
  }

  canOpen(): boolean {
    return this.form.content.canOpen();
  }
}

/** As browsers and `FormData` write it: a quote or a line break would end the header. */
function escaped(fileName: string): string {
  return fileName.replace(/\r/g, '%0D').replace(/\n/g, '%0A').replace(/"/g, '%22');
}
