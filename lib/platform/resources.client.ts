import { PlatformNotFoundError } from '../errors/platform-not-found.error.js';
import { isRecord } from '../event/event-shape.util.js';
import type { Authorization } from './authorization.js';
import type { HttpTransport } from './http-transport.js';
import type { PlatformHosts } from './platform-hosts.js';
import { locate } from './platform-url.util.js';
import { invalidResponse, stringField } from './response-shape.util.js';

/** Whose resources. */
export interface ResourcesClientOptions {
  readonly tenant: string;
  /** Name or id. */
  readonly dataCore: string;
  readonly authorization: Authorization;
  readonly hosts: PlatformHosts;
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Finds ids by names (protocol §5). Found ids are remembered until `forget`; "not found" never is. */
export class ResourcesClient {
  private dataCore: string | undefined;
  private readonly flowTypes = new Map<string, string>();
  private readonly eventTypes = new Map<string, string>();

  constructor(
    private readonly transport: HttpTransport,
    private readonly options: ResourcesClientOptions,
  ) {}

  /** @throws PlatformNotFoundError */
  async dataCoreId(signal?: AbortSignal): Promise<string> {
    if (this.dataCore !== undefined) return this.dataCore;
    const { tenant, dataCore, hosts } = this.options;
    if (UUID.test(dataCore)) return (this.dataCore = dataCore);
    const query = new URLSearchParams({ tenant, name: dataCore });
    const url = `${hosts.dataCore}/api/v1/data-cores?${query}`;
    const [found] = await this.list(url, 'data-core-list', signal);
    return (this.dataCore = this.idOf(found, url, `data core "${dataCore}" of tenant "${tenant}"`));
  }

  /** @throws PlatformNotFoundError */
  async flowTypeId(flowType: string, signal?: AbortSignal): Promise<string> {
    const known = this.flowTypes.get(flowType);
    if (known !== undefined) return known;
    const query = new URLSearchParams({ dataCoreId: await this.dataCoreId(signal), name: flowType });
    const url = `${this.options.hosts.flowType}/api/v1/flow-types?${query}`;
    const [found] = await this.list(url, 'flow-type-list', signal);
    const id = this.idOf(found, url, `flow type "${flowType}"`);
    this.flowTypes.set(flowType, id);
    return id;
  }

  /** Ids of the named event types, in their order. @throws PlatformNotFoundError naming the first missing one. */
  async eventTypeIds(
    flowType: string,
    eventTypes: readonly string[],
    signal?: AbortSignal,
  ): Promise<string[]> {
    const keyOf = (eventType: string) => `${flowType}/${eventType}`;
    if (!eventTypes.every((eventType) => this.eventTypes.has(keyOf(eventType)))) {
      const query = new URLSearchParams({ flowTypeId: await this.flowTypeId(flowType, signal) });
      const url = `${this.options.hosts.eventType}/api/v1/event-types?${query}`;
      for (const found of await this.list(url, 'event-type-list', signal)) {
        const name = stringField(found, 'name');
        if (name !== undefined)
          this.eventTypes.set(keyOf(name), this.idOf(found, url, `event type "${name}"`));
      }
      const missing = eventTypes.find((eventType) => !this.eventTypes.has(keyOf(eventType)));
      if (missing !== undefined) this.idOf(undefined, url, `event type "${keyOf(missing)}"`);
    }
    return eventTypes.map((eventType) => this.eventTypes.get(keyOf(eventType)) as string);
  }

  /** Forgets every id: a resource was deleted and made anew. */
  forget(): void {
    this.dataCore = undefined;
    this.flowTypes.clear();
    this.eventTypes.clear();
  }

  private async list(url: string, operation: string, signal?: AbortSignal): Promise<unknown[]> {
    const headers = { authorization: this.options.authorization.rest };
    const { body, status } = await this.transport.request(
      { method: 'GET', ...locate(url), headers, operation },
      signal,
    );
    if (!Array.isArray(body)) throw invalidResponse('GET', url, status, body, 'the body is not a list');
    return body as unknown[];
  }

  private idOf(resource: unknown, url: string, what: string): string {
    if (resource === undefined) {
      throw new PlatformNotFoundError(
        `There is no ${what} on the platform. It appears with its first event, or create it; check the spelling.`,
        { method: 'GET', url, attempts: 1 },
        404,
      );
    }
    const id = isRecord(resource) ? resource.id : undefined;
    if (typeof id !== 'string')
      throw invalidResponse('GET', url, 200, resource, `the id of ${what} is not a string`);
    return id;
  }
}
