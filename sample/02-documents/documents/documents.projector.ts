import { Injectable, Logger } from '@nestjs/common';
import { OnEvent, type PathwayEvent } from 'nestjs-pathways';
import { DocumentUploaded } from './document-uploaded.event.js';
import { DocumentsReadModel } from './documents.read-model.js';

@Injectable()
export class DocumentsProjector {
  private readonly logger = new Logger(DocumentsProjector.name);

  constructor(private readonly documents: DocumentsReadModel) {}

  @OnEvent(DocumentUploaded)
  store({ payload }: PathwayEvent<DocumentUploaded>): void {
    const { fileName, fileType, fileContent, fileParts } = payload;
    this.documents.put(payload);
    this.logger.log(`${fileName} (${fileType}): ${fileContent.size} bytes in ${fileParts.length} event(s)`);
  }
}
