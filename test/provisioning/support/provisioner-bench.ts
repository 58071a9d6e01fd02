import {
  createPathwayContract,
  systemClock,
  type PathwayOptions,
  type Telemetry,
} from '../../../lib/index.js';
import { silentLogger, type PathwaysLogger } from '../../../lib/event/logger.interface.js';
import { noTelemetry } from '../../../lib/event/telemetry.interface.js';
import { Authorization } from '../../../lib/platform/authorization.js';
import { HttpTransport } from '../../../lib/platform/http-transport.js';
import { resolvePlatformHosts } from '../../../lib/platform/platform-hosts.js';
import { ResourcesClient } from '../../../lib/platform/resources.client.js';
import {
  resolveProvisioningOptions,
  type ProvisioningOptions,
} from '../../../lib/provisioning/provisioning.options.js';
import { planOf } from '../../../lib/provisioning/provisioning.plan.js';
import { ResourceProvisioner } from '../../../lib/provisioning/resource.provisioner.js';

export const PLACED: PathwayOptions = {
  flowType: 'order.0',
  eventType: 'order.placed.0',
  flowTypeDescription: 'Orders of the shop',
  description: 'A customer placed an order',
};
export const OWNED: ProvisioningOptions = { dataCoreDescription: 'The shop' };

export interface ProvisionerSurroundings {
  readonly apiKey?: string;
  /** Creates what has no description too. */
  readonly undescribed?: boolean;
  readonly logger?: PathwaysLogger;
  readonly telemetry?: Telemetry;
}

/** Provisioners of the data core `shop` as several instances have them; each with a connection of its own. */
export class ProvisionerBench {
  private readonly transports: HttpTransport[] = [];

  constructor(private readonly url: string) {}

  /** Provisions the given pathways when it is called; `inspect` only looks. */
  create(options: ProvisioningOptions = {}, surroundings: ProvisionerSurroundings = {}) {
    const { apiKey = 'fc_id_secret', undescribed = false } = surroundings;
    const { logger = silentLogger, telemetry = noTelemetry } = surroundings;
    const resolved = resolveProvisioningOptions({ provisionRetry: { baseDelayMs: 1 }, ...options });
    const transport = new HttpTransport({ clock: systemClock, logger, telemetry });
    this.transports.push(transport);
    const { maxAttempts, ...backoff } = resolved.retry;
    const resources = new ResourcesClient({
      transport,
      authorization: new Authorization(apiKey),
      hosts: resolvePlatformHosts(this.url),
      tenant: 'acme',
      dataCore: 'shop',
      retry: { maxAttempts, backoff },
    });
    const provisions = new ResourceProvisioner({
      resources,
      dataCore: 'shop',
      options: resolved,
      createsUndescribed: undescribed,
      logger,
    });
    const planFor = (pathways: PathwayOptions[]) =>
      planOf(pathways.map((pathway) => createPathwayContract(pathway, { declaredBy: 'test' })));
    const provision = async (...pathways: PathwayOptions[]) =>
      (await provisions.provision(planFor(pathways))).end;
    const inspect = (...pathways: PathwayOptions[]) => provisions.inspect(planFor(pathways));
    return Object.assign(provision, { inspect });
  }

  async close(): Promise<void> {
    await Promise.all(this.transports.map((transport) => transport.close()));
  }
}
