import { PlatformNotFoundError } from '../errors/platform-not-found.error.js';
import type { ResourcesClient } from './resources.client.js';

/** Ids of a flow type and of the data core that holds it. */
export interface FlowTypeIds {
  readonly dataCoreId: string;
  readonly flowTypeId: string;
}

/**
 * Name to id, remembered per client. A resource that was deleted and created anew has another id, so whatever is not
 * found below a remembered id drops what is remembered and is looked up once more.
 */
export class ResourceIds {
  private dataCoreId: string | undefined;
  private readonly flowTypeIds = new Map<string, string>();

  constructor(private readonly resources: ResourcesClient) {}

  /** Looked up anew every time, for what stands longer than one request. @throws PlatformNotFoundError */
  async freshOfFlowType(flowType: string, signal?: AbortSignal): Promise<FlowTypeIds> {
    const dataCoreId = this.resources.givenDataCoreId ?? (await this.resources.dataCore(signal)).id;
    const flowTypeId = (await this.resources.flowType(dataCoreId, flowType, signal)).id;
    this.remember(dataCoreId, flowType, flowTypeId);
    return { dataCoreId, flowTypeId };
  }

  /** Ids in the order of the names. @throws PlatformNotFoundError while one does not exist. */
  async ofEventTypes(
    flowType: string,
    eventTypes: readonly string[],
    signal?: AbortSignal,
  ): Promise<string[]> {
    return this.withFreshIds(async () => {
      const { flowTypeId } = await this.lookUp(flowType, signal);
      const existing = await this.resources.eventTypes(flowTypeId, signal);
      const idByName = new Map(existing.map(({ name, id }) => [name, id]));
      const missing = eventTypes.filter((name) => !idByName.has(name));
      if (missing.length === 0) return eventTypes.map((name) => idByName.get(name) ?? '');
      // The by-name request names the missing one in its error, and still finds it if the list was shortened.
      for (const name of missing) {
        idByName.set(name, (await this.resources.eventType(flowTypeId, name, signal)).id);
      }
      return eventTypes.map((name) => idByName.get(name) ?? '');
    });
  }

  /** Looks everything up again next time. */
  forget(): void {
    this.dataCoreId = undefined;
    this.flowTypeIds.clear();
  }

  private async lookUp(flowType: string, signal: AbortSignal | undefined): Promise<FlowTypeIds> {
    const flowTypeId = this.flowTypeIds.get(flowType);
    if (this.dataCoreId === undefined || flowTypeId === undefined)
      return this.freshOfFlowType(flowType, signal);
    return { dataCoreId: this.dataCoreId, flowTypeId };
  }

  private remember(dataCoreId: string, flowType: string, flowTypeId: string): void {
    // Flow types of a data core that was made anew have new ids too.
    if (this.dataCoreId !== dataCoreId) this.flowTypeIds.clear();
    this.dataCoreId = dataCoreId;
    this.flowTypeIds.set(flowType, flowTypeId);
  }

  private async withFreshIds<T>(work: () => Promise<T>): Promise<T> {
    const hadRemembered = this.flowTypeIds.size > 0;
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof PlatformNotFoundError)) throw error;
      this.forget();
      if (!hadRemembered) throw error;
      return await work();
    }
  }
}
