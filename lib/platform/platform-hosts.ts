/** Base URL of every service the library talks to (protocol §2.1). No trailing slash. */
export interface PlatformHosts {
  /** Takes written events. */
  readonly ingestion: string;
  /** Gives stored events and time buckets. */
  readonly eventSource: string;
  /** Finds tenants by name. */
  readonly tenant: string;
  /** Finds and creates data cores. */
  readonly dataCore: string;
  /** Finds and creates flow types. */
  readonly flowType: string;
  /** Finds and creates event types. */
  readonly eventType: string;
  /** Registration, pulses and commands of pathways. */
  readonly controlPlane: string;
  /** Full WebSocket URL, path included. */
  readonly notifications: string;
}

const HOSTED: PlatformHosts = {
  ingestion: 'https://webhook.api.flowcore.io',
  eventSource: 'https://event-source.api.flowcore.io',
  tenant: 'https://tenant.api.flowcore.io',
  dataCore: 'https://data-core-2.api.flowcore.io',
  flowType: 'https://flow-type-2.api.flowcore.io',
  eventType: 'https://event-type-2.api.flowcore.io',
  controlPlane: 'https://data-pathways.api.flowcore.io',
  notifications: 'wss://tenant.api.flowcore.io/notifications',
};

/** The hosts to use: single overrides win over `baseUrl`, which wins over the hosted platform. */
export function resolvePlatformHosts(
  baseUrl?: string,
  overrides: Partial<PlatformHosts> = {},
): PlatformHosts {
  const base = baseUrl?.replace(/\/+$/, '');
  const hosts: PlatformHosts =
    base === undefined
      ? HOSTED
      : {
          ingestion: base,
          eventSource: base,
          tenant: base,
          dataCore: base,
          flowType: base,
          eventType: base,
          controlPlane: base,
          notifications: `${base.replace(/^http/, 'ws')}/notifications`,
        };
  const given = Object.entries(overrides).filter(([, url]) => url !== undefined);
  return {
    ...hosts,
    ...Object.fromEntries(given.map(([service, url]) => [service, url.replace(/\/+$/, '')])),
  };
}
