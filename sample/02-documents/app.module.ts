import { Module } from '@nestjs/common';
import { PathwaysModule } from 'nestjs-pathways';
import { flowcoreFolder } from './data-folder.js';
import { DocumentsController } from './documents/documents.controller.js';
import { DocumentsProjector } from './documents/documents.projector.js';
import { DocumentsReadModel } from './documents/documents.read-model.js';

@Module({
  imports: [
    // No account and no database: Local Flowcore keeps the events in a folder, and the documents are put together from
    // them at every start.
    PathwaysModule.forRoot({
      tenant: 'acme',
      dataCore: 'shop',
      local: { data: flowcoreFolder },
      pump: { startFrom: 'beginning' },
    }),
  ],
  controllers: [DocumentsController],
  providers: [DocumentsReadModel, DocumentsProjector],
})
export class AppModule {}
