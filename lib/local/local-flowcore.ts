import { systemClock } from '../event/clock.interface.js';
import { silentLogger } from '../event/logger.interface.js';
import { ApiKeyGuard } from './api-key.guard.js';
import { EventIdGenerator } from './event-id.generator.js';
import { EventIngestor } from './event.ingestor.js';
import type { EventLog } from './event-log.interface.js';
import { ControlPlane } from './control-plane/control-plane.js';
import { controlPlaneRoutes } from './control-plane/control-plane.routes.js';
import { eventSourceRoutes } from './event-source.routes.js';
import { FaultRegistry } from './fault.registry.js';
import { openFolderEventLog } from './folder-event.log.js';
import { homeRoutes } from './home.routes.js';
import { HttpExchange } from './http.exchange.js';
import { ingestionRoutes } from './ingestion.routes.js';
import type {
  EventCountFilter,
  LocalFlowcore,
  LocalFlowcoreStats,
  RawEvent,
} from './local-flowcore.interface.js';
import {
  DEFAULT_HEARTBEAT_INTERVAL_MS,
  DEFAULT_MAX_BATCH_SIZE,
  type LocalFlowcoreOptions,
} from './local-flowcore.options.js';
import { LocalFlowcoreServer } from './local-flowcore.server.js';
import { MemoryEventLog } from './memory-event.log.js';
import { NotificationHub } from './notification.hub.js';
import { ResourceCatalog } from './resource.catalog.js';
import { resourceRoutes } from './resource.routes.js';
import { tenantRoutes } from './tenant.routes.js';

/**
 * Starts a platform for development and tests, in this process and on loopback.
 *
 * @throws LocalFlowcoreStartError when the port is taken or the data folder cannot be used
 * @throws OptionalPackageMissingError when `data` is given and `libsql` is not installed
 */
export async function startLocalFlowcore(options: LocalFlowcoreOptions = {}): Promise<LocalFlowcore> {
  const log = options.data === undefined ? new MemoryEventLog() : await openFolderEventLog(options.data);
  try {
    const local = new RunningLocalFlowcore(log, options);
    await local.start();
    return local;
  } catch (error) {
    await log.close();
    throw error;
  }
}

class RunningLocalFlowcore implements LocalFlowcore {
  readonly faults = new FaultRegistry();
  readonly controlPlane: ControlPlane;
  port = 0;
  private readonly requests: Record<string, number> = {};
  private readonly stopping = new AbortController();
  private readonly catalog: ResourceCatalog;
  private readonly ingestor: EventIngestor;
  private readonly hub: NotificationHub;
  private readonly server: LocalFlowcoreServer;
  private readonly host: string;
  private readonly logger;
  private stopped: Promise<void> | undefined;

  constructor(
    private readonly log: EventLog,
    private readonly options: LocalFlowcoreOptions,
  ) {
    const { clock = systemClock, logger = silentLogger, host = '127.0.0.1' } = options;
    const nowIso = () => new Date(clock.now()).toISOString();
    const count = (route: string) => void (this.requests[route] = (this.requests[route] ?? 0) + 1);
    const guard = new ApiKeyGuard(options.apiKeys);
    this.host = host;
    this.logger = logger;
    this.catalog = new ResourceCatalog(log, nowIso);
    this.hub = new NotificationHub(this.faults, options.heartbeatIntervalMs ?? DEFAULT_HEARTBEAT_INTERVAL_MS);
    this.controlPlane = new ControlPlane({ log, clock, logger, stopping: this.stopping.signal });
    const { catalog: pathways, book: pulses, delivery } = this.controlPlane;
    this.ingestor = new EventIngestor(
      log,
      new EventIdGenerator(log),
      clock,
      (events) => this.hub.announce(events),
      (events) => delivery.accept(events),
    );
    const exchange = new HttpExchange({
      guard,
      clock,
      logger,
      count,
      faults: this.faults,
      stopping: this.stopping.signal,
      openRoutes: homeRoutes(
        () => this.url,
        () => this.stats,
      ),
      rootRoutes: ingestionRoutes(this.catalog, this.ingestor, {
        isStrict: options.strict ?? false,
        maxBatchSize: options.maxBatchSize ?? DEFAULT_MAX_BATCH_SIZE,
      }),
      apiRoutes: new Map([
        ...eventSourceRoutes(log, this.catalog),
        ...resourceRoutes(this.catalog, nowIso),
        ...tenantRoutes(this.catalog, options.strict ?? false),
        ...controlPlaneRoutes({ pathways, pulses, deliveries: (id) => delivery.deliveries(id) }),
      ]),
    });
    this.server = new LocalFlowcoreServer(exchange, this.hub, guard, this.faults, count);
  }

  async start(): Promise<void> {
    for (const tenant of this.options.tenants ?? []) {
      if (!this.catalog.tenantByNameOrId(tenant)) this.catalog.createTenant(tenant);
    }
    try {
      await this.server.listen(this.options.port ?? 0, this.host);
    } catch (error) {
      this.hub.close();
      throw error;
    }
    this.port = this.server.port;
    this.controlPlane.delivery.start();
    this.logger.info('Local Flowcore is listening. It is a development tool, not a production store.', {
      url: this.url,
      data: this.options.data ?? 'memory',
    });
  }

  get url(): string {
    return `http://${this.host.includes(':') ? `[${this.host}]` : this.host}:${this.port}`;
  }

  get notificationsUrl(): string {
    return `${this.url.replace(/^http/, 'ws')}/notifications`;
  }

  get stats(): LocalFlowcoreStats {
    const total = (kind: Parameters<ResourceCatalog['all']>[0]) => this.catalog.all(kind).length;
    return {
      requests: { ...this.requests },
      eventsStored: this.ingestor.stored,
      openSockets: {
        http: this.server.openConnections - this.hub.openSockets,
        notifications: this.hub.openSockets,
      },
      totals: {
        events: this.eventCount(),
        tenants: total('tenant'),
        dataCores: total('data-core'),
        flowTypes: total('flow-type'),
        eventTypes: total('event-type'),
      },
    };
  }

  async appendRaw(event: RawEvent): Promise<string> {
    const { tenant, dataCore, flowType, eventType, served } = event;
    const resource = this.catalog.resolve(tenant, dataCore, flowType, eventType, false);
    const [eventId = ''] = await this.ingestor.store(
      resource,
      [
        {
          payloadText: JSON.stringify(event.payload ?? {}),
          metadataText: JSON.stringify(event.metadata ?? {}),
          eventTimeMs: event.eventTime?.getTime(),
          validTimeMs: event.validTime?.getTime(),
          servedAs: served && ((stored) => ({ ...stored, ...served })),
        },
      ],
      event.notify ?? true,
    );
    return eventId;
  }

  eventCount(filter: EventCountFilter = {}): number {
    let events = 0;
    for (const count of this.log.counts()) {
      if (this.fits(count.eventTypeId, filter)) events += count.events;
    }
    return events;
  }

  stop(): Promise<void> {
    return (this.stopped ??= this.shutDown());
  }

  private async shutDown(): Promise<void> {
    this.stopping.abort();
    this.hub.close();
    await this.server.close();
    await this.controlPlane.delivery.close();
    await this.log.close();
  }

  private fits(eventTypeId: string, filter: EventCountFilter): boolean {
    const eventType = this.catalog.require('event-type', eventTypeId);
    const flowType = this.catalog.require('flow-type', eventType.flowTypeId);
    const dataCore = this.catalog.require('data-core', eventType.dataCoreId);
    const tenant = this.catalog.require('tenant', eventType.tenantId);
    return (
      (filter.tenant ?? tenant.name) === tenant.name &&
      (filter.dataCore === undefined || [dataCore.name, dataCore.id].includes(filter.dataCore)) &&
      (filter.flowType ?? flowType.name) === flowType.name &&
      (filter.eventType ?? eventType.name) === eventType.name
    );
  }
}
