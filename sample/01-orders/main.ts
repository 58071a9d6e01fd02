import 'reflect-metadata';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { PumpManager } from 'nestjs-pathways';
import { AppModule } from './app.module.js';
import { closeOnSignal } from './close-on-signal.js';
import { flowcoreFolder } from './database/data-folder.js';
import { SampleDatabase } from './database/sample.database.js';
import { placeOrders } from './once.js';

const isOnce = process.argv.includes('--once');

const app = await NestFactory.create<NestExpressApplication>(AppModule, { logger: ['log', 'warn', 'error'] });
const database = app.get(SampleDatabase);
const close = async (): Promise<void> => {
  await app.close();
  await database.stop();
};
closeOnSignal(close);

// A measurement must not collide with an application that is already running.
const port = isOnce ? 0 : Number(process.env['PORT'] ?? 3000);
await app.listen(port, '127.0.0.1').catch(async (error: NodeJS.ErrnoException) => {
  const isPort = error.syscall === 'listen';
  const advice = `Port ${port} cannot be used (${error.code}). Start with another one: PORT=3001 npm start`;
  console.error(isPort ? advice : error.message);
  await close();
  process.exit(1);
});
const url = await app.getUrl();

console.log(`
Running on ${url}; Ctrl-C stops it.
Events: Local Flowcore in ${flowcoreFolder}
Orders: ${database.place}
Keep the two together; to begin anew, delete both.

Place an order:
  curl -X POST ${url}/orders -H 'content-type: application/json' -H 'x-user: ada' -H 'x-session: s-1' -d '{"orderId":"o-1","customer":"Ada","total":42,"lines":[{"sku":"tea","quantity":2}]}'
Give its customer's address, which is stored encrypted:
  curl -X PUT ${url}/orders/o-1/contact -H 'content-type: application/json' -d '{"email":"ada@example.com"}'
Read the read model; it says who placed what, in which session:
  curl ${url}/orders
See the pump:
  curl ${url}/pumps
`);

if (isOnce) {
  await app.get(PumpManager).drain();
  const isSound = await placeOrders(app, url);
  await close();
  process.exit(isSound ? 0 : 1);
}
