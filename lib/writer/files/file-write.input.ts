import type { FilePayload } from '../../contract/file-payload.js';
import type { WriteMetadata, WriteOptions } from '../write.options.js';

/**
 * Bytes of a file. A stream (Node's `Readable`, a web `ReadableStream`, any async iterable) is read while it is sent; it can
 * be read once only, so a failed upload of it is not tried again. A function that opens one lets every attempt open its own.
 */
export type FileContent =
  | Uint8Array
  | Blob
  | AsyncIterable<Uint8Array>
  | (() => AsyncIterable<Uint8Array> | Promise<AsyncIterable<Uint8Array>>);

/** How far an upload is. */
export interface FileProgress {
  /** Bytes of the file handed to the network; begins anew with every attempt. */
  readonly sentBytes: number;
  /** Size of the file; missing when its content is a stream. */
  readonly totalBytes?: number;
}

/** How one upload behaves. */
export interface FileWriteOptions extends WriteOptions {
  /** Called while the file is sent, after every piece. One that throws is reported to telemetry and changes nothing. @default none */
  onProgress?: (progress: FileProgress) => void;
}

/** What a writer says about a file. */
export interface FileInput {
  /** Identifies the file for whoever handles it; it need not be new. */
  fileId: string;
  /** Name for people, with its extension. */
  fileName: string;
  /** The bytes, or where to read them. */
  fileContent: FileContent;
  /**
   * MIME type.
   *
   * @default found in the first bytes; else the type of a `Blob`; else `application/octet-stream`
   */
  fileType?: string;
}

/** One file to write. */
export interface FileWrite<TData extends FileInput> {
  data: TData;
  metadata?: WriteMetadata;
  options?: FileWriteOptions;
  batch?: false;
}

/** One file to write, with the own fields of its pathway's event class. */
export type FileWriteInput<TPayload> = FileWrite<Omit<TPayload, keyof FilePayload> & FileInput>;

/** What an item of a batch may be: no file. */
export type BatchItem<TPayload> = TPayload extends FilePayload ? never : TPayload;
