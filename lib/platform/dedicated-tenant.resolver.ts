import { isRecord } from '../event/event-shape.util.js';
import type { Clock } from '../event/clock.interface.js';
import type { Authorization } from './authorization.js';
import type { HttpTransport } from './http-transport.js';
import { locate } from './platform-url.util.js';
import { invalidResponse, stringField } from './response-shape.util.js';

/** Where to ask, and for whom. */
export interface DedicatedTenantOptions {
  readonly tenant: string;
  readonly authorization: Authorization;
  /** Base URL of the tenant service. */
  readonly tenantHost: string;
  /** `false` never asks: a configured base URL is the user's own answer. */
  readonly enabled: boolean;
  readonly clock: Clock;
}

const CACHE_MS = 60_000;

/** Finds the hosts of a tenant that has a platform of its own (protocol §2.3). "Not dedicated" is remembered as well. */
export class DedicatedTenantResolver {
  private known: { domain: string | undefined; until: number } | undefined;

  constructor(
    private readonly transport: HttpTransport,
    private readonly options: DedicatedTenantOptions,
  ) {}

  /** Base URL of a service: `https://<subDomain>.<tenant's domain>`, or the shared host. */
  async hostOf(
    subDomain: 'webhook' | 'event-source',
    sharedHost: string,
    signal?: AbortSignal,
  ): Promise<string> {
    if (!this.options.enabled) return sharedHost;
    const domain = await this.domain(signal);
    return domain === undefined ? sharedHost : `https://${subDomain}.${domain}`;
  }

  private async domain(signal?: AbortSignal): Promise<string | undefined> {
    const now = this.options.clock.now();
    if (this.known && now < this.known.until) return this.known.domain;
    const url = `${this.options.tenantHost}/api/v1/tenants/by-name/${this.options.tenant}/instance`;
    const headers = { authorization: this.options.authorization.rest };
    const { body, status } = await this.transport.request(
      {
        method: 'GET',
        ...locate(url),
        headers,
        operation: 'tenant-instance',
      },
      signal,
    );
    if (!isRecord(body) || typeof body.isDedicated !== 'boolean') {
      throw invalidResponse('GET', url, status, body, 'isDedicated is not a boolean');
    }
    const domain = body.isDedicated ? stringField(body.instance, 'domain') : undefined;
    if (body.isDedicated && domain === undefined) {
      throw invalidResponse(
        'GET',
        url,
        status,
        body,
        'the tenant is dedicated and instance.domain is missing',
      );
    }
    this.known = { domain, until: now + CACHE_MS };
    return domain;
  }
}
