import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import {
  BadRequestException,
  Body,
  Controller,
  Get,
  NotFoundException,
  Param,
  Post,
  StreamableFile,
  UploadedFile,
  UseInterceptors,
} from '@nestjs/common';
import { FileInterceptor } from '@nestjs/platform-express';
import { PathwayWriter } from 'nestjs-pathways';
import { uploadFolder } from '../data-folder.js';
import { DocumentUploaded, type DocumentType } from './document-uploaded.event.js';
import { DocumentsReadModel, type DocumentView } from './documents.read-model.js';

/** What the interceptor leaves of an upload. */
interface UploadOnDisk {
  readonly path: string;
  readonly originalname: string;
}

@Controller('documents')
export class DocumentsController {
  constructor(
    private readonly pathways: PathwayWriter,
    private readonly documents: DocumentsReadModel,
  ) {}

  /** Answers when the file is stored *and* projected. It goes from disk to the platform piece by piece. */
  @Post()
  @UseInterceptors(FileInterceptor('file', { dest: uploadFolder, defParamCharset: 'utf8' }))
  async upload(
    @UploadedFile() file: UploadOnDisk | undefined,
    @Body()
    { documentType = 'other', department = 'nobody' }: { documentType?: DocumentType; department?: string },
  ): Promise<{ fileId: string; eventIds: string[] }> {
    if (!file)
      throw new BadRequestException('Send the document as the form field "file": curl -F file=@name');
    const fileId = randomUUID();
    try {
      const eventIds = await this.pathways.write(DocumentUploaded, {
        data: {
          fileId,
          fileName: file.originalname,
          // A function and not a stream: a failed attempt can read the file again.
          fileContent: () => createReadStream(file.path),
          documentType,
          department,
        },
      });
      return { fileId, eventIds };
    } finally {
      await rm(file.path, { force: true });
    }
  }

  @Get()
  list(): DocumentView[] {
    return this.documents.list();
  }

  @Get(':fileId')
  async download(@Param('fileId') fileId: string): Promise<StreamableFile> {
    const document = this.documents.get(fileId);
    if (!document) throw new NotFoundException(`There is no document ${fileId}. List them: GET /documents`);
    const { fileContent, fileName, fileType } = document;
    return new StreamableFile(new Uint8Array(await fileContent.arrayBuffer()), {
      type: fileType,
      // A stranger chose the name, and perhaps a page with a script: it is saved, never shown.
      disposition: `attachment; filename*=UTF-8''${encodeURIComponent(fileName)}`,
    });
  }
}
