import { Module } from '@nestjs/common';
import { SampleDatabase } from './sample.database.js';

@Module({
  providers: [{ provide: SampleDatabase, useFactory: () => SampleDatabase.open() }],
  exports: [SampleDatabase],
})
export class DatabaseModule {}
