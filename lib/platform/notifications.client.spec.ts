import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, expect, it, vi } from 'vitest';
import { PlatformNotFoundError } from '../errors/platform-not-found.error.js';
import { PlatformRequestError } from '../errors/platform-request.error.js';
import { PlatformUnauthorizedError } from '../errors/platform-unauthorized.error.js';
import { frameOf, notificationsUnderTest } from './notifications.client.spec-util.js';

describe('notifications', () => {
  const { serve, subscribe, autoReconnecting } = notificationsUnderTest();

  it('subscribe with names and ids, and announce what is stored', async () => {
    const notifier = await serve((socket) => socket.send(frameOf('e-1')));
    const { listener } = subscribe(notifier.url);
    await vi.waitFor(() =>
      expect(listener.stored).toEqual([{ eventId: 'e-1', flowType: 'order.0', eventType: 'placed' }]),
    );
    expect(listener.connected).toBe(1);
    const [connection] = notifier.connections;
    expect(connection!.request.url).toBe('/notifications?api_key=fc_ab12_s3cr3t&api_key_id=ab12');
    expect(connection!.frames.map((frame) => JSON.parse(frame) as unknown)).toEqual([
      { tenant: 'acme', dataCoreId: 'dc-1', flowTypeId: 'ft-1' },
    ]);
  });

  it('of other flow types, garbage and binary frames harm nothing', async () => {
    const notifier = await serve((socket) => {
      const garbage = [
        '',
        '{',
        'null',
        '[]',
        '7',
        '{}',
        '{"message":5}',
        '{"message":"{"}',
        '{"message":"{}"}',
      ];
      for (const frame of [...garbage, '{"message":"{\\"data\\":{\\"eventId\\":1}}"}']) socket.send(frame);
      socket.send(Buffer.from([0xff, 0xfe, 0x00]));
      socket.send(frameOf('foreign', 'invoice.0'));
      socket.send(Buffer.from(frameOf('binary')), { binary: true });
    });
    const { listener, logger } = subscribe(notifier.url);
    await vi.waitFor(() => expect(listener.stored.map(({ eventId }) => eventId)).toEqual(['binary']));
    expect(listener.errors).toEqual([]);
    expect(logger.lines.filter(({ level }) => level === 'debug')).toHaveLength(11);
    expect(logger.lines.filter(({ level }) => level === 'error')).toEqual([]);
  });

  it('report a rejected subscription and try again later, ever less often', async () => {
    const rejection = JSON.stringify({
      type: 'validation',
      summary: 'bad',
      message: 'no fc_ab12_s3cr3t here',
    });
    const notifier = await serve((socket) => socket.send(rejection));
    const { listener, clock } = subscribe(notifier.url);
    for (const delayMs of [1_000, 2_000, 4_000]) {
      await vi.waitFor(() => expect(clock.has(delayMs)).toBe(true));
      clock.advance(delayMs);
    }
    await vi.waitFor(() => expect(listener.errors).toHaveLength(4));
    expect(listener.errors[0]).toBeInstanceOf(PlatformRequestError);
    expect(String(listener.errors[0])).toContain('"bad: no *** here"');
  });

  it.each([
    [401, PlatformUnauthorizedError],
    [403, PlatformUnauthorizedError],
    [502, PlatformRequestError],
  ])('say what an upgrade answered with %i means, without the key', async (status, errorClass) => {
    const notifier = await serve();
    notifier['http'].removeAllListeners('upgrade').on('upgrade', (_request, socket) => {
      socket.end(`HTTP/1.1 ${status} No\r\nconnection: close\r\ncontent-length: 0\r\n\r\n`);
    });
    const { listener } = subscribe(notifier.url);
    await vi.waitFor(() => expect(listener.errors).toHaveLength(1));
    expect(listener.errors[0]).toBeInstanceOf(errorClass);
    expect(listener.errors[0]).toMatchObject({ status });
    expect(JSON.stringify(listener.errors[0]) + String(listener.errors[0])).not.toContain('s3cr3t');
  });

  it('wait for a flow type that does not exist yet', async () => {
    const notifier = await serve();
    const info = { method: 'GET', url: 'x', attempts: 1 };
    let lookups = 0;
    const ids = {
      freshOfFlowType: () =>
        ++lookups < 3
          ? Promise.reject(new PlatformNotFoundError('not yet', info, 404))
          : Promise.resolve({ dataCoreId: 'dc-1', flowTypeId: 'ft-1' }),
    };
    const { listener } = subscribe(notifier.url, { ids, clock: autoReconnecting() });
    await vi.waitFor(() => expect(listener.connected).toBe(1));
    expect(listener.errors).toHaveLength(2);
  });

  it('survive a listener that throws', async () => {
    const notifier = await serve((socket) => {
      socket.send(frameOf('e-1'));
      socket.send(frameOf('e-2'));
    });
    const { listener, logger } = subscribe(notifier.url);
    const seen: string[] = [];
    listener.onStored = ({ eventId }) => {
      seen.push(eventId);
      throw new Error('listener broke');
    };
    await vi.waitFor(() => expect(seen).toEqual(['e-1', 'e-2']));
    expect(logger.lines.filter(({ level }) => level === 'error')).toHaveLength(2);
  });

  it('run outside the request that subscribed', async () => {
    const storage = new AsyncLocalStorage<string>();
    const seen: unknown[] = [];
    const notifier = await serve((socket, { connections }) => {
      socket.send(frameOf('e'));
      if (connections.length <= 2) setImmediate(() => socket.close(1011));
    });
    const { client } = subscribe(notifier.url, { clock: autoReconnecting() });
    const note = () => void seen.push(storage.getStore());
    storage.run('request 1', () =>
      client.subscribe('order.0', {
        onStored: note,
        onSomethingStored: note,
        onConnected: note,
        onDisconnected: note,
      }),
    );
    await vi.waitFor(() => expect(seen.length).toBeGreaterThanOrEqual(4));
    expect(new Set(seen)).toEqual(new Set([undefined]));
  });
});
