import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LocalCommandRefusedError } from '../../errors/local-command-refused.error.js';
import { startLocalFlowcore } from '../local-flowcore.js';
import type { LocalFlowcore } from '../local-flowcore.interface.js';
import { LocalTestClient } from '../local-flowcore.test-client.js';

const VIRTUAL = {
  tenant: 'acme',
  dataCore: 'shop',
  labels: { team: 'blue' },
  type: 'virtual',
  virtualConfig: { flowTypes: ['order.0', 'bill.0'] },
};

let local: LocalFlowcore;
let client: LocalTestClient;
beforeEach(async () => {
  local = await startLocalFlowcore();
  client = LocalTestClient.of(local);
});
afterEach(() => local.stop());

async function register(name = 'orders prod', body: unknown = VIRTUAL): Promise<string> {
  const path = `/api/v1/pathways/by-name/${encodeURIComponent(name)}`;
  const answer = await client.request('PUT', path, { body });
  expect(answer.status).toBe(200);
  return String(answer.body['pathwayId']);
}

async function pending(id: string): Promise<Record<string, unknown>[]> {
  const { commands } = await client.json<{ commands: Record<string, unknown>[] }>(
    `/api/v1/pathways/${id}/commands/pending`,
  );
  return commands;
}

const post = (id: string, commandId: string, body: unknown) =>
  client.request('POST', `/api/v1/pathways/${id}/commands/${commandId}/status`, { body });

describe('registering', () => {
  it('by name creates once and updates from then on, under an id that stays', async () => {
    const path = '/api/v1/pathways/by-name/orders';
    const first = await client.request('PUT', path, { body: VIRTUAL });
    expect(first.body).toMatchObject({ status: 'created' });
    const again = await client.request('PUT', path, { body: { ...VIRTUAL, labels: { team: 'red' } } });
    expect(again.body).toEqual({ pathwayId: first.body['pathwayId'], status: 'updated' });
    expect(local.controlPlane.pathways()).toMatchObject([
      { id: first.body['pathwayId'], name: 'orders', version: 2, labels: { team: 'red' } },
    ]);
  });

  it('is readable by id, by name and in the list', async () => {
    const id = await register();
    const expected = { id, tenant: 'acme', name: 'orders prod', type: 'virtual', enabled: true };
    expect(await client.json(`/api/v1/pathways/${id}`)).toMatchObject(expected);
    expect(await client.json('/api/v1/pathways/by-name/orders%20prod?tenant=acme')).toMatchObject(expected);
    expect(await client.json('/api/v1/pathways?tenant=acme&type=virtual')).toMatchObject({
      pathways: [expected],
      total: 1,
    });
    expect(await client.json('/api/v1/pathways?type=managed')).toEqual({ pathways: [], total: 0 });
  });

  it('tells tenants apart, and says what it does not know', async () => {
    const id = await register();
    expect(await register('orders prod', { ...VIRTUAL, tenant: 'other' })).not.toBe(id);
    const status = async (path: string) => (await client.request('GET', path)).status;
    expect(await status('/api/v1/pathways/by-name/orders%20prod?tenant=nobody')).toBe(404);
    expect(await status('/api/v1/pathways/5b0c7a3e-1111-4a2b-9c3d-000000000001')).toBe(404);
    expect(await status('/api/v1/pathways/orders')).toBe(400);
  });

  it.each([
    ['without a tenant', { ...VIRTUAL, tenant: '' }, '"tenant"'],
    ['of another type', { ...VIRTUAL, type: 'magic' }, '"type"'],
    ['with flow types that are no list', { ...VIRTUAL, virtualConfig: { flowTypes: 'x' } }, 'flowTypes'],
    [
      'with an endpoint that is no URL',
      {
        ...VIRTUAL,
        type: 'managed',
        config: { sources: [{ flowType: 'a', eventTypes: [], endpoints: [{ url: 'x' }] }] },
      },
      'endpoints[0].url',
    ],
  ])('%s is refused with 400', async (_, body, field) => {
    const answer = await client.request('PUT', '/api/v1/pathways/by-name/x', { body });
    expect(answer.status).toBe(400);
    expect(answer.body['message']).toContain(field);
  });

  it('can be disabled and deleted', async () => {
    const id = await register();
    await client.request('POST', `/api/v1/pathways/${id}/disable`, { body: {} });
    expect(local.controlPlane.pathways()).toMatchObject([{ enabled: false }]);
    await client.request('DELETE', `/api/v1/pathways/${id}`, { body: {} });
    expect(local.controlPlane.pathways()).toEqual([]);
  });
});

describe('pulses', () => {
  const pulse = (pathwayId: string, flowType = 'order.0') => ({
    pathwayId,
    flowType,
    timeBucket: '20260501100000',
    eventId: null,
    isLive: true,
    buffer: { depth: 1, reserved: 0, sizeBytes: 20 },
    counters: { acknowledged: 12, failed: 1, pulled: 14 },
    uptimeMs: 60_234,
  });

  it('are kept, and the latest of every pump is the status of the pathway', async () => {
    const id = await register();
    const hot = { ...pulse(id), sourceId: 'order.0::hot' };
    for (const body of [pulse(id), hot, { ...pulse(id), uptimeMs: 2 }, pulse(id, 'bill.0')]) {
      const answer = await client.request('POST', '/api/v1/pump-pulse', { body });
      expect([answer.status, answer.body]).toEqual([200, { status: 'ok' }]);
    }
    expect(local.controlPlane.pulses(id)).toHaveLength(4);
    expect(local.controlPlane.pulses(id)[0]).toMatchObject(pulse(id));
    const status = await client.json<{ pulses: { flowType: string }[] }>(
      `/api/v1/pathways/${id}/pump-status`,
    );
    expect(status.pulses).toMatchObject([
      { flowType: 'order.0', uptimeMs: 2, healthy: true },
      { flowType: 'order.0', uptimeMs: 60_234, sourceId: 'order.0::hot' },
      { flowType: 'bill.0' },
    ]);
  });

  it.each([
    ['of no UUID', { pathwayId: 'orders' }, 400],
    ['of an unknown pathway', { pathwayId: '5b0c7a3e-1111-4a2b-9c3d-000000000001' }, 404],
    ['without counters', { counters: undefined }, 400],
    ['with a depth in words', { buffer: { depth: 'two', reserved: 0, sizeBytes: 0 } }, 400],
  ])('%s are refused', async (_, change, status) => {
    const id = await register();
    const answer = await client.request('POST', '/api/v1/pump-pulse', { body: { ...pulse(id), ...change } });
    expect(answer.status).toBe(status);
    expect(local.controlPlane.pulses()).toEqual([]);
  });
});

describe('commands', () => {
  it('are pending until the pathway answers, with every field the clients check', async () => {
    const id = await register();
    const sent = local.controlPlane.sendCommand(id, {
      type: 'datapumpRestart',
      position: { timeBucket: '20260401000000' },
      sourceFlowTypes: ['order.0'],
    });
    expect(await pending(id)).toEqual([
      {
        id: sent.id,
        type: 'datapumpRestart',
        position: { timeBucket: '20260401000000' },
        sourceFlowTypes: ['order.0'],
        reason: null,
        stopAt: null,
        phase: 'dispatched',
        restartRequestId: null,
        assignmentId: 'local',
        generation: 0,
        timeoutMs: null,
        createdAt: expect.any(String),
      },
    ]);
    await post(id, sent.id, { phase: 'acknowledged' });
    expect(await pending(id)).toEqual([]);
    await post(id, sent.id, { phase: 'failed', details: 'no' });
    expect(local.controlPlane.commands(id)).toMatchObject([
      {
        phase: 'failed',
        details: 'no',
        reports: [{ phase: 'acknowledged' }, { phase: 'failed', details: 'no' }],
      },
    ]);
    expect(await client.json(`/api/v1/commands/${sent.id}`)).toMatchObject({
      phase: 'failed',
      pathwayId: id,
    });
  });

  it('can be queued over HTTP', async () => {
    const id = await register();
    const answer = await client.request('POST', `/api/v1/pathways/${id}/commands`, {
      body: { type: 'stop' },
    });
    expect(answer.status).toBe(201);
    expect(await pending(id)).toMatchObject([{ id: answer.body['id'], type: 'stop' }]);
  });

  it('are refused for a pathway that cannot take them', async () => {
    const managed = await register('m', { ...VIRTUAL, type: 'managed' });
    expect(() => local.controlPlane.sendCommand(managed, { type: 'stop' })).toThrow(LocalCommandRefusedError);
    expect(() => local.controlPlane.sendCommand('nobody', { type: 'stop' })).toThrow(
      LocalCommandRefusedError,
    );
  });

  it('of another pathway, unknown ones and unknown phases are not reported on', async () => {
    const id = await register();
    const other = await register('other');
    const { id: commandId } = local.controlPlane.sendCommand(id, { type: 'stop' });
    expect((await post(other, commandId, { phase: 'running' })).status).toBe(404);
    expect((await post(id, 'nobody', { phase: 'running' })).status).toBe(404);
    expect((await post(id, commandId, { phase: 'done' })).status).toBe(400);
    expect(await pending(id)).toHaveLength(1);
  });

  it('stay pending when a fault loses the acknowledgement, and are taken when it loses only the answer', async () => {
    const id = await register();
    const { id: commandId } = local.controlPlane.sendCommand(id, { type: 'stop' });
    const match = { method: 'POST', path: /\/status$/ };
    local.faults.add({ kind: 'status', status: 503, times: 1, match });
    expect((await post(id, commandId, { phase: 'acknowledged' })).status).toBe(503);
    expect(await pending(id)).toHaveLength(1);
    local.faults.add({ kind: 'dropped-connection', when: 'after', times: 1, match });
    await expect(post(id, commandId, { phase: 'acknowledged' })).rejects.toThrow();
    expect(await pending(id)).toEqual([]);
  });
});

describe('the delivery state', () => {
  const state = async (id: string) => {
    const { deliveryState, deliveryPauseTargets } = await client.json<Record<string, unknown>>(
      `/api/v1/pathways/${id}`,
    );
    return [deliveryState, deliveryPauseTargets];
  };

  it('follows pause and resume commands, and stays over a registration', async () => {
    const id = await register();
    const send = (type: string, sourceFlowTypes: string[] | null = null) =>
      void local.controlPlane.sendCommand(id, { type, sourceFlowTypes });
    expect(await state(id)).toEqual(['active', null]);
    send('datapumpPause', ['order.0::hot']);
    send('datapumpPause', ['bill.0']);
    expect(await state(id)).toEqual(['paused', ['order.0::hot', 'bill.0']]);
    await register();
    expect(await state(id)).toEqual(['paused', ['order.0::hot', 'bill.0']]);
    send('datapumpResume', ['order.0']);
    expect(await state(id)).toEqual(['paused', ['bill.0']]);
    send('datapumpPause');
    expect(await state(id)).toEqual(['paused', null]);
    send('datapumpResume', ['order.0']);
    expect(await state(id)).toEqual(['paused', ['bill.0']]);
    send('datapumpResume');
    expect(await state(id)).toEqual(['active', null]);
  });
});

describe('with a folder', () => {
  let folder: string;
  beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'control-plane-'))));
  afterEach(() => rm(folder, { recursive: true }));

  it('pathways, commands and pauses are there again after a restart', async () => {
    await local.stop();
    local = await startLocalFlowcore({ data: folder });
    client = LocalTestClient.of(local);
    const id = await register();
    const first = local.controlPlane.sendCommand(id, { type: 'datapumpPause', sourceFlowTypes: ['bill.0'] });
    const second = local.controlPlane.sendCommand(id, { type: 'stop' });
    await post(id, first.id, { phase: 'running' });
    const pathways = local.controlPlane.pathways();
    await local.stop();

    local = await startLocalFlowcore({ data: folder });
    client = LocalTestClient.of(local);
    expect(local.controlPlane.pathways()).toEqual(pathways);
    expect(local.controlPlane.commands(id)).toMatchObject([{ phase: 'running' }, { phase: 'dispatched' }]);
    expect(await pending(id)).toMatchObject([{ id: second.id }]);
    expect(await register()).toBe(id);
    expect(local.controlPlane.pathways()).toMatchObject([
      { version: 2, deliveryState: 'paused', deliveryPauseTargets: ['bill.0'] },
    ]);
  });
});
