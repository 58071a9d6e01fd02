import { PlatformNotFoundError } from '../errors/platform-not-found.error.js';
import type { Authorization } from './authorization.js';
import { parseBaseUrl, pathOf } from './base-url.util.js';
import type { HttpTransport } from './http-transport.js';
import type { PlatformAnswer } from './platform-answer.js';
import { describe, requestInfo } from './platform-failure.util.js';
import type { PlatformHosts } from './platform-hosts.js';
import type { PlatformRequest } from './platform-request.interface.js';

/** A data core, flow type or event type (protocol §5.2 to §5.4); the part of it that is used here. */
export interface PlatformResource {
  readonly id: string;
  readonly name: string;
  readonly description: string;
}

export interface ResourcesClientOptions {
  readonly transport: HttpTransport;
  readonly authorization: Authorization;
  readonly hosts: Pick<PlatformHosts, 'tenant' | 'dataCore' | 'flowType' | 'eventType'>;
  readonly tenant: string;
  /** Name or UUID. */
  readonly dataCore: string;
  /** How often and how patiently each request is tried. @default the transport's own way */
  readonly retry?: Pick<PlatformRequest, 'maxAttempts' | 'backoff'>;
}

/** The kinds of names that can be created. */
export type ResourceKind = 'dataCore' | 'flowType' | 'eventType';

const PATHS: Record<ResourceKind, string> = {
  dataCore: '/api/v1/data-cores',
  flowType: '/api/v1/flow-types',
  eventType: '/api/v1/event-types',
};

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Whether a data core is given by its id, not by its name. */
export function isResourceId(text: string): boolean {
  return UUID.test(text);
}

/** Looks names up and creates them (protocol §5). Remembers nothing; see {@link ResourceIds} for that. */
export class ResourcesClient {
  /** The data core's id, when it was configured by id. */
  readonly givenDataCoreId: string | undefined;

  constructor(private readonly options: ResourcesClientOptions) {
    this.givenDataCoreId = isResourceId(options.dataCore) ? options.dataCore : undefined;
  }

  /** Id of the configured tenant. */
  async tenantId(signal?: AbortSignal): Promise<string> {
    const { hosts, tenant } = this.options;
    const path = `/api/v1/tenants/translate-name-to-id${pathOf(tenant)}`;
    const answer = await this.get('tenant.translate', `tenant "${tenant}"`, hosts.tenant, path, signal);
    return answer.string(answer.object()['id'], '$.id');
  }

  /** The configured data core, by its name or id. @throws PlatformNotFoundError */
  async dataCore(signal?: AbortSignal): Promise<PlatformResource> {
    const { hosts, tenant, dataCore } = this.options;
    const subject = `data core "${dataCore}"`;
    if (this.givenDataCoreId !== undefined) {
      const path = `${PATHS.dataCore}${pathOf(dataCore)}`;
      const answer = await this.get('data-core.get', subject, hosts.dataCore, path, signal);
      return resourceOf(answer, answer.object(), '$');
    }
    const path = `${PATHS.dataCore}?${query({ tenant, name: dataCore })}`;
    const answer = await this.get('data-core.find', subject, hosts.dataCore, path, signal);
    return named(answer, dataCore);
  }

  /** A flow type of a data core. @throws PlatformNotFoundError */
  async flowType(dataCoreId: string, name: string, signal?: AbortSignal): Promise<PlatformResource> {
    const path = `${PATHS.flowType}?${query({ dataCoreId, name })}`;
    const { flowType } = this.options.hosts;
    return named(await this.get('flow-type.find', `flow type "${name}"`, flowType, path, signal), name);
  }

  /** Every event type of a flow type. */
  async eventTypes(flowTypeId: string, signal?: AbortSignal): Promise<PlatformResource[]> {
    const path = `${PATHS.eventType}?${query({ flowTypeId })}`;
    const subject = `event types of flow type ${flowTypeId}`;
    const answer = await this.get('event-type.list', subject, this.options.hosts.eventType, path, signal);
    return resourcesOf(answer);
  }

  /** One event type. @throws PlatformNotFoundError */
  async eventType(flowTypeId: string, name: string, signal?: AbortSignal): Promise<PlatformResource> {
    const path = `${PATHS.eventType}?${query({ flowTypeId, name })}`;
    const { eventType } = this.options.hosts;
    return named(await this.get('event-type.find', `event type "${name}"`, eventType, path, signal), name);
  }

  /** Every flow type of a data core. */
  async flowTypes(dataCoreId: string, signal?: AbortSignal): Promise<PlatformResource[]> {
    const path = `${PATHS.flowType}?${query({ dataCoreId })}`;
    const subject = `flow types of data core ${dataCoreId}`;
    return resourcesOf(await this.get('flow-type.list', subject, this.options.hosts.flowType, path, signal));
  }

  /**
   * @param subject for messages, for example `flow type "order.0"`.
   * @throws PlatformRequestError with status 409 when it exists already.
   */
  async create(
    kind: ResourceKind,
    subject: string,
    body: Readonly<Record<string, unknown>>,
    signal?: AbortSignal,
  ): Promise<PlatformResource> {
    const answer = await this.send('POST', kind, subject, PATHS[kind], body, signal);
    return resourceOf(answer, answer.object(), '$');
  }

  async describe(
    kind: ResourceKind,
    subject: string,
    id: string,
    description: string,
    signal?: AbortSignal,
  ): Promise<void> {
    await this.send('PATCH', kind, subject, `${PATHS[kind]}${pathOf(id)}`, { description }, signal);
  }

  private send(
    method: 'POST' | 'PATCH',
    kind: ResourceKind,
    subject: string,
    path: string,
    body: Readonly<Record<string, unknown>>,
    signal: AbortSignal | undefined,
  ): Promise<PlatformAnswer> {
    const { hosts, authorization, transport, retry } = this.options;
    const { origin, prefix } = parseBaseUrl(hosts[kind]);
    const request: PlatformRequest = {
      ...retry,
      operation: `${kind}.${method === 'POST' ? 'create' : 'update'}`,
      subject,
      method,
      origin,
      path: prefix + path,
      authorization: authorization.rest,
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    };
    return transport.request(request, signal);
  }

  private get(
    operation: string,
    subject: string,
    host: string,
    path: string,
    signal: AbortSignal | undefined,
  ): Promise<PlatformAnswer> {
    const { origin, prefix } = parseBaseUrl(host);
    const { transport, authorization, retry } = this.options;
    const request: PlatformRequest = {
      ...retry,
      operation,
      subject,
      method: 'GET',
      origin,
      path: prefix + path,
      authorization: authorization.rest,
      headers: {},
    };
    return transport.request(request, signal);
  }
}

function query(parameters: Record<string, string>): string {
  return new URLSearchParams(parameters).toString();
}

function resourcesOf(answer: PlatformAnswer): PlatformResource[] {
  return answer.objects().map((item, at) => resourceOf(answer, item, `$[${at}]`));
}

function resourceOf(answer: PlatformAnswer, item: Record<string, unknown>, path: string): PlatformResource {
  return {
    id: answer.string(item['id'], `${path}.id`),
    name: answer.string(item['name'], `${path}.name`),
    description: typeof item['description'] === 'string' ? item['description'] : '',
  };
}

/** By exact name: a gateway that ignores the filter must not make us read somebody else's events. */
function named(answer: PlatformAnswer, name: string): PlatformResource {
  const found = resourcesOf(answer).find((resource) => resource.name === name);
  if (found) return found;
  const info = requestInfo(answer.request, answer.attempts);
  throw new PlatformNotFoundError(
    `${describe(answer.request, info)} found nothing of that name. Check the spelling, or create it on the platform first.`,
    info,
    answer.status,
    answer.cleanBody(),
  );
}
