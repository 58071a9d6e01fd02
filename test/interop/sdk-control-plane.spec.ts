import {
  DataPathwayDeliveryLogListCommand,
  DataPathwayDisableCommand,
  DataPathwayFetchCommand,
  DataPathwayListCommand,
  FetchPumpStatusCommand,
  FlowcoreClient,
  SendPumpPulseCommand,
} from '@flowcore/sdk';
import { createPathwayContract, PathwaysEngine, type PathwaysEngineOptions } from 'nestjs-pathways';
import { type LocalFlowcore, startLocalFlowcore } from 'nestjs-pathways/local';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { until } from '../support/until.js';

describe('the published SDK on the control plane of Local Flowcore', () => {
  let local: LocalFlowcore;
  let endpoint: Server;
  let pathwayId: string;
  let withKey: FlowcoreClient;
  let withToken: FlowcoreClient;

  beforeAll(async () => {
    local = await startLocalFlowcore();
    endpoint = createServer((request, response) => request.resume().on('end', () => response.end('taken')));
    await new Promise<void>((resolve) => endpoint.listen(0, '127.0.0.1', resolve));
    withKey = new FlowcoreClient({ apiKey: 'fc_id_secret', retry: null });
    withToken = new FlowcoreClient({ getBearerToken: async () => 'a-token', retry: null });
    for (const client of [withKey, withToken]) client.setBaseUrl(local.url);
    // This release of the SDK does not register by name.
    const url = `http://127.0.0.1:${(endpoint.address() as AddressInfo).port}/hook`;
    const sources = [{ flowType: 'order.0', eventTypes: ['placed.0'], endpoints: [{ url }] }];
    const answer = await fetch(`${local.url}/api/v1/pathways/by-name/orders`, {
      method: 'PUT',
      headers: { authorization: 'ApiKey id:fc_id_secret', 'content-type': 'application/json' },
      body: JSON.stringify({ tenant: 'acme', dataCore: 'shop', type: 'managed', config: { sources } }),
    });
    ({ pathwayId } = (await answer.json()) as { pathwayId: string });
  });
  afterAll(async () => {
    await local.stop();
    endpoint.closeAllConnections();
    await new Promise((resolve) => endpoint.close(resolve));
  });

  it('sends a pulse', async () => {
    const pulse = {
      pathwayId,
      flowType: 'order.0',
      timeBucket: '20260501100000',
      eventId: 'bde7ac07-4548-11f1-9234-0123456789ab',
      isLive: true,
      buffer: { depth: 1, reserved: 1, sizeBytes: 40 },
      counters: { acknowledged: 3, failed: 1, pulled: 5 },
      uptimeMs: 60_234,
    };
    await withKey.execute(new SendPumpPulseCommand(pulse));
    expect(local.controlPlane.pulses(pathwayId)).toMatchObject([pulse]);
  });

  it('reads a pathway, the list, and the log of deliveries', async () => {
    const expected = { id: pathwayId, tenant: 'acme', dataCore: 'shop', enabled: true };
    expect(await withToken.execute(new DataPathwayFetchCommand({ id: pathwayId }))).toMatchObject(expected);
    expect(await withToken.execute(new DataPathwayListCommand({ tenant: 'acme' }))).toMatchObject({
      pathways: [expected],
      total: 1,
    });
    await local.appendRaw({
      tenant: 'acme',
      dataCore: 'shop',
      flowType: 'order.0',
      eventType: 'placed.0',
      payload: { n: 1 },
    });
    await until(() => local.controlPlane.deliveries().length === 1);
    expect(await withToken.execute(new DataPathwayDeliveryLogListCommand({ pathwayId }))).toMatchObject({
      entries: [{ pathwayId, success: true, httpStatus: 200, responseBody: 'taken' }],
      total: 1,
    });
  });

  /** An application that may be registered from a developer's machine. */
  function engineOf(options: PathwaysEngineOptions): PathwaysEngine {
    const engine = new PathwaysEngine({
      baseUrl: local.url,
      dataCore: 'shop',
      apiKey: 'fc_id_secret',
      runtimeEnv: 'development',
      allowDevelopmentPathwayRegistration: true,
      autoProvision: { pathway: true },
      ...options,
    });
    onTestFinished(() => engine.stop());
    for (const pumpGroup of ['default', 'hot']) {
      const names = { flowType: 'bill.0', eventType: `for-${pumpGroup}.0` };
      engine.addContract(createPathwayContract({ ...names, pumpGroup }, { declaredBy: 'test' }));
      const pathway = `${names.flowType}/${names.eventType}` as const;
      engine.handlers.addHandler({ pathway, where: 'test', invoke: () => undefined });
    }
    return engine;
  }

  it('confirms what this library registers', async () => {
    await engineOf({
      tenant: 'initech',
      pathwayMode: 'managed',
      pathwayName: 'bills',
      pathwayLabels: { team: 'blue' },
      managedConfig: { endpointUrl: 'http://127.0.0.1:9/hook', sizeClass: 'medium' },
    }).start();
    const { pathways } = await withToken.execute(new DataPathwayListCommand({ tenant: 'initech' }));
    expect(pathways).toHaveLength(1);
    const id = pathways[0]?.id ?? '';
    expect(await withToken.execute(new DataPathwayFetchCommand({ id }))).toMatchObject({
      tenant: 'initech',
      dataCore: 'shop',
      enabled: true,
      sizeClass: 'medium',
      labels: { team: 'blue' },
      config: {
        sources: [
          {
            flowType: 'bill.0',
            eventTypes: ['for-default.0', 'for-hot.0'],
            endpoints: [{ url: 'http://127.0.0.1:9/hook' }],
          },
        ],
      },
    });
  });

  // A tenant of its own: this release of the SDK reads no virtual pathway without a reset URL.
  it('sees a pulse of each group of a flow type', async () => {
    await engineOf({ tenant: 'hooli', pathwayMode: 'virtual', pathwayName: 'bills' }).start();
    const id = local.controlPlane.pathways().find(({ tenant }) => tenant === 'hooli')?.id ?? '';
    await until(() => local.controlPlane.pulses(id).length > 1);
    const status = await withToken.execute(new FetchPumpStatusCommand({ pathwayId: id }));
    expect(status.pulses).toMatchObject([
      { flowType: 'bill.0', healthy: true },
      { flowType: 'bill.0', healthy: true },
    ]);
  });

  it('disables a pathway', async () => {
    await withToken.execute(new DataPathwayDisableCommand({ id: pathwayId }));
    const disabled = local.controlPlane.pathways().find(({ id }) => id === pathwayId);
    expect(disabled).toMatchObject({ enabled: false });
  });
});
