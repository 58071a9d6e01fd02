import type { FlowcoreEvent } from 'nestjs-pathways';
import type { LocalFlowcore } from 'nestjs-pathways/local';
import { LocalTestClient } from '../../lib/local/local-flowcore.test-client.js';

/** What Local Flowcore delivers of one pathway of a data core of `acme`, in order; nothing before its first event. */
export async function storedEvents<TPayload = Record<string, unknown>>(
  local: LocalFlowcore,
  dataCore: string,
  key: string,
): Promise<FlowcoreEvent<TPayload>[]> {
  const client = LocalTestClient.of(local);
  const [flowType, eventType] = key.split('/');
  const idOf = async (list: string) => {
    const found = await client.json<{ id: string }[]>(`/api/v1/${list}`);
    return Array.isArray(found) ? found[0]?.id : undefined;
  };
  const core = await idOf(`data-cores?tenant=acme&name=${dataCore}`);
  const flow = core && (await idOf(`flow-types?dataCoreId=${core}&name=${flowType}`));
  const type = flow && (await idOf(`event-types?flowTypeId=${flow}&name=${eventType}`));
  if (!type) return [];
  const { timeBuckets } = await client.json<{ timeBuckets: string[] }>(
    `/api/v1/time-buckets?eventTypeId=${type}`,
  );
  const pages = await Promise.all(
    timeBuckets.map((bucket) =>
      client.json<{ events: FlowcoreEvent<TPayload>[] }>(
        `/api/v1/events?eventTypeId=${type}&timeBucket=${bucket}&pageSize=500`,
      ),
    ),
  );
  return pages.flatMap(({ events }) => events);
}
