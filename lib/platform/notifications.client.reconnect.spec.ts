import { describe, expect, it, vi } from 'vitest';
import { CONNECT_TIMEOUT_MS, PING_INTERVAL_MS } from './notification.socket.js';
import { frameOf, notificationsUnderTest, RECONNECT_DELAYS } from './notifications.client.spec-util.js';

describe('notifications', () => {
  const { cleanups, serve, subscribe, autoReconnecting } = notificationsUnderTest();

  it.each([1000, 1011, 4001])('N1: go on after the server closed with code %i', async (code) => {
    const notifier = await serve((socket, { connections }) => {
      if (connections.length === 1) socket.close(code);
      else socket.send(frameOf('after'));
    });
    const { listener } = subscribe(notifier.url, { clock: autoReconnecting() });
    await vi.waitFor(() => expect(listener.stored).toHaveLength(1));
    expect(listener.connected).toBe(2);
    expect(String(listener.errors[0])).toContain(`code ${code}`);
  });

  it('N1: go on after the server was restarted', async () => {
    const first = await serve();
    const { listener, clock } = subscribe(first.url);
    await vi.waitFor(() => expect(listener.connected).toBe(1));
    const { port } = first;
    await first.stop();
    await vi.waitFor(() => expect(clock.has(1_000)).toBe(true));
    clock.advance(1_000);
    await vi.waitFor(() => expect(clock.has(2_000)).toBe(true));
    await serve((socket) => socket.send(frameOf('after')), { port });
    clock.advance(2_000);
    await vi.waitFor(() => expect(listener.stored).toHaveLength(1));
    expect(listener.errors).toHaveLength(2);
  });

  it('are dialled ever less often, up to every 30 s, and often again after a stable time', async () => {
    let isStable = false;
    const notifier = await serve((socket) => {
      if (!isStable) socket.close(1011);
    });
    const { listener, clock } = subscribe(notifier.url);
    for (const delayMs of RECONNECT_DELAYS) {
      await vi.waitFor(() => expect(clock.has(delayMs)).toBe(true), { interval: 1 });
      clock.advance(delayMs);
    }
    await vi.waitFor(() => expect(clock.has(30_000)).toBe(true), { interval: 1 });
    isStable = true;
    const connected = listener.connected;
    clock.advance(30_000);
    await vi.waitFor(() => expect(listener.connected).toBe(connected + 1));
    for (let pings = 0; pings < 3; pings++) {
      const { socket } = notifier.connections.at(-1)!;
      const pinged = new Promise((resolve) => socket.once('ping', resolve));
      clock.advance(PING_INTERVAL_MS);
      await pinged;
      // The pong must be in before the next interval; a frame behind it on the same connection proves that.
      const seen = listener.stored.length;
      socket.send(frameOf(`after ping ${pings}`));
      await vi.waitFor(() => expect(listener.stored.length).toBe(seen + 1), { interval: 1 });
    }
    notifier.connections.at(-1)!.socket.close(1011);
    await vi.waitFor(() => expect(clock.has(1_000)).toBe(true));
  });

  it('N8: notice a half-open connection that answers no ping', async () => {
    const notifier = await serve(undefined, { autoPong: false });
    const { listener, clock } = subscribe(notifier.url);
    await vi.waitFor(() => expect(listener.connected).toBe(1));
    clock.advance(PING_INTERVAL_MS);
    expect(listener.errors).toEqual([]);
    clock.advance(PING_INTERVAL_MS);
    await vi.waitFor(() => expect(String(listener.errors[0])).toContain('does not answer pings'));
    await vi.waitFor(() => expect(notifier.openSockets.size).toBe(0));
  });

  it('N8: give up a server that accepts the connection and says nothing', async () => {
    const notifier = await serve();
    notifier['http'].removeAllListeners('upgrade').on('upgrade', () => undefined);
    const { listener, clock } = subscribe(notifier.url);
    await vi.waitFor(() => expect(notifier.openSockets.size).toBe(1));
    clock.advance(CONNECT_TIMEOUT_MS);
    await vi.waitFor(() => expect(String(listener.errors[0])).toContain(`within ${CONNECT_TIMEOUT_MS} ms`));
  });

  it('N1: leak neither listeners nor sockets nor timers over 1,000 reconnects', async () => {
    const notifier = await serve((socket) => socket.close(1011));
    const added = vi.spyOn(AbortSignal.prototype, 'addEventListener');
    const removed = vi.spyOn(AbortSignal.prototype, 'removeEventListener');
    const onWarning = vi.fn();
    process.on('warning', onWarning);
    cleanups.push(() => {
      process.off('warning', onWarning);
      added.mockRestore();
      removed.mockRestore();
    });

    const { listener, subscription, clock } = subscribe(notifier.url, { clock: autoReconnecting() });
    await vi.waitFor(() => expect(listener.connected).toBeGreaterThanOrEqual(1_000), { timeout: 25_000 });
    expect(notifier.openSockets.size).toBeLessThanOrEqual(4);
    await subscription.close();
    expect(clock.pending.size).toBe(0);
    await vi.waitFor(() => expect(notifier.openSockets.size).toBe(0));
    expect(added.mock.calls.length).toBeGreaterThan(1_000);
    // `sleep` and the socket each remove what they added, on every way out.
    expect(removed.mock.calls.length).toBeGreaterThanOrEqual(added.mock.calls.length);
    expect(onWarning).not.toHaveBeenCalled();
  });
});
