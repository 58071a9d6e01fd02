import { describe, expect, it, vi } from 'vitest';
import { frameOf, notificationsUnderTest } from './notifications.client.spec-util.js';

describe('notifications', () => {
  const { serve, subscribe } = notificationsUnderTest();

  describe('closing', () => {
    it('says goodbye with code 1000 and leaves nothing behind', async () => {
      const notifier = await serve();
      const { listener, subscription, clock } = subscribe(notifier.url);
      await vi.waitFor(() => expect(listener.connected).toBe(1));
      const code = new Promise((resolve) => notifier.connections[0]!.socket.once('close', resolve));
      await subscription.close();
      expect(await code).toBe(1000);
      expect(listener.errors).toEqual([]);
      expect(clock.pending.size).toBe(0);
      await subscription.close();
    });

    it('does not wait for a peer that ignores the goodbye', async () => {
      const notifier = await serve();
      const { listener, subscription, clock } = subscribe(notifier.url);
      await vi.waitFor(() => expect(listener.connected).toBe(1));
      for (const socket of notifier.openSockets) socket.pause();
      const closed = subscription.close();
      clock.advance(1_000);
      await closed;
      expect(clock.pending.size).toBe(0);
    });

    it('at once after subscribing never connects', async () => {
      const notifier = await serve();
      const { subscription, clock } = subscribe(notifier.url);
      await subscription.close();
      expect(notifier.connections).toHaveLength(0);
      expect(clock.pending.size).toBe(0);
    });

    it('while connecting is silent', async () => {
      const notifier = await serve();
      notifier['http'].removeAllListeners('upgrade').on('upgrade', (_request, socket) => {
        socket.resume().on('end', () => socket.destroy());
      });
      const { listener, subscription, clock } = subscribe(notifier.url);
      await vi.waitFor(() => expect(notifier.openSockets.size).toBe(1));
      await subscription.close();
      expect(listener).toMatchObject({ connected: 0, errors: [] });
      expect(clock.pending.size).toBe(0);
      await vi.waitFor(() => expect(notifier.openSockets.size).toBe(0));
    });

    it('while waiting to reconnect ends the wait', async () => {
      const notifier = await serve((socket) => socket.close(1011));
      const { subscription, clock } = subscribe(notifier.url);
      await vi.waitFor(() => expect(clock.has(1_000)).toBe(true));
      await subscription.close();
      expect(clock.pending.size).toBe(0);
    });

    it('while names are looked up ends the lookup', async () => {
      const ids = {
        freshOfFlowType: (_flowType: string, signal?: AbortSignal) =>
          new Promise<never>((_resolve, reject) =>
            signal?.addEventListener('abort', () => reject(signal.reason as Error)),
          ),
      };
      const { client, listener } = subscribe('ws://127.0.0.1:9/', { ids });
      await client.close();
      expect(listener.errors).toEqual([]);
    });

    it('from inside a callback ends the subscription', async () => {
      const notifier = await serve((socket) => {
        socket.send(frameOf('e-1'));
        socket.send(frameOf('e-2'));
      });
      const { listener, subscription, clock } = subscribe(notifier.url);
      let closed: Promise<void> | undefined;
      listener.onStored = (notification) => {
        listener.stored.push(notification);
        closed = subscription.close();
      };
      await vi.waitFor(() => expect(closed).toBeDefined());
      await closed;
      expect(listener.stored).toHaveLength(1);
      expect(clock.pending.size).toBe(0);
    });
  });
});
