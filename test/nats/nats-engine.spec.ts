import { createPathwayContract, PathwaysEngine, type PumpNotifier } from 'nestjs-pathways';
import { startLocalFlowcore } from 'nestjs-pathways/local';
import { natsNotifier } from 'nestjs-pathways/nats';
import { afterEach, expect, it } from 'vitest';
import { rawWrite } from '../interop/raw-write.js';
import { ownNatsServer, useNatsServer } from '../support/nats-server.js';
import { until } from '../support/until.js';

const HOUR = 3_600_000;
const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

useNatsServer();

it.each<[string, (url: string) => PumpNotifier]>([
  ['natsNotifier', (url) => natsNotifier({ servers: url })],
  ['the form of the reference client', (url) => ({ type: 'nats', natsServers: [url] })],
])('N4: with %s events come over NATS, and no WebSocket is opened', async (_, notifierOf) => {
  const server = await ownNatsServer();
  cleanups.push(() => server.remove());
  const local = await startLocalFlowcore({ logger: quiet });
  cleanups.push(() => local.stop());
  await rawWrite(local, 'acme/shop/a.0/b.0', { n: 0 });
  const engine = new PathwaysEngine({
    baseUrl: local.url,
    tenant: 'acme',
    dataCore: 'shop',
    logger: quiet,
    pump: { startFrom: 'beginning', pollIntervalMs: HOUR, notifier: notifierOf(server.url) },
  });
  cleanups.push(() => engine.stop());
  const seen: number[] = [];
  engine.addContract(createPathwayContract({ flowType: 'a.0', eventType: 'b.0' }, { declaredBy: 'test' }));
  engine.handlers.addHandler({
    pathway: 'a.0/b.0',
    where: 'test',
    invoke: (event) => void seen.push((event.payload as { n: number }).n),
  });
  await engine.start();
  await until(() => seen.includes(0));

  const dataCore = await engine.client.resources.dataCore();
  const publisher = await server.publisher();
  // The engine does not tell when its subscription stands: announce until one is heard.
  for (let n = 1; seen.length < 3; n++) {
    const [eventId] = await rawWrite(local, 'acme/shop/a.0/b.0', { n });
    const data = { eventId, dataCoreId: dataCore.id, flowType: 'a.0', eventType: 'b.0' };
    publisher.publish(`stored.event.notify.0.${dataCore.id}.a.0.b.0`, JSON.stringify({ data }));
    await publisher.flush();
  }
  expect(local.stats.openSockets.notifications).toBe(0);
});
