import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { AppModule } from './app.module.js';
import { closeOnSignal } from './close-on-signal.js';
import { flowcoreFolder } from './data-folder.js';

const app = await NestFactory.create<NestExpressApplication>(AppModule, { logger: ['log', 'warn', 'error'] });
closeOnSignal(() => app.close());

const port = Number(process.env['PORT'] ?? 3000);
await app.listen(port, '127.0.0.1').catch(async (error: NodeJS.ErrnoException) => {
  const isPort = error.syscall === 'listen';
  const advice = `Port ${port} cannot be used (${error.code}). Start with another one: PORT=3001 npm run start:documents`;
  console.error(isPort ? advice : error.message);
  await app.close();
  process.exit(1);
});
const url = await app.getUrl();

console.log(`
Running on ${url}; Ctrl-C stops it.
Events: Local Flowcore in ${flowcoreFolder}

Upload a document:
  curl -F file=@README.md -F documentType=contract -F department=legal ${url}/documents
List them:
  curl ${url}/documents
Download one, by the fileId the upload answered with:
  curl -OJ ${url}/documents/<fileId>
`);
