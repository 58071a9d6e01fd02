import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { PumpManager } from 'nestjs-pathways';
import { AppModule } from './app.module.js';
import { placeOrders } from './once.js';

const isOnce = process.argv.includes('--once');

const app = await NestFactory.create<NestExpressApplication>(AppModule, { logger: ['log', 'warn', 'error'] });
app.enableShutdownHooks();

// A measurement must not collide with an application that is already running.
const port = isOnce ? 0 : Number(process.env['PORT'] ?? 3000);
await app.listen(port, '127.0.0.1').catch((error: NodeJS.ErrnoException) => {
  console.error(`Port ${port} cannot be used (${error.code}). Start with another one: PORT=3001 npm start`);
  process.exit(1);
});
const url = await app.getUrl();

console.log(`
Running on ${url}; the events are kept in ${process.env['PATHWAYS_DATA'] ?? '.pathways/01-orders'}. Ctrl-C stops it.

Place an order:
  curl -X POST ${url}/orders -H 'content-type: application/json' -d '{"orderId":"o-1","customer":"Ada","total":42,"lines":[{"sku":"tea","quantity":2}]}'
Read the read model:
  curl ${url}/orders
See the pump:
  curl ${url}/pumps
`);

if (isOnce) {
  await app.get(PumpManager).drain();
  const isSound = await placeOrders(app, url);
  await app.close();
  process.exit(isSound ? 0 : 1);
}
