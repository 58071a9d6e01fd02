import { FlowcoreClient } from '../platform/flowcore-client.js';
import type { PlatformHosts } from '../platform/platform-hosts.js';
import type { ResolvedEngineOptions } from './engine.defaults.js';

/** The platform client of one engine. */
export function createEngineClient(options: ResolvedEngineOptions, hosts: PlatformHosts): FlowcoreClient {
  const { tenant, dataCore, apiKey, baseUrl, requestTimeoutMs, clock, logger, telemetry } = options;
  const dedicatedLookup = baseUrl === undefined;
  // They are sent when the pathway is registered, and an answer that refuses it may quote them.
  const secrets = Object.values(options.controlPlane.managed?.authHeaders ?? {});
  return new FlowcoreClient({
    tenant,
    dataCore,
    apiKey,
    secrets,
    hosts,
    dedicatedLookup,
    requestTimeoutMs,
    clock,
    logger,
    telemetry,
  });
}
