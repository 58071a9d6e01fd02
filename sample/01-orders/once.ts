import { randomUUID } from 'node:crypto';
import type { INestApplication } from '@nestjs/common';
import { PathwaysEngine, PumpManager } from 'nestjs-pathways';
import { OrdersProjector } from './orders/orders.projector.js';
import { OrdersReadModel } from './orders/orders.read-model.js';
import { ProgressBar } from './progress.bar.js';
import { referenceWriter } from './reference-writer.js';

const ORDERS = 1_000;
/** Every tenth order is written by the reference client instead of this application. */
const BY_REFERENCE = 10;
const AT_ONCE = 16;

/** Places orders, waits until all are projected, prints what happened. `false` when one is lost or handled twice. */
export async function placeOrders(app: INestApplication, url: string): Promise<boolean> {
  const engine = app.get(PathwaysEngine);
  const readModel = app.get(OrdersReadModel);
  const writeToOther = referenceWriter(engine.hosts.ingestion);
  const sentAt = new Map<string, number>();
  const latencies: number[] = [];
  const bar = new ProgressBar(ORDERS, process.stdout);
  app.get(OrdersProjector).onProjected(({ payload }) => {
    const sent = sentAt.get(payload.orderId);
    if (sent === undefined) return;
    latencies.push(performance.now() - sent);
    bar.addProjected(payload.orderId);
  });

  const run = randomUUID().slice(0, 8);
  const eventIds: string[] = [];
  const startedAt = performance.now();
  let next = 0;
  const placeNext = async (): Promise<void> => {
    for (let index = next++; index < ORDERS; index = next++) {
      const orderId = `${run}-${index}`;
      const order = { orderId, customer: 'Ada', total: index + 1, lines: [{ sku: 'tea', quantity: 2 }] };
      sentAt.set(orderId, performance.now());
      const eventId =
        index % BY_REFERENCE === 0 ? await writeToOther(order) : await post(`${url}/orders`, order);
      eventIds.push(eventId);
      bar.addWritten(orderId);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, placeNext));
  await app.get(PumpManager).drain();
  bar.end();
  const seconds = (performance.now() - startedAt) / 1000;

  const timesHandled = await readModel.timesHandled(eventIds);
  const times = eventIds.map((eventId) => timesHandled.get(eventId) ?? 0);
  const lost = times.filter((count) => count === 0).length;
  const duplicates = times.filter((count) => count > 1).length;
  latencies.sort((a, b) => a - b);
  const percentile = (share: number) =>
    (latencies[Math.floor(latencies.length * share)] ?? Number.NaN).toFixed(1);
  console.log(`
written      ${eventIds.length} (${Math.ceil(ORDERS / BY_REFERENCE)} by the reference client)
handled      ${times.filter((count) => count > 0).length}
duplicates   ${duplicates}
lost         ${lost}
write → handled   p50 ${percentile(0.5)} ms, p99 ${percentile(0.99)} ms
throughput   ${Math.round(ORDERS / seconds)} events/s
`);
  return lost === 0 && duplicates === 0 && eventIds.length === ORDERS;
}

async function post(url: string, order: unknown): Promise<string> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(order),
  });
  const body = (await response.json()) as { eventId?: string; message?: string };
  if (body.eventId === undefined)
    throw new Error(`The order was not accepted (${response.status}): ${body.message}`);
  return body.eventId;
}
