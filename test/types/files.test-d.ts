// Type tests hold at compile time: `npm run typecheck` fails when one of them does not. Nothing here is ever run.
import { Readable } from 'node:stream';
import { expectTypeOf } from 'vitest';
import {
  type FileContent,
  FilePayload,
  type FileProgress,
  type FileWriteInput,
  Pathway,
  type PathwayEvent,
  type PathwayWriter,
} from 'nestjs-pathways';
import { OrderPlaced } from './contracts.js';

@Pathway({ flowType: 'document.0', eventType: 'uploaded.0', isFilePathway: true })
class DocumentUploaded extends FilePayload {
  department!: string;
  tags?: string[];
}

declare const writer: PathwayWriter;
declare const bytes: Buffer;
const data = { fileId: 'f-1', fileName: 'a.pdf', fileContent: bytes, department: 'sales' };

// One file gives the ids of its events, also by key.
expectTypeOf(writer.write(DocumentUploaded, { data })).toEqualTypeOf<Promise<string[]>>();
expectTypeOf(writer.write('document.0/uploaded.0', { data })).toEqualTypeOf<Promise<string[]>>();
expectTypeOf(writer.write(OrderPlaced, { data: { orderId: 'o-1', total: 3 } })).toEqualTypeOf<
  Promise<string>
>();

// Any source of bytes.
declare const web: ReadableStream<Uint8Array>;
const sources: FileContent[] = [
  bytes,
  new Uint8Array(3),
  new Blob([]),
  Readable.from([]),
  web,
  () => Readable.from([]),
  async () => web,
];
for (const fileContent of sources) void writer.write(DocumentUploaded, { data: { ...data, fileContent } });
void writer.write(DocumentUploaded, { data: { ...data, fileType: 'text/csv', tags: ['a'] } });
void writer.write(DocumentUploaded, {
  data,
  metadata: { who: 'Ada' },
  options: { onProgress: (progress) => expectTypeOf(progress).toEqualTypeOf<FileProgress>() },
});

// @ts-expect-error the class has a field more
void writer.write(DocumentUploaded, { data: { fileId: 'f', fileName: 'a', fileContent: bytes } });
// @ts-expect-error a file has content
void writer.write(DocumentUploaded, { data: { fileId: 'f', fileName: 'a', department: 'sales' } });
// @ts-expect-error text is no content: its encoding would be a guess
void writer.write(DocumentUploaded, { data: { ...data, fileContent: 'text' } });
// @ts-expect-error the class has no field of this name
void writer.write(DocumentUploaded, { data: { ...data, departmnt: 'sales' } });
// @ts-expect-error files are written one by one
void writer.write(DocumentUploaded, { batch: true, data: [data] });
declare const read: DocumentUploaded;
// @ts-expect-error also those that a handler got
void writer.write(DocumentUploaded, { batch: true, data: [read] });
// @ts-expect-error only files have progress
void writer.write(OrderPlaced, { data: { orderId: 'o-1', total: 3 }, options: { onProgress: () => {} } });

// A handler has the whole file beside the class's own fields.
declare const event: PathwayEvent<DocumentUploaded>;
expectTypeOf(event.payload.fileContent).toEqualTypeOf<Blob>();
expectTypeOf(event.payload.fileId).toEqualTypeOf<string>();
expectTypeOf(event.payload.department).toEqualTypeOf<string>();
expectTypeOf(event.payload.fileParts[0]).not.toBeAny();
// Written again as it was read.
void writer.write(DocumentUploaded, { data: { ...event.payload, fileId: 'copy' } });
expectTypeOf<FileWriteInput<DocumentUploaded>['data']['department']>().toEqualTypeOf<string>();
