import { PlatformNotFoundError } from '../errors/platform-not-found.error.js';
import { PlatformUnauthorizedError } from '../errors/platform-unauthorized.error.js';
import type { Clock } from '../event/clock.interface.js';
import { isRecord, kindOf } from '../event/event-shape.util.js';
import { errorFields, type PathwaysLogger } from '../event/logger.interface.js';
import type { MaybePromise } from '../event/maybe-promise.type.js';
import type { Authorization } from './authorization.js';
import { parseBaseUrl, pathOf } from './base-url.util.js';
import type { HttpTransport } from './http-transport.js';
import { outsideRequests } from './outside-requests.util.js';

/** How long an answer is trusted; "not dedicated" too. */
const CACHE_MS = 60_000;

export interface DedicatedTenantResolverOptions {
  readonly transport: HttpTransport;
  readonly authorization: Authorization;
  readonly tenant: string;
  /** Base URL of the tenant service. */
  readonly tenantHost: string;
  readonly clock: Clock;
  readonly logger: PathwaysLogger;
}

/**
 * Finds the hosts of a tenant that runs on machines of its own (protocol §2.3). Unlike the reference client it is used
 * for ingestion too, which is declared to have a dedicated host.
 *
 * Known answers are handed out at once, also old ones, while a new one is fetched: a tenant service that is down must
 * not stop writing. The very first answer is waited for. A key that may not ask, or an unknown tenant, means the shared
 * hosts, with a warning; the service itself will then say what is wrong.
 */
export class DedicatedTenantResolver {
  private known: { readonly domain: string | undefined } | undefined;
  private refreshAt = 0;
  private lookup: Promise<string | undefined> | undefined;

  constructor(private readonly options: DedicatedTenantResolverOptions) {}

  /** `https://<subDomain>.<domain of the tenant>`, or the shared host of tenants without one. */
  hostOf(subDomain: string, sharedHost: string): MaybePromise<string> {
    const toHost = (domain: string | undefined) =>
      domain === undefined ? sharedHost : `https://${subDomain}.${domain}`;
    if (this.known && this.options.clock.now() < this.refreshAt) return toHost(this.known.domain);
    const lookup = (this.lookup ??= this.startLookup());
    return this.known ? toHost(this.known.domain) : lookup.then(toHost);
  }

  private startLookup(): Promise<string | undefined> {
    // It serves every later caller, so it must not end with the first one's request.
    const lookup = outsideRequests(() => this.refresh());
    lookup.catch(() => undefined);
    return lookup;
  }

  private async refresh(): Promise<string | undefined> {
    const { clock, logger, tenant } = this.options;
    try {
      this.known = { domain: await this.fetchDomain() };
    } catch (error) {
      const isRefusal = error instanceof PlatformNotFoundError || error instanceof PlatformUnauthorizedError;
      if (!this.known && !isRefusal) throw error;
      this.known ??= { domain: undefined };
      logger.warn(
        `Could not look up whether tenant "${tenant}" has dedicated hosts; using ${this.known.domain ?? 'the shared ones'}`,
        errorFields(error),
      );
    } finally {
      this.refreshAt = clock.now() + CACHE_MS;
      this.lookup = undefined;
    }
    return this.known.domain;
  }

  private async fetchDomain(): Promise<string | undefined> {
    const { transport, authorization, tenant, tenantHost } = this.options;
    const { origin, prefix } = parseBaseUrl(tenantHost);
    const answer = await transport.request({
      operation: 'tenant.instance',
      subject: `tenant "${tenant}"`,
      method: 'GET',
      origin,
      path: `${prefix}/api/v1/tenants/by-name${pathOf(tenant)}/instance`,
      authorization: authorization.rest,
      headers: {},
    });
    const { isDedicated, instance } = answer.object();
    if (typeof isDedicated !== 'boolean')
      throw answer.invalid('$.isDedicated', 'a boolean', kindOf(isDedicated));
    if (!isDedicated) return undefined;
    if (!isRecord(instance)) throw answer.invalid('$.instance', 'an object', kindOf(instance));
    const domain = answer.string(instance['domain'], '$.instance.domain');
    // The API key goes to this host, so nothing but a host name may come in.
    if (!/^[a-z0-9-]+(\.[a-z0-9-]+)*(:\d+)?$/i.test(domain)) {
      throw answer.invalid('$.instance.domain', 'a host name', 'other text');
    }
    return domain;
  }
}
