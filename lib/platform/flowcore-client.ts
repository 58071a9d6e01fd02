import type { Clock } from '../event/clock.interface.js';
import type { PathwaysLogger } from '../event/logger.interface.js';
import type { MaybePromise } from '../event/maybe-promise.type.js';
import type { Telemetry } from '../event/telemetry.interface.js';
import type { ApiKeyProvider } from './api-key-provider.type.js';
import { Authorization } from './authorization.js';
import { ControlPlaneClient, type ControlPlaneClientOptions } from './control-plane.client.js';
import { DedicatedTenantResolver } from './dedicated-tenant.resolver.js';
import { EventSourceClient } from './event-source.client.js';
import type { EventSource } from './event-source.interface.js';
import { HttpTransport } from './http-transport.js';
import { IngestionClient } from './ingestion.client.js';
import type { NotificationSource } from './notification-source.interface.js';
import { NotificationsClient } from './notifications.client.js';
import { type PlatformHosts, resolvePlatformHosts } from './platform-hosts.js';
import { redactorOfAll } from './redaction.util.js';
import { ResourceIds } from './resource-ids.js';
import { ResourcesClient, type ResourcesClientOptions } from './resources.client.js';

/** Which platform, and as whom. */
export interface FlowcoreClientOptions {
  readonly tenant: string;
  /** Name or id. */
  readonly dataCore: string;
  /** Never logged and never part of an error. */
  readonly apiKey: string | ApiKeyProvider;
  /** What else must not stand in an error, although a server may quote it. */
  readonly secrets?: readonly string[];
  readonly hosts: PlatformHosts;
  /**
   * Ask whether the tenant has hosts of its own (protocol §2.3). Only for services that still have their public host: a
   * host somebody configured is their own answer.
   */
  readonly dedicatedLookup: boolean;
  /** Milliseconds one attempt of a request may take, connecting and reading included. */
  readonly requestTimeoutMs: number;
  readonly clock: Clock;
  readonly logger: PathwaysLogger;
  readonly telemetry: Telemetry;
}

/** One client for everything the platform offers. Connects on first use, and keeps its connections until `close`. */
export class FlowcoreClient {
  readonly ingestion: IngestionClient;
  readonly events: EventSource;
  readonly notifications: NotificationSource;
  readonly resources: ResourcesClient;
  readonly controlPlane: ControlPlaneClient;

  private readonly resourcesOptions: Omit<ResourcesClientOptions, 'retry'>;
  private readonly controlPlaneOptions: Omit<ControlPlaneClientOptions, 'retry'>;
  private readonly transport: HttpTransport;
  private readonly subscriptions: NotificationsClient;

  /** @throws PathwaysConfigurationError when the API key cannot travel in a header. Does no I/O. */
  constructor(options: FlowcoreClientOptions) {
    const { tenant, dataCore, hosts, clock, logger, telemetry } = options;
    const { requestTimeoutMs: timeoutMs } = options;
    const authorization = new Authorization(options.apiKey, { clock, timeoutMs });
    const redactOthers = redactorOfAll(options.secrets ?? []);
    const transport = new HttpTransport({
      timeoutMs,
      redact: (text) => redactOthers(authorization.redact(text)),
      clock,
      logger,
      telemetry,
    });
    const dedicated = new DedicatedTenantResolver({
      transport,
      authorization,
      tenant,
      tenantHost: hosts.tenant,
      clock,
      logger,
    });
    const hostOf = (subDomain: string, host: string, publicHost: string): (() => MaybePromise<string>) =>
      options.dedicatedLookup && host === publicHost ? () => dedicated.hostOf(subDomain, host) : () => host;
    const publicHosts = resolvePlatformHosts();

    this.transport = transport;
    this.resourcesOptions = { transport, authorization, hosts, tenant, dataCore };
    this.resources = new ResourcesClient(this.resourcesOptions);
    this.controlPlaneOptions = { transport, authorization, tenant, host: hosts.controlPlane };
    this.controlPlane = new ControlPlaneClient(this.controlPlaneOptions);
    const ids = new ResourceIds(this.resources);
    this.ingestion = new IngestionClient({
      transport,
      authorization,
      tenant,
      dataCore,
      host: hostOf('webhook', hosts.ingestion, publicHosts.ingestion),
    });
    this.events = new EventSourceClient({
      transport,
      authorization,
      ids,
      host: hostOf('event-source', hosts.eventSource, publicHosts.eventSource),
    });
    this.subscriptions = new NotificationsClient({
      authorization,
      tenant,
      url: hosts.notifications,
      ids,
      clock,
      logger,
    });
    this.notifications = this.subscriptions;
  }

  /** Names looked up and created with a patience of its own. */
  resourcesWith(retry: ResourcesClientOptions['retry']): ResourcesClient {
    return new ResourcesClient({ ...this.resourcesOptions, ...(retry && { retry }) });
  }

  /** Registrations with a patience of their own. */
  controlPlaneWith(retry: NonNullable<ControlPlaneClientOptions['retry']>): ControlPlaneClient {
    return new ControlPlaneClient({ ...this.controlPlaneOptions, retry });
  }

  /** Ends subscriptions and running requests, then closes every connection. */
  async close(): Promise<void> {
    await Promise.all([this.subscriptions.close(), this.transport.close()]);
  }
}
