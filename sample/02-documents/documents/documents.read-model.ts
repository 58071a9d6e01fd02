import { Injectable } from '@nestjs/common';
import type { DocumentUploaded } from './document-uploaded.event.js';

/** What the HTTP side answers with. */
export interface DocumentView {
  readonly fileId: string;
  readonly fileName: string;
  readonly fileType: string;
  readonly size: number;
  readonly documentType: string;
  readonly department: string;
}

/** The documents as a query sees them: in memory, and filled from the log at every start. */
@Injectable()
export class DocumentsReadModel {
  private readonly documents = new Map<string, DocumentUploaded>();

  put(document: DocumentUploaded): void {
    this.documents.set(document.fileId, document);
  }

  list(): DocumentView[] {
    return [...this.documents.values()].map(viewOf);
  }

  get(fileId: string): DocumentUploaded | undefined {
    return this.documents.get(fileId);
  }
}

function viewOf({
  fileId,
  fileName,
  fileType,
  fileContent,
  documentType,
  department,
}: DocumentUploaded): DocumentView {
  return { fileId, fileName, fileType, size: fileContent.size, documentType, department };
}
