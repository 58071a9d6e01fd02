import { natsNotifier, type NatsNotifierOptions } from 'nestjs-pathways/nats';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  ownNatsServer,
  useNatsServer,
  type OwnNatsServer,
  type OwnNatsServerOptions,
} from '../support/nats-server.js';
import { HOUR, PumpHarness, START, status } from '../support/pump-harness.js';
import { startTcpRelay, type TcpRelay } from '../support/tcp-relay.js';
import { until, untilIn } from '../support/until.js';
import { NotificationRecorder } from './support/notification-recorder.js';

const SUBJECT = 'stored.event.notify.0.dc-1.order.0.order.placed.0';

useNatsServer();

let harness: PumpHarness;
let recorder: NotificationRecorder;
const cleanups: (() => Promise<unknown>)[] = [];
beforeEach(() => {
  harness = new PumpHarness();
  recorder = new NotificationRecorder(harness.clock);
});
afterEach(async () => {
  await harness.close();
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function nats(options?: OwnNatsServerOptions): Promise<OwnNatsServer> {
  const server = await ownNatsServer(options);
  cleanups.push(() => server.remove());
  return server;
}

async function relay(targetPort?: number): Promise<TcpRelay> {
  const started = await startTcpRelay(targetPort);
  cleanups.push(() => started.close());
  return started;
}

/** A pump that has caught up and looks again in an hour only. */
function pumpOn(servers: NatsNotifierOptions['servers']) {
  const notifications = recorder.watch(natsNotifier({ servers }));
  const notifier = { createNotifier: () => notifications };
  return harness.live({ notifications, options: { notifier, pollIntervalMs: HOUR } });
}

/** Time passes in small steps, and never as much as the pump needs to look by itself. */
async function soon(condition: () => boolean): Promise<void> {
  await untilIn(harness.clock, condition);
  expect(harness.clock.now() - START).toBeLessThan(HOUR / 2);
}

const announcement = (eventId: string, names: object = { flowType: 'order.0' }) =>
  JSON.stringify({
    pattern: 'stored.event.notify.0',
    data: { tenant: 'acme', eventId, eventType: 'order.placed.0', ...names },
  });

describe('a pump with the notifier nats', () => {
  it.each<[string, (eventId: string) => string]>([
    ['names it', (eventId) => announcement(eventId)],
    ['names it in the older words', (eventId) => announcement(eventId, { aggregator: 'order.0' })],
    ['has no payload', () => ''],
    ['has a payload nobody can read', () => '{"data":{"eventId":7}}'],
  ])('handles an event because of a message that %s', async (_, payloadOf) => {
    const server = await nats();
    const publisher = await server.publisher();
    await pumpOn(server.url);
    await until(() => recorder.connected === 1);

    const id = harness.platform.store({}, { silent: true });
    publisher.publish(SUBJECT, payloadOf(id));
    await until(() => harness.processor.handled.includes(id));
    expect(harness.clock.now()).toBe(START);
  });

  it('handles a backdated event its notification names, far behind the cursor', async () => {
    const server = await nats();
    const publisher = await server.publisher();
    harness.platform.store();
    await pumpOn(server.url);
    await until(() => recorder.connected === 1);

    const late = harness.platform.store({ at: START - 5 * HOUR }, { silent: true });
    publisher.publish(SUBJECT, announcement(late));
    await until(() => harness.processor.handled.includes(late));
  });

  it('N6: a first connect that fails is tried again, and what was missed meanwhile is found', async () => {
    const server = await nats({ start: false });
    harness.platform.store({ at: START - HOUR });
    harness.platform.store();
    await pumpOn(server.url);
    await soon(() => recorder.errors.length >= 3);
    expect(String(recorder.errors[0])).toContain('cannot be reached');
    const late = harness.platform.store({ at: START - 200_000 }, { silent: true });

    await server.start();
    await soon(() => harness.processor.handled.includes(late));
    expect(recorder.connected).toBe(1);
    const id = harness.platform.store({}, { silent: true });
    (await server.publisher()).publish(SUBJECT, announcement(id));
    await until(() => harness.processor.handled.includes(id));
  });

  it('finds what was stored while its server was killed and restarted, and hears on', async () => {
    const server = await nats();
    harness.platform.store({ at: START - HOUR });
    harness.platform.store();
    await pumpOn(server.url);
    await until(() => recorder.connected === 1);
    await server.crash();
    await until(() => recorder.errors.length > 0);
    const late = harness.platform.store({ at: START - 200_000 }, { silent: true });

    await server.start();
    await soon(() => harness.processor.handled.includes(late));
    const id = harness.platform.store({}, { silent: true });
    (await server.publisher()).publish(SUBJECT, announcement(id));
    await until(() => harness.processor.handled.includes(id));
    expect(harness.processor.handled).toHaveLength(4);
  });

  it('N8: gives up a half-open connection and finds what it missed', async () => {
    const server = await nats();
    const network = await relay(server.port);
    harness.platform.store({ at: START - HOUR });
    harness.platform.store();
    await pumpOn(`127.0.0.1:${network.port}`);
    await until(() => recorder.connected === 1);
    network.freeze();
    const late = harness.platform.store({ at: START - 200_000 }, { silent: true });

    await soon(() => recorder.errors.length > 0);
    expect(String(recorder.errors[0])).toContain('does not answer any more');
    await soon(() => harness.processor.handled.includes(late));
    await until(() => network.open === 1);
  });
});

describe('N7: a stop without time passing', () => {
  async function stopped(): Promise<void> {
    const before = harness.clock.now();
    await Promise.all(harness.managers.map((manager) => manager.stop({ timeoutMs: 0 })));
    expect(harness.clock.now()).toBe(before);
    expect(harness.clock.pendingTimers).toBe(0);
    expect(status(harness.managers[0]!).state).toBe('stopped');
  }

  it('ends a connect to a server that accepts and never says a word', async () => {
    const mute = await relay();
    await pumpOn(`127.0.0.1:${mute.port}`);
    await until(() => mute.open === 1);
    await stopped();
    await until(() => mute.open === 0);
    expect(recorder).toMatchObject({ connected: 0, errors: [] });
  });

  it('ends a connection that stands', async () => {
    const server = await nats();
    const network = await relay(server.port);
    await pumpOn(`127.0.0.1:${network.port}`);
    await until(() => recorder.connected === 1);
    await stopped();
    await until(() => network.open === 0);
    expect(recorder.errors).toEqual([]);
  });

  it('ends the wait for the next try', async () => {
    const server = await nats({ start: false });
    await pumpOn(server.url);
    await until(() => recorder.errors.length === 1);
    await stopped();
  });

  it('ends the look-up of the data core', async () => {
    recorder.lookUp = (signal) =>
      new Promise((_resolve, reject) =>
        signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true }),
      );
    await pumpOn('127.0.0.1:1');
    await until(() => recorder.lookUps === 1);
    await stopped();
  });

  it('lets it connect again after a new start', async () => {
    const server = await nats();
    const manager = await pumpOn(server.url);
    await until(() => recorder.connected === 1);
    await stopped();
    await manager.start();
    await until(() => recorder.connected === 2);
  });
});
