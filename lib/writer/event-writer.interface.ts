import type { FilePayload } from '../contract/file-payload.js';
import type { EventClass } from '../contract/pathway.options.js';
import type { PathwayKey } from '../event/pathway-key.util.js';
import type { OutboxReference } from '../state/outbox-reference.js';
import type { BatchItem, FileInput, FileWrite, FileWriteInput } from './files/file-write.input.js';
import type { BatchWriteInput, OutboxWriteOptions, WriteInput } from './write.options.js';

/** A pathway, named by its event class or by its key. */
export type PathwayTarget<TPayload = unknown> = EventClass<TPayload> | PathwayKey;

/** What a write takes, whatever it is of. */
export type AnyWriteInput = WriteInput<unknown> | BatchWriteInput<unknown> | FileWriteInput<unknown>;

/** Writes events: the writer itself, or one of its sessions. */
export interface EventWriter {
  write<TPayload extends FilePayload>(
    target: EventClass<TPayload>,
    input: FileWriteInput<NoInfer<TPayload>>,
  ): Promise<string[]>;
  // By key there is no class to tell files from events; data with the fields of a file does.
  write<TData extends FileInput>(target: PathwayKey, input: FileWrite<TData>): Promise<string[]>;
  // NoInfer: the class alone says what a payload is. Else a list with a wrong item is taken for a list of a wider type.
  write<TPayload>(
    target: PathwayTarget<TPayload>,
    input: BatchWriteInput<BatchItem<NoInfer<TPayload>>> & { options: OutboxWriteOptions },
  ): Promise<OutboxReference[]>;
  write<TPayload>(
    target: PathwayTarget<TPayload>,
    input: WriteInput<NoInfer<TPayload>> & { options: OutboxWriteOptions },
  ): Promise<OutboxReference>;
  write<TPayload>(
    target: PathwayTarget<TPayload>,
    input: BatchWriteInput<BatchItem<NoInfer<TPayload>>>,
  ): Promise<string[]>;
  write<TPayload>(target: PathwayTarget<TPayload>, input: WriteInput<NoInfer<TPayload>>): Promise<string>;
}
