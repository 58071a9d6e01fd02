import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ControllableClock } from 'nestjs-pathways/testing';
import { json, TestServer, type TestHandler } from '../../platform/platform.spec-util.js';
import { until, untilIn } from '../../../test/support/until.js';
import { startLocalFlowcore } from '../local-flowcore.js';
import type { LocalFlowcore } from '../local-flowcore.interface.js';
import type { LocalFlowcoreOptions } from '../local-flowcore.options.js';
import { LocalTestClient } from '../local-flowcore.test-client.js';

const clock = new ControllableClock(Date.UTC(2026, 4, 1, 10));
const OK: TestHandler = (_, response) => json(response, 200, { success: true });

let local: LocalFlowcore;
let client: LocalTestClient;
let receiver: TestServer;
let answer: TestHandler;

async function start(options: LocalFlowcoreOptions = {}): Promise<void> {
  local = await startLocalFlowcore({ clock, ...options });
  client = LocalTestClient.of(local);
}

beforeEach(async () => {
  answer = OK;
  receiver = await TestServer.start((request, response) => answer(request, response));
  await start();
});
afterEach(async () => {
  await local.stop();
  await receiver.stop();
});

async function register(source: Record<string, unknown> = {}, more: Record<string, unknown> = {}) {
  const endpoints = [{ url: `${receiver.url}/hook`, authHeaders: { 'x-secret': 's3cret' } }];
  const sources = [{ flowType: 'order.0', eventTypes: ['placed.0'], endpoints, ...source }];
  const body = { tenant: 'acme', dataCore: 'shop', type: 'managed', config: { sources }, ...more };
  const { status, body: answered } = await client.request('PUT', '/api/v1/pathways/by-name/orders', { body });
  expect(status).toBe(200);
  return String(answered['pathwayId']);
}

const received = () =>
  receiver.requests.map(({ body }) => (JSON.parse(body) as { payload: { n: number } }).payload.n);
const successes = () => local.controlPlane.deliveries().filter(({ success }) => success).length;

describe('managed delivery', () => {
  it('posts each event to the endpoint with its headers, and logs it', async () => {
    const id = await register();
    const [eventId] = await client.write('placed.0', { n: 1 });
    await until(() => successes() === 1);
    const [request] = receiver.requests;
    expect(request).toMatchObject({ method: 'POST', path: '/hook' });
    expect(request?.headers).toMatchObject({ 'x-secret': 's3cret', 'content-type': 'application/json' });
    const [stored] = await client.all('placed.0');
    expect(JSON.parse(request?.body ?? '')).toEqual(stored);
    const entry = { pathwayId: id, eventId, flowType: 'order.0', eventType: 'placed.0', success: true };
    expect(local.controlPlane.deliveries(id)).toMatchObject([
      { ...entry, httpStatus: 200, attempt: 1, responseBody: '{"success":true}' },
    ]);
    expect(await client.json(`/api/v1/delivery-log?pathwayId=${id}&success=true`)).toMatchObject({
      entries: [{ ...entry, assignmentId: 'local', batchSize: 1 }],
      total: 1,
    });
    expect(await client.json('/api/v1/delivery-log?success=false')).toEqual({ entries: [], total: 0 });
  });

  it('posts only what the pathway names: its event types, its data core, and only what comes after it', async () => {
    await client.write('placed.0', { n: 0 });
    await register();
    await client.write('other.0', { n: 1 });
    await client.request('POST', '/event/acme/elsewhere/order.0/placed.0', { body: { n: 2 } });
    await client.write('placed.0', { n: 3 });
    await until(() => successes() === 1);
    expect(received()).toEqual([3]);
  });

  it('tries a refused event again, with growing waits, and keeps the others behind it', async () => {
    let refusals = 3;
    answer = (request, response) => {
      if (refusals-- > 0) return json(response, 500, { message: 'busy' });
      OK(request, response);
    };
    await register({ backoff: { initialMs: 100, maxMs: 300, multiplier: 2 } });
    const began = clock.now();
    await client.write('placed.0', [{ n: 1 }, { n: 2 }, { n: 3 }]);
    await untilIn(clock, () => successes() === 3);
    expect(received()).toEqual([1, 1, 1, 1, 2, 3]);
    const log = local.controlPlane.deliveries();
    expect(log.map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4, 1, 1]);
    expect(log.slice(0, 3)).toMatchObject([{ success: false, httpStatus: 500 }, {}, { success: false }]);
    // 100, 200 and 300 ms by the clock of the test.
    expect(Date.parse(log[3]?.createdAt ?? '') - began).toBeGreaterThanOrEqual(600);
  });

  it('gives up an endpoint that does not answer in time, and tries again', async () => {
    let hangs = 1;
    answer = (request, response) => void (hangs-- > 0 || OK(request, response));
    await register({ timeouts: { deliveryMs: 50 } });
    await client.write('placed.0', { n: 1 });
    await until(() => receiver.requests.length === 1);
    await untilIn(clock, () => successes() === 1);
    expect(local.controlPlane.deliveries()[0]).toMatchObject({
      success: false,
      httpStatus: null,
      errorMessage: expect.stringContaining('50 ms'),
    });
  });

  it('asks only the endpoints again that refused', async () => {
    const second = await TestServer.start((request, response) => OK(request, response));
    try {
      let refusals = 2;
      answer = (request, response) => (refusals-- > 0 ? json(response, 503, {}) : OK(request, response));
      await register({ endpoints: [{ url: `${receiver.url}/hook` }, { url: `${second.url}/hook` }] });
      await client.write('placed.0', { n: 1 });
      await untilIn(clock, () => successes() === 2);
      expect([receiver.requests.length, second.requests.length]).toEqual([3, 1]);
    } finally {
      await second.stop();
    }
  });

  it('uses a new registration at once, also while it waits', async () => {
    answer = (_, response) => json(response, 500, {});
    await register({ backoff: { initialMs: 3_600_000, maxMs: 3_600_000 } });
    await client.write('placed.0', { n: 1 });
    await until(() => local.controlPlane.deliveries().length === 1);
    answer = OK;
    await register({ endpoints: [{ url: `${receiver.url}/moved` }] });
    await until(() => successes() === 1);
    expect(receiver.requests.map(({ path }) => path)).toEqual(['/hook', '/moved']);
  });

  it('holds events of a disabled pathway until it is enabled again', async () => {
    const id = await register();
    await client.request('POST', `/api/v1/pathways/${id}/disable`, { body: {} });
    await client.write('placed.0', { n: 1 });
    await client.json(`/api/v1/pathways/${id}`);
    expect(receiver.requests).toEqual([]);
    await register();
    await until(() => successes() === 1);
  });

  it('delivers backdated and unannounced events too, in the order they were stored', async () => {
    await register();
    local.faults.add({ kind: 'lost-notification' });
    await client.write('placed.0', { n: 1 });
    await client.write('placed.0', { n: 2 }, { 'x-flowcore-event-time': '2020-01-01T00:00:00.000Z' });
    await client.write('placed.0', { n: 3 });
    await until(() => successes() === 3);
    expect(received()).toEqual([1, 2, 3]);
  });

  it('goes on after a restart with what was not taken, in order', async () => {
    const data = await mkdtemp(join(tmpdir(), 'managed-delivery-'));
    try {
      await local.stop();
      await start({ data });
      let refuses = true;
      answer = (request, response) =>
        refuses && received().length > 1 ? json(response, 500, {}) : OK(request, response);
      await register();
      await client.write('placed.0', [{ n: 1 }, { n: 2 }, { n: 3 }]);
      await until(() => local.controlPlane.deliveries().length >= 2);
      await local.stop();
      refuses = false;
      await start({ data });
      await until(() => successes() === 3);
      expect(received()).toEqual([1, 2, 2, 3]);
      expect(local.controlPlane.deliveries().map(({ success }) => success)).toEqual([
        true,
        false,
        true,
        true,
      ]);
    } finally {
      await local.stop();
      await rm(data, { recursive: true });
    }
  });
});
