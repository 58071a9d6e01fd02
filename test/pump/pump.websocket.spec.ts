import type { Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { silentLogger } from '../../lib/event/logger.interface.js';
import { Authorization } from '../../lib/platform/authorization.js';
import { NotificationsClient } from '../../lib/platform/notifications.client.js';
import {
  frameOf,
  notificationsUnderTest,
  type TestNotifier,
} from '../../lib/platform/notifications.client.spec-util.js';
import { HOUR, PumpHarness, START, status } from '../support/pump-harness.js';
import { until } from '../support/until.js';

const POLL_MS = 2_000;

describe('a pump on a real WebSocket', () => {
  const { cleanups, serve } = notificationsUnderTest();
  let harness: PumpHarness;
  beforeEach(() => (harness = new PumpHarness()));
  afterEach(() => harness.close());

  async function pumpOn(url: string, pollIntervalMs = POLL_MS) {
    const notifications = new NotificationsClient({
      authorization: new Authorization('fc_ab12_s3cr3t'),
      tenant: 'acme',
      url,
      ids: { freshOfFlowType: () => Promise.resolve({ dataCoreId: 'dc-1', flowTypeId: 'ft-1' }) },
      clock: harness.clock,
      logger: silentLogger,
      random: () => 0.5,
    });
    cleanups.unshift(() => notifications.close());
    return harness.live({ notifications, options: { pollIntervalMs } });
  }

  /** Stores an event, and tells whoever is connected. */
  function announce(notifier: TestNotifier): string {
    const eventId = harness.platform.store({}, { silent: true });
    for (const { socket } of notifier.connections) {
      socket.send(frameOf(eventId, 'order.0', 'order.placed.0'), () => undefined);
    }
    return eventId;
  }

  it('N2: waits a hundred times on one connection, and hears of every event without time passing', async () => {
    const notifier = await serve();
    await pumpOn(notifier.url, HOUR);
    await until(() => notifier.connections[0]?.frames.length === 1);
    for (let times = 0; times < 100; times++) {
      const id = announce(notifier);
      await until(() => harness.processor.handled.includes(id));
    }
    expect(harness.clock.now()).toBe(START);
    expect(notifier.connections).toHaveLength(1);
    expect(notifier.connections[0]?.frames).toHaveLength(1);
  });

  const answerUpgrades = (notifier: TestNotifier, answer: (socket: Socket) => void) =>
    notifier['http']
      .removeAllListeners('upgrade')
      .on('upgrade', (_request, socket) => answer(socket as Socket));

  const misbehaviours: [string, () => Promise<TestNotifier>][] = [
    [
      'accepts and never answers',
      async () => {
        const notifier = await serve();
        answerUpgrades(notifier, (socket) => socket.resume().on('end', () => socket.destroy()));
        return notifier;
      },
    ],
    ['closes at once', () => serve((socket) => socket.close(1011))],
    ['says goodbye at once', () => serve((socket) => socket.close(1000))],
    [
      'is half-open',
      () =>
        serve((_socket, notifier) => {
          for (const socket of notifier.openSockets) socket.pause();
        }),
    ],
    [
      'sends wrong frames',
      () =>
        serve((socket) => {
          for (const frame of ['', '{', '{"message":5}', Buffer.from([0xff])]) socket.send(frame);
        }),
    ],
    [
      'rejects the subscription',
      () => serve((socket) => socket.send(JSON.stringify({ type: 'validation', summary: 'no' }))),
    ],
    [
      'refuses the credentials',
      async () => {
        const notifier = await serve();
        answerUpgrades(notifier, (socket) =>
          socket.end('HTTP/1.1 401 No\r\nconnection: close\r\ncontent-length: 0\r\n\r\n'),
        );
        return notifier;
      },
    ],
  ];

  it.each(misbehaviours)(
    'N8: hears of no event later than at its next look while the service %s for a minute',
    async (_, misbehaving) => {
      const notifier = await misbehaving();
      const manager = await pumpOn(notifier.url);
      await until(() => notifier.openSockets.size > 0 || notifier.connections.length > 0);
      for (let passed = 0; passed < 60_000; passed += POLL_MS) {
        const id = harness.platform.store({}, { silent: true });
        await harness.pass(POLL_MS);
        expect(harness.processor.handled.at(-1)).toBe(id);
      }
      await harness.awaiting(manager.stop());
      // A service that does not read would not see that its clients are gone.
      for (const socket of notifier.openSockets) socket.resume().on('end', () => socket.destroy());
      await until(() => notifier.openSockets.size === 0);
      expect(harness.clock.pendingTimers).toBe(0);
    },
  );

  it('N1: a restart of the service during a flood delays no event beyond the next look, and repeats none', async () => {
    const first = await serve();
    const manager = await pumpOn(first.url);
    await until(() => first.connections[0]?.frames.length === 1);
    const { port } = first;
    const ids = Array.from({ length: 100 }, () => announce(first));
    const stopped = first.stop();
    ids.push(...Array.from({ length: 100 }, () => announce(first)));
    await stopped;
    const second = await serve(undefined, { port });
    ids.push(...Array.from({ length: 100 }, () => announce(second)));
    await harness.pass(POLL_MS);
    expect(harness.processor.handled).toEqual(ids);

    // It hears again: nothing else tells before the next look.
    while (second.connections[0]?.frames.length !== 1) await harness.pass(10, 10);
    await harness.until(() => status(manager).state === 'live', 'live');
    const before = harness.clock.now();
    const id = announce(second);
    await until(() => harness.processor.handled.includes(id));
    expect(harness.clock.now()).toBe(before);
  });
});
