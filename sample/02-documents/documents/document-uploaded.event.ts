import { IsIn, IsString } from 'class-validator';
import { FilePayload, Pathway } from 'nestjs-pathways';

const DOCUMENT_TYPES = ['invoice', 'receipt', 'contract', 'other'] as const;
export type DocumentType = (typeof DOCUMENT_TYPES)[number];

/** `fileId`, `fileName`, `fileType` and `fileContent` come with FilePayload. */
@Pathway({
  flowType: 'document.0',
  eventType: 'document.uploaded.0',
  description: 'Somebody uploaded a document',
  isFilePathway: true,
})
export class DocumentUploaded extends FilePayload {
  @IsIn(DOCUMENT_TYPES) documentType!: DocumentType;
  @IsString() department!: string;
}
