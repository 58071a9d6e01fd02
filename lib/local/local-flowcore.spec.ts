import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import { LocalFlowcoreStartError } from '../errors/local-flowcore-start.error.js';
import { systemClock } from '../event/clock.interface.js';
import { silentLogger } from '../event/logger.interface.js';
import { compareTimeUuids } from '../event/time-uuid.util.js';
import { startLocalFlowcore } from './local-flowcore.js';
import type { LocalFlowcore } from './local-flowcore.interface.js';
import type { LocalFlowcoreOptions } from './local-flowcore.options.js';
import { LocalTestClient } from './local-flowcore.test-client.js';

let folder: string;
const running: LocalFlowcore[] = [];

async function start(options: LocalFlowcoreOptions = {}): Promise<LocalFlowcore> {
  const local = await startLocalFlowcore(options);
  running.push(local);
  return local;
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'local-flowcore-'));
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((local) => local.stop()));
  rmSync(folder, { recursive: true, force: true });
});

describe('Local Flowcore', () => {
  it('says what it is: in one log line, and to a visitor', async () => {
    const lines: string[] = [];
    const local = await start({ logger: { ...silentLogger, info: (message) => lines.push(message) } });
    expect(lines).toEqual([expect.stringContaining('development tool')]);
    const home = await fetch(local.url);
    expect(home.headers.get('content-type')).toContain('text/plain');
    expect(await home.text()).toContain('no production store');
    expect(await (await fetch(`${local.url}/health`)).json()).toEqual({ status: 'ok' });
  });

  it('takes the hour of new events from the clock', async () => {
    let now = Date.parse('2026-05-01T10:30:00Z');
    const local = await start({ clock: { ...systemClock, now: () => now } });
    const client = LocalTestClient.of(local);
    await client.write('placed.0', {});
    now += 3_600_000;
    await client.write('placed.0', {});
    expect(await client.buckets('placed.0')).toEqual({ timeBuckets: ['20260501100000', '20260501110000'] });
  });

  it('names a taken port', async () => {
    const { port } = await start();
    const failing = start({ port });
    await expect(failing).rejects.toBeInstanceOf(LocalFlowcoreStartError);
    await expect(failing).rejects.toThrow(/another program listens there.*choose another port/i);
  });

  it('names a folder it cannot use', async () => {
    await expect(start({ data: '/dev/null/folder' })).rejects.toBeInstanceOf(LocalFlowcoreStartError);
  });

  it('stops although connections and sockets are open, and a second stop does nothing', async () => {
    const local = await start({ data: folder });
    const idle = connect(local.port, '127.0.0.1');
    idle.on('error', () => undefined);
    const socket = new WebSocket(`${local.notificationsUrl}?api_key=k`);
    await new Promise((resolve) => socket.once('open', resolve));
    await LocalTestClient.of(local).write('placed.0', {});
    const closed = new Promise((resolve) => socket.once('close', resolve));
    await local.stop();
    await local.stop();
    await closed;
    await expect(fetch(local.url)).rejects.toThrow();
  });

  it('goes on after a restart: same ids of resources, every event, ascending event ids', async () => {
    const first = await start({ data: folder });
    const before = await LocalTestClient.of(first).write('placed.0', [{ n: 1 }, { n: 2 }]);
    const typeId = await LocalTestClient.of(first).eventTypeId('placed.0');
    await first.stop();

    // A clock that stepped back must not produce ids behind a pump's cursor.
    const second = await start({ data: folder, clock: { ...systemClock, now: () => Date.now() - 60_000 } });
    const client = LocalTestClient.of(second);
    const [after = ''] = await client.write('placed.0', { n: 3 });
    expect(compareTimeUuids(after, before[1] as string)).toBeGreaterThan(0);
    expect(await client.eventTypeId('placed.0')).toBe(typeId);
    expect((await client.all('placed.0')).map(({ payload }) => payload)).toEqual([
      { n: 1 },
      { n: 2 },
      { n: 3 },
    ]);
    expect(second.eventCount()).toBe(3);
  });

  it('gives resources the same ids in every run', async () => {
    const ids = [];
    for (let run = 0; run < 2; run++) {
      const client = LocalTestClient.of(await start());
      await client.write('placed.0', {});
      ids.push(await client.eventTypeId('placed.0'));
    }
    expect(ids[0]).toBe(ids[1]);
  });

  it('stores every one of the writes that share a transaction', async () => {
    const local = await start({ data: folder });
    const client = LocalTestClient.of(local);
    await Promise.all(Array.from({ length: 50 }, (_, n) => client.write(`type.${n % 5}`, { n })));
    expect(local.eventCount()).toBe(50);
  });

  it('survives a client that leaves in the middle of its body', async () => {
    const local = await start();
    const socket = connect(local.port, '127.0.0.1');
    socket.write(
      'POST /event/a/b/c/d HTTP/1.1\r\nhost: x\r\nauthorization: k\r\ncontent-length: 100\r\n\r\n{"half"',
    );
    await vi.waitFor(() => expect(local.stats.requests['POST /event']).toBe(1));
    socket.destroy();
    await LocalTestClient.of(local).write('placed.0', {});
    expect(local.eventCount()).toBe(1);
  });

  it.each([
    ['GET', '/api/v1/unknown', 404],
    ['GET', '/nothing', 404],
    ['DELETE', '/api/v1/data-cores/x', 405],
    ['GET', '/event/a/b/c/d', 405],
    ['POST', '/file/a/b/c/d', 400],
    ['GET', '/api/v1/tenants/by-name/nobody', 404],
    ['GET', '/api/v1/flow-types/unknown', 404],
    ['POST', '/api/v1/flow-types', 404],
  ])('%s %s is answered with %i and an error body', async (method, path, status) => {
    const client = LocalTestClient.of(await start());
    const body = method === 'POST' ? { body: { dataCoreId: 'unknown', name: 'n' } } : {};
    const answer = await client.request(method, path, body);
    expect(answer).toMatchObject({ status, body: { statusCode: status, message: expect.any(String) } });
  });

  it('answers look-ups of unknown names with an empty list, and creates nothing', async () => {
    const local = await start();
    const client = LocalTestClient.of(local);
    expect(await client.json('/api/v1/data-cores?tenant=acme&name=shop')).toEqual([]);
    expect(await client.json('/api/v1/flow-types?dataCoreId=x&name=y')).toEqual([]);
    expect(await client.json('/api/v1/event-types?flowTypeId=x')).toEqual([]);
    expect(await client.json('/api/v1/event-types/x/exists')).toEqual({ exists: false });
    expect(local.stats.totals.tenants).toBe(0);
  });

  it('refuses a second resource of one name', async () => {
    const client = LocalTestClient.of(await start({ tenants: ['acme'] }));
    const { id: tenantId } = await client.json<{ id: string }>('/api/v1/tenants/by-name/acme');
    const create = () => client.request('POST', '/api/v1/data-cores', { body: { tenantId, name: 'shop' } });
    expect((await create()).status).toBe(201);
    expect((await create()).status).toBe(409);
  });
});
