import type { Clock } from '../event/clock.interface.js';
import type { PathwaysLogger } from '../event/logger.interface.js';
import type { Telemetry } from '../event/telemetry.interface.js';
import { Authorization } from './authorization.js';
import { DedicatedTenantResolver } from './dedicated-tenant.resolver.js';
import { EventSourceClient } from './event-source.client.js';
import type { EventSource } from './event-source.interface.js';
import { HttpTransport } from './http-transport.js';
import { IngestionClient } from './ingestion.client.js';
import { NotificationsClient } from './notifications.client.js';
import type { PlatformHosts } from './platform-hosts.js';
import { ResourcesClient } from './resources.client.js';

/** Which platform, and as whom. */
export interface FlowcoreClientOptions {
  readonly tenant: string;
  /** Name or id. */
  readonly dataCore: string;
  readonly apiKey: string;
  readonly hosts: PlatformHosts;
  /** Ask whether the tenant has hosts of its own (protocol §2.3). Off when a base URL is configured. */
  readonly dedicatedLookup: boolean;
  /** Milliseconds per request. */
  readonly requestTimeoutMs: number;
  readonly clock: Clock;
  readonly logger: PathwaysLogger;
  readonly telemetry: Telemetry;
}

/** One client for everything the platform offers. Connects on first use. */
export class FlowcoreClient {
  readonly ingestion: IngestionClient;
  readonly events: EventSource;
  readonly notifications: NotificationsClient;
  readonly resources: ResourcesClient;
  private readonly transport: HttpTransport;

  constructor(options: FlowcoreClientOptions) {
    const { tenant, dataCore, apiKey, hosts, clock, logger, telemetry, requestTimeoutMs } = options;
    const authorization = new Authorization(apiKey);
    this.transport = new HttpTransport({
      timeoutMs: requestTimeoutMs,
      clock,
      logger,
      telemetry,
      secrets: authorization.secrets,
    });
    const dedicated = new DedicatedTenantResolver(this.transport, {
      tenant,
      authorization,
      tenantHost: hosts.tenant,
      enabled: options.dedicatedLookup,
      clock,
    });
    this.resources = new ResourcesClient(this.transport, { tenant, dataCore, authorization, hosts });
    this.ingestion = new IngestionClient(this.transport, dedicated, {
      tenant,
      dataCore,
      authorization,
      host: hosts.ingestion,
    });
    this.events = new EventSourceClient(
      this.transport,
      dedicated,
      this.resources,
      hosts.eventSource,
      authorization,
    );
    this.notifications = new NotificationsClient({
      tenant,
      authorization,
      url: hosts.notifications,
      resources: this.resources,
      clock,
      logger,
    });
  }

  /** Ends requests and sockets. */
  async close(): Promise<void> {
    await this.notifications.close();
    await this.transport.close();
  }
}
