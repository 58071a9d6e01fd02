import { createServer } from 'node:net';
import { NatsUnavailableError, PathwaysConfigurationError } from 'nestjs-pathways';
import { natsNotifier, type NatsNotifierOptions } from 'nestjs-pathways/nats';
import { ControllableClock } from 'nestjs-pathways/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ownNatsServer, useNatsServer, type OwnNatsServerOptions } from '../support/nats-server.js';
import { startTcpRelay } from '../support/tcp-relay.js';
import { until, untilIn } from '../support/until.js';
import { NotificationRecorder } from './support/notification-recorder.js';

useNatsServer();

let clock: ControllableClock;
let recorder: NotificationRecorder;
const cleanups: (() => Promise<unknown>)[] = [];
beforeEach(() => {
  clock = new ControllableClock(0);
  recorder = new NotificationRecorder(clock);
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function nats(options?: OwnNatsServerOptions) {
  const server = await ownNatsServer(options);
  cleanups.push(() => server.remove());
  return server;
}

async function relay(targetPort?: number) {
  const started = await startTcpRelay(targetPort);
  cleanups.push(() => started.close());
  return started;
}

function subscribe(options: NatsNotifierOptions, flowType = 'order.0') {
  const nobody = { onStored() {}, onSomethingStored() {}, onConnected() {}, onDisconnected() {} };
  const subscription = recorder.watch(natsNotifier(options)).subscribe(flowType, nobody);
  cleanups.push(() => subscription.close());
  return subscription;
}

describe('messages', () => {
  it('of other data cores and flow types are not heard, nor those that name another flow type', async () => {
    const server = await nats();
    const publisher = await server.publisher();
    subscribe({ servers: server.url }, 'order');
    await until(() => recorder.connected === 1);

    const data = { eventId: 'e-1', flowType: 'order', eventType: 'placed' };
    const prefix = 'stored.event.notify.0';
    publisher.publish(`${prefix}.dc-2.order.placed`, JSON.stringify({ data }));
    publisher.publish(`${prefix}.dc-1.invoice.placed`, JSON.stringify({ data }));
    publisher.publish(`stored.event.notify.1.dc-1.order.placed`, JSON.stringify({ data }));
    // The subject of flow type "order.0" lies below that of "order".
    publisher.publish(
      `${prefix}.dc-1.order.0.placed`,
      JSON.stringify({ data: { ...data, flowType: 'order.0' } }),
    );
    publisher.publish(`${prefix}.dc-1.order.placed`, JSON.stringify({ data: { ...data, eventId: 'e-2' } }));
    await until(() => recorder.stored.length > 0);
    expect(recorder.stored).toEqual([{ eventId: 'e-2', flowType: 'order', eventType: 'placed' }]);
    expect(recorder.unspecified).toEqual([]);
  });

  it('that nobody can read only say that something was stored, and end nothing', async () => {
    const server = await nats();
    const publisher = await server.publisher();
    subscribe({ servers: server.url });
    await until(() => recorder.connected === 1);

    const malformed = ['', '{', 'null', '[]', '7', '{}', '{"data":null}', '{"data":{"eventId":1}}'];
    const subject = 'stored.event.notify.0.dc-1.order.0.order.placed.0';
    for (const payload of malformed) publisher.publish(subject, payload);
    publisher.publish(subject, new Uint8Array([0xff, 0xfe, 0x00]));
    await until(() => recorder.unspecified.length === malformed.length + 1);
    expect(new Set(recorder.unspecified)).toEqual(new Set(['order.placed.0']));
    expect(recorder).toMatchObject({ stored: [], errors: [], connected: 1 });
  });
});

describe('servers', () => {
  it('N8: one that accepts and never says a word is left for the next', async () => {
    const [mute, server] = [await relay(), await nats()];
    subscribe({ servers: [`127.0.0.1:${mute.port}`, server.url] });
    await until(() => mute.open === 1);
    await untilIn(clock, () => mute.open === 0);
    // The clock rests meanwhile: on a busy machine the time limit of the good one would run out on it as well.
    await until(() => recorder.connected === 1);
    expect(recorder.errors).toEqual([]);
  });

  it('one that is something else is refused with its name', async () => {
    const other = createServer((socket) => socket.on('error', () => {}).write('220 mail ready\r\n'));
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    cleanups.push(() => new Promise((resolve) => other.close(resolve)));
    const { port } = other.address() as { port: number };
    subscribe({ servers: `127.0.0.1:${port}` });
    await until(() => recorder.errors.length > 0);
    expect(recorder.errors[0]).toBeInstanceOf(NatsUnavailableError);
    expect(String(recorder.errors[0])).toContain(`127.0.0.1:${port} does not speak NATS`);
  });

  it('that want credentials get them, and say when they are wrong, without showing them', async () => {
    const server = await nats({ args: ['--user', 'shop', '--pass', 's3cr3t-pass'] });
    subscribe({ servers: server.url, user: 'shop', pass: 'wrong-pass' });
    await until(() => recorder.errors.length > 0);
    expect(String(recorder.errors[0])).toMatch(/refused the connection: .*authorization/i);
    expect(String(recorder.errors[0])).not.toContain('wrong-pass');
    expect(recorder.connected).toBe(0);

    subscribe({ servers: server.url, user: 'shop', pass: 's3cr3t-pass' });
    await until(() => recorder.connected === 1);
  });

  it('N6: 200 lost connections leave neither sockets nor timers', async () => {
    const server = await nats();
    const network = await relay(server.port);
    const subscription = subscribe({ servers: `127.0.0.1:${network.port}` });
    for (let times = 1; times <= 200; times++) {
      await until(() => recorder.connected === times);
      network.cut();
      await until(() => recorder.errors.length === times);
      // Longer than any wait before the next try, which begins only now.
      clock.advance(60_000);
    }
    expect(network.open).toBeLessThanOrEqual(2);
    await subscription.close();
    await until(() => network.open === 0);
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('options', () => {
  it.each<[string, object, string]>([
    ['no servers', {}, 'servers: must be host'],
    ['an empty list', { servers: [] }, 'servers: must name at least one'],
    ['another scheme', { servers: ['http://x:1'] }, 'servers[0]: must be host'],
    ['credentials in an address', { servers: 'nats://u:p@x' }, 'Credentials go into user and pass'],
    ['half of the credentials', { servers: 'x', user: 'u' }, 'pass: is missing'],
    ['an unknown key', { servers: 'x', server: 'y' }, 'server: is not an option'],
  ])('with %s are refused', (_, options, message) => {
    const create = () => natsNotifier(options as NatsNotifierOptions);
    expect(create).toThrow(PathwaysConfigurationError);
    expect(create).toThrow(message);
  });

  it.each(['x', 'x:4222', 'nats://x:4222', 'tls://x', '[::1]:4222', '127.0.0.1'])(
    'with the server %s are taken',
    (servers) => {
      expect(() => natsNotifier({ servers })).not.toThrow();
    },
  );
});
