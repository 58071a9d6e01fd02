import 'reflect-metadata';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { startLocalFlowcore } from 'nestjs-pathways/local';
import { Ledger } from './ledger.js';
import { ManagedDelivery } from './managed-delivery.js';
import { OrderBook, STEPS } from './order.book.js';
import { SampleDatabase } from './sample.database.js';
import { startService as step0 } from './step-0-reference/service.js';
import { startService as step1 } from './step-1-import/service.js';
import { startService as step2 } from './step-2-hosted/service.js';
import { startService as step3 } from './step-3-decorators/service.js';
import type { OrderService, Surroundings } from './surroundings.js';
import { Till } from './till.js';

/** Orders per step, and orders of the till while a step is put in place of the former. Each is two events. */
const ORDERS = 10;
const ORDERS_MEANWHILE = 10;

const flowcore = await startLocalFlowcore();
const database = await SampleDatabase.open();
const book = await OrderBook.open(database.url);
const surroundings: Surroundings = {
  flowcoreUrl: flowcore.url,
  database: database.address,
  webhook: { port: await freePort(), secret: randomUUID() },
  book,
};
const till = new Till(flowcore.url);
const ledger = new Ledger();
const run = randomUUID().slice(0, 8);

const delivery = await ManagedDelivery.start(surroundings);
let service: OrderService | undefined;
for (const [step, start] of [step0, step1, step2, step3].entries()) {
  service = await replace(service, step, start);
  console.log(`Step ${step}: ${STEPS[step]}`);
  for (let n = 0; n < ORDERS; n++) {
    const orderId = `${run}-${step}-${n}`;
    ledger.add(step, false, [await service.place({ orderId, customer: 'Ada', total: 42 })]);
    ledger.add(step, false, [await service.pay({ orderId, amount: 42 })]);
  }
  await service.drain();
  // From here on the pumps bring everything.
  if (step === 1) await delivery.end();
}
await service?.stop();

const isSound = await ledger.report(book);
await book.close();
await flowcore.stop();
await database.stop();
process.exit(isSound ? 0 : 1);

/** Ends the former step and begins the next one. The till goes on selling: before, during and after the end. */
async function replace(
  former: OrderService | undefined,
  step: number,
  start: (surroundings: Surroundings) => Promise<OrderService>,
): Promise<OrderService> {
  if (!former) return start(surroundings);
  const sellSome = async (from: number, to: number) => {
    for (let n = from; n < to; n++) ledger.add(step, true, await till.sell(`${run}-${step}-till-${n}`));
  };
  const half = ORDERS_MEANWHILE / 2;
  await Promise.all([sellSome(0, half), former.stop()]);
  await sellSome(half, ORDERS_MEANWHILE);
  book.step = step;
  return start(surroundings);
}

/** The platform must know the address before the service has one. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
