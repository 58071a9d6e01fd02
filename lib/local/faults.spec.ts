import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Clock, systemClock } from '../event/clock.interface.js';
import { startLocalFlowcore } from './local-flowcore.js';
import type { LocalFlowcore } from './local-flowcore.interface.js';
import { LocalTestClient } from './local-flowcore.test-client.js';

const PATH = '/event/acme/shop/order.0/placed.0';

let local: LocalFlowcore;
let client: LocalTestClient;
let timers: { delayMs: number; callback: () => void }[];

beforeEach(async () => {
  timers = [];
  const clock: Clock = {
    now: systemClock.now,
    startTimer(delayMs, callback) {
      timers.push({ delayMs, callback });
      return { cancel: () => undefined };
    },
  };
  local = await startLocalFlowcore({ clock });
  client = LocalTestClient.of(local);
});
afterEach(() => local.stop());

describe('faults on requests', () => {
  it('latency: the answer waits, and the waits of several faults add up', async () => {
    local.faults.add({ kind: 'latency', delayMs: 1_000 });
    local.faults.add({ kind: 'latency', delayMs: 500 });
    const answer = client.request('POST', PATH, { body: {} });
    await vi.waitFor(() => expect(timers.map(({ delayMs }) => delayMs)).toEqual([1_500]));
    expect(local.eventCount()).toBe(0);
    timers[0]?.callback();
    expect((await answer).status).toBe(200);
  });

  it('status: nothing is stored, and code, headers and body are as told', async () => {
    const fault = local.faults.add({
      kind: 'status',
      status: 429,
      headers: { 'retry-after': '7' },
      body: { message: 'slow down' },
      times: 1,
    });
    const answer = await client.request('POST', PATH, { body: {} });
    expect([answer.status, answer.headers.get('retry-after'), answer.body]).toEqual([
      429,
      '7',
      { message: 'slow down' },
    ]);
    expect(local.eventCount()).toBe(0);
    expect((await client.request('POST', PATH, { body: {} })).status).toBe(200);
    expect(fault.hits).toBe(1);
  });

  it('status after: the event is stored although the answer says otherwise', async () => {
    local.faults.add({ kind: 'status', status: 500, when: 'after', times: 1 });
    expect((await client.request('POST', PATH, { body: {} })).body).toMatchObject({ statusCode: 500 });
    expect(local.eventCount()).toBe(1);
  });

  it.each([
    ['before', 0],
    ['after', 1],
  ] as const)('dropped connection %s: %i events are stored', async (when, stored) => {
    local.faults.add({ kind: 'dropped-connection', when, times: 1 });
    await expect(client.request('POST', PATH, { body: {} })).rejects.toThrow();
    expect(local.eventCount()).toBe(stored);
  });

  it('hang: no answer comes, and stopping is not held up by it', async () => {
    const fault = local.faults.add({ kind: 'hang', when: 'after' });
    const answer = client.request('POST', PATH, { body: {} });
    const failed = expect(answer).rejects.toThrow();
    await vi.waitFor(() => expect([fault.hits, local.eventCount()]).toEqual([1, 1]));
    await local.stop();
    await failed;
  });

  it('truncated answer: half of a page arrives, then the connection ends', async () => {
    await client.write('placed.0', { text: 'x'.repeat(1_000) });
    const [bucket = ''] = (await client.buckets('placed.0')).timeBuckets;
    local.faults.add({ kind: 'truncated-answer', times: 1, match: { path: '/api/v1/events' } });
    await expect(client.page('placed.0', bucket)).rejects.toThrow();
    expect((await client.page('placed.0', bucket)).events).toHaveLength(1);
  });

  it('strikes only what it matches', async () => {
    const byMethod = local.faults.add({
      kind: 'status',
      status: 503,
      match: { method: 'get', path: '/event' },
    });
    const byExpression = local.faults.add({ kind: 'status', status: 503, match: { path: /placed\.0$/g } });
    for (let count = 0; count < 3; count++) {
      expect((await client.request('POST', PATH, { body: {} })).status).toBe(503);
    }
    expect((await client.request('POST', '/event/acme/shop/order.0/paid.0', { body: {} })).status).toBe(200);
    expect([byMethod.hits, byExpression.hits]).toEqual([0, 3]);
    local.faults.clear();
    expect((await client.request('POST', PATH, { body: {} })).status).toBe(200);
  });
});
