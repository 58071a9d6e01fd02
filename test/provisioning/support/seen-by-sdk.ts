import {
  DataCoreFetchCommand,
  DataCoreListCommand,
  EventTypeListCommand,
  FlowcoreClient,
  FlowTypeListCommand,
} from '@flowcore/sdk';

/** What there is of a data core, as the reference SDK's own commands see it. Texts are `name: description`. */
export async function seenBySdk(url: string, tenant: string, dataCore: string) {
  const client = new FlowcoreClient({ apiKey: 'fc_id_secret', retry: null });
  client.setBaseUrl(url);
  const core = await client.execute(new DataCoreFetchCommand({ tenant, dataCore }));
  const flowTypes = await client.execute(new FlowTypeListCommand({ dataCoreId: core.id }));
  const eventTypes = await Promise.all(
    flowTypes.map(({ id }) => client.execute(new EventTypeListCommand({ flowTypeId: id }))),
  );
  const text = ({ name, description }: { name: string; description: string }) => `${name}: ${description}`;
  return {
    dataCore: text(core),
    access: core.accessControl,
    isProtected: core.deleteProtection,
    flowTypes: flowTypes.map(text).sort(),
    eventTypes: eventTypes.flat().map(text).sort(),
  };
}

/** The names of a tenant's data cores. */
export async function dataCoresSeenBySdk(url: string, tenant: string): Promise<string[]> {
  const client = new FlowcoreClient({ apiKey: 'fc_id_secret', retry: null });
  client.setBaseUrl(url);
  return (await client.execute(new DataCoreListCommand({ tenant }))).map(({ name }) => name);
}
