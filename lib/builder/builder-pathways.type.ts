import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { FilePart } from '../contract/file-payload.js';
import type { EventClass, PathwayOptions, PayloadSchema } from '../contract/pathway.options.js';
import type { PathwayKey } from '../event/pathway-key.util.js';
import type { FileInput, FileWriteOptions } from '../writer/files/file-write.input.js';
import type { WriteMetadata, WriteOptions } from '../writer/write.options.js';

/** What the compiler knows of one registered pathway. */
export interface BuilderPathway {
  /** What a writer gives. */
  readonly input: unknown;
  /** What a handler gets. */
  readonly payload: unknown;
  readonly writable: boolean;
  readonly isFile: boolean;
}

/** Registered pathways by key. */
export type BuilderPathways = { readonly [Key in PathwayKey]?: BuilderPathway };

/** The pathways of a builder on which nothing was registered yet. */
export type NoPathways = Record<never, never>;

/** `register`'s options: those of every pathway, with names the compiler can read. */
export type RegisterOptions<
  TFlowType extends string = string,
  TEventType extends string = string,
  TSchema extends PayloadSchema | undefined = PayloadSchema | undefined,
  TWritable extends boolean = boolean,
  TFile extends boolean = boolean,
> = Omit<
  PathwayOptions<PayloadOf<TSchema>>,
  'flowType' | 'eventType' | 'schema' | 'writable' | 'isFilePathway'
> & {
  flowType: TFlowType;
  eventType: TEventType;
  schema?: TSchema;
  writable?: TWritable;
  isFilePathway?: TFile;
};

/** What a handler gets of a pathway with this schema. */
export type PayloadOf<TSchema> = TSchema extends StandardSchemaV1
  ? StandardSchemaV1.InferOutput<TSchema>
  : TSchema extends EventClass<infer TPayload>
    ? TPayload
    : unknown;

/** What a writer gives to a pathway with this schema: what the schema takes, before it transforms anything. */
export type InputOf<TSchema> = TSchema extends StandardSchemaV1
  ? StandardSchemaV1.InferInput<TSchema>
  : TSchema extends EventClass<infer TPayload>
    ? TPayload
    : unknown;

/** The fields of a file, as its handler gets them. */
export interface FileEventFields {
  fileId: string;
  fileName: string;
  /** MIME type; `application/octet-stream` when nothing tells. */
  fileType: string;
  /** All bytes, in the order of the parts. */
  fileContent: Blob;
  /** The parts as they were stored. Not enumerable. */
  readonly fileParts: readonly FilePart[];
}

/** `TPathways` with one pathway more. */
export type WithPathway<
  TPathways,
  TFlowType extends string,
  TEventType extends string,
  TSchema,
  TWritable extends boolean,
  TFile extends boolean,
> = TPathways & {
  readonly [Key in `${TFlowType}/${TEventType}`]: {
    readonly input: TFile extends true ? OwnFields<InputOf<TSchema>> & FileInput : InputOf<TSchema>;
    readonly payload: TFile extends true
      ? OwnFields<PayloadOf<TSchema>> & FileEventFields
      : PayloadOf<TSchema>;
    readonly writable: TWritable;
    readonly isFile: TFile;
  };
};

/** Without a schema nothing is known of a file's own fields; an event class of files declares the file's fields too. */
export type OwnFields<TFields> = unknown extends TFields
  ? Record<string, unknown>
  : Omit<TFields, keyof FileEventFields>;

/**
 * Keys that may be named: the registered ones. A builder of which the compiler knows no pathway takes every key, because
 * `register` cannot change the type of a variable it was called on; the key is then checked when it is used.
 */
export type RegisteredKey<TPathways> = [keyof TPathways] extends [never]
  ? PathwayKey
  : keyof TPathways & PathwayKey;

/** Of a key the compiler knows nothing about. */
export interface UnknownPathway {
  readonly input: unknown;
  readonly payload: Record<string, unknown>;
  readonly writable: true;
  readonly isFile: boolean;
}

/** What the compiler knows of a key. */
export type PathwayAt<TPathways, TKey> = TKey extends keyof TPathways ? TPathways[TKey] : UnknownPathway;

/** What the handlers and observers of a key get. */
export type EventPayload<TPathways, TKey> =
  PathwayAt<TPathways, TKey> extends { readonly payload: infer TPayload } ? TPayload : never;

/** What a writer gives to a key. */
export type InputAt<TPathways, TKey> =
  PathwayAt<TPathways, TKey> extends { readonly input: infer TInput } ? TInput : never;

/** Whether a key is a file pathway. */
export type IsFile<TPathways, TKey> =
  PathwayAt<TPathways, TKey> extends { readonly isFile: true } ? true : false;

/** The compiler shows it where a value is expected: it says why there is none. */
export type NotWritable<TKey extends string> =
  `The pathway ${TKey} is registered with writable: false, so it cannot be written here`;

/** What `write` takes for a key; a sentence where it may not be written. */
export type BuilderWrite<TPathways, TKey extends string> =
  PathwayAt<TPathways, TKey> extends { readonly writable: false }
    ? NotWritable<TKey>
    : BuilderEvent<
        InputAt<TPathways, TKey>,
        IsFile<TPathways, TKey> extends true ? FileWriteOptions : WriteOptions
      >;

/** What `write` takes for several events of a key; a sentence where they may not be written, or not together. */
export type BuilderBatchWrite<TPathways, TKey extends string> =
  PathwayAt<TPathways, TKey> extends { readonly writable: false }
    ? NotWritable<TKey>
    : IsFile<TPathways, TKey> extends true
      ? `Files of ${TKey} are written one at a time: batch is not possible for file pathways`
      : BuilderBatch<InputAt<TPathways, TKey>>;

/** One event to write. */
export interface BuilderEvent<TInput, TOptions = WriteOptions> {
  data: TInput;
  metadata?: WriteMetadata;
  options?: TOptions;
  batch?: false;
}

/** Several events of one pathway, stored in the order given. */
export interface BuilderBatch<TInput> {
  batch: true;
  data: readonly TInput[];
  metadata?: WriteMetadata;
  options?: WriteOptions;
}

/** What `write` resolves with: the event's id; one per part for a file. */
export type WrittenIds<TPathways, TKey> = IsFile<TPathways, TKey> extends true ? string[] : string;
