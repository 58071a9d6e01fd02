import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import { startLocalFlowcore } from './local-flowcore.js';
import type { LocalFlowcore } from './local-flowcore.interface.js';
import { LocalTestClient } from './local-flowcore.test-client.js';

let local: LocalFlowcore;
let client: LocalTestClient;
const sockets: WebSocket[] = [];

async function begin(heartbeatIntervalMs?: number): Promise<void> {
  await local?.stop();
  local = await startLocalFlowcore(heartbeatIntervalMs ? { heartbeatIntervalMs } : {});
  client = LocalTestClient.of(local);
  await client.write('placed.0', {});
  await client.write('paid.0', {});
}

beforeEach(() => begin());
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.terminate();
  await local.stop();
});

interface Frame {
  readonly data?: { readonly eventId: string; readonly eventType: string; readonly aggregator: string };
  readonly type?: string;
}

/** A socket that has opened, and every frame it got. */
async function open(options: { autoPong?: boolean } = {}) {
  const socket = new WebSocket(`${local.notificationsUrl}?api_key=k`, options);
  sockets.push(socket);
  const frames: Frame[] = [];
  socket.on('error', () => undefined);
  socket.on('message', (data) => {
    const frame = JSON.parse(String(data)) as { message?: string; type?: string };
    frames.push(frame.type ? { type: frame.type } : (JSON.parse(frame.message as string) as Frame));
  });
  await new Promise((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });
  /** Waits until everything sent before has been handled: frames are handled in order, and so are pings. */
  const settled = async () => {
    socket.ping('settled');
    await new Promise<void>((resolve) => {
      socket.on('pong', (data) => data.toString() === 'settled' && resolve());
    });
  };
  const send = async (text: unknown) => {
    socket.send(typeof text === 'string' ? text : JSON.stringify(text));
    await settled();
  };
  return { socket, frames, send, settled };
}

async function ids() {
  const [core] = await client.json<{ id: string }[]>('/api/v1/data-cores?tenant=acme&name=shop');
  const dataCoreId = core?.id as string;
  const [flow] = await client.json<{ id: string }[]>(`/api/v1/flow-types?dataCoreId=${dataCoreId}`);
  return { tenant: 'acme', dataCoreId, flowTypeId: flow?.id as string };
}

describe('notifications', () => {
  it('announces what fits the subscription, and nothing else', async () => {
    const { tenant, dataCoreId, flowTypeId } = await ids();
    const eventTypeId = await client.eventTypeId('paid.0');
    const wide = await open();
    const narrow = await open();
    const foreign = await open();
    await wide.send({ tenant, dataCoreId });
    await narrow.send({ tenant, dataCoreId, flowTypeId, eventTypeId });
    await foreign.send({ tenant: 'other', dataCoreId });
    const written = [...(await client.write('placed.0', [{}, {}])), ...(await client.write('paid.0', {}))];
    for (const { settled } of [wide, narrow, foreign]) await settled();
    expect(wide.frames.map(({ data }) => data?.eventId)).toEqual(written);
    expect(wide.frames[0]).toMatchObject({
      pattern: 'stored.event.notify.0',
      data: {
        tenantId: expect.any(String),
        dataCore: dataCoreId,
        aggregator: 'order.0',
        eventType: 'placed.0',
      },
    });
    expect(narrow.frames.map(({ data }) => data?.eventId)).toEqual(written.slice(2));
    expect(foreign.frames).toEqual([]);
  });

  it('announces an event only when it can be read', async () => {
    const { frames, send, socket } = await open();
    await send(await ids());
    const seen: boolean[] = [];
    socket.on('message', () => {
      const eventId = frames.at(-1)?.data?.eventId;
      void client
        .all('placed.0')
        .then((events) => seen.push(events.some((event) => event.eventId === eventId)));
    });
    for (let count = 0; count < 5; count++) await client.write('placed.0', {});
    await vi.waitFor(() => expect(seen).toEqual([true, true, true, true, true]));
  });

  it.each(['no json', '[]', '{"tenant":"acme"}', '{"tenant":"acme","dataCoreId":7}'])(
    'answers the subscription %s with a validation frame and keeps the socket',
    async (text) => {
      const { frames, send } = await open();
      await send(text);
      expect(frames).toEqual([{ type: 'validation' }]);
      await send(await ids());
      await client.write('placed.0', {});
      await vi.waitFor(() => expect(frames).toHaveLength(2));
    },
  );

  it('cuts off a peer that answers no ping, and keeps one that does', async () => {
    await begin(300);
    const healthy = await open();
    const dead = await open({ autoPong: false });
    await new Promise((resolve) => dead.socket.once('close', resolve));
    expect(healthy.socket.readyState).toBe(WebSocket.OPEN);
    await vi.waitFor(() => expect(local.stats.openSockets.notifications).toBe(1));
  });

  it.each([
    ['/notifications', 401],
    ['/elsewhere?api_key=k', 404],
  ])('refuses the upgrade of %s with %i', async (path, status) => {
    const socket = new WebSocket(local.url.replace('http', 'ws') + path);
    const answer = await new Promise<number>((resolve) => {
      socket.on('unexpected-response', (_request, response) => resolve(response.statusCode ?? 0));
      socket.on('error', () => undefined);
    });
    expect(answer).toBe(status);
  });

  it('serves hundreds of subscribers', async () => {
    const subscription = await ids();
    const peers = await Promise.all(Array.from({ length: 200 }, () => open()));
    await Promise.all(peers.map(({ send }) => send(subscription)));
    const [eventId] = await client.write('placed.0', {});
    await vi.waitFor(() =>
      expect(peers.every(({ frames }) => frames.at(-1)?.data?.eventId === eventId)).toBe(true),
    );
  });
});

describe('faults on notification sockets', () => {
  it('lost: the event is stored but not announced', async () => {
    const { frames, send, settled } = await open();
    await send(await ids());
    const fault = local.faults.add({ kind: 'lost-notification', eventType: 'placed.0', times: 1 });
    await client.write('placed.0', {});
    const [second] = await client.write('placed.0', {});
    await settled();
    expect(frames.map(({ data }) => data?.eventId)).toEqual([second]);
    expect(fault.hits).toBe(1);
    expect(await client.all('placed.0')).toHaveLength(3);
  });

  it('refused: no socket opens until the fault is gone', async () => {
    const fault = local.faults.add({ kind: 'socket-refused', status: 503 });
    await expect(open()).rejects.toThrow('503');
    fault.remove();
    await expect(open()).resolves.toBeDefined();
  });

  it('closed: open sockets now, new ones when they subscribe', async () => {
    const { socket } = await open();
    const closed = new Promise<number>((resolve) => socket.once('close', resolve));
    const fault = local.faults.add({ kind: 'socket-closed', code: 1012, times: 2 });
    expect(await closed).toBe(1012);
    const later = await open();
    const closedLater = new Promise<number>((resolve) => later.socket.once('close', resolve));
    later.socket.send(JSON.stringify(await ids()));
    expect(await closedLater).toBe(1012);
    expect(fault.hits).toBe(2);
  });

  it('half-open: the socket stays, and is silent', async () => {
    await begin(300);
    const peer = await open();
    const other = await open();
    await peer.send(await ids());
    await other.send(await ids());
    local.faults.add({ kind: 'socket-half-open', times: 1 });
    let pings = 0;
    let pongs = 0;
    peer.socket.on('ping', () => pings++);
    peer.socket.on('pong', () => pongs++);
    peer.socket.ping();
    await client.write('placed.0', {});
    await other.settled();
    // Two heartbeats of the healthy socket: the silent one would have had its own by then.
    for (let beat = 0; beat < 2; beat++) await new Promise((resolve) => other.socket.once('ping', resolve));
    expect(other.frames).toHaveLength(1);
    expect([peer.frames.length, pings, pongs]).toEqual([0, 0, 0]);
    expect(peer.socket.readyState).toBe(WebSocket.OPEN);
  });
});
