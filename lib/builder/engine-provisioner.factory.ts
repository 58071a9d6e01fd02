import type { PathwayRegistry } from '../contract/pathway.registry.js';
import type { FlowcoreClient } from '../platform/flowcore-client.js';
import { isLoopback } from '../platform/base-url.util.js';
import type { PlatformHosts } from '../platform/platform-hosts.js';
import { PathwayProvisioner } from '../provisioning/pathway.provisioner.js';
import type { PathwayRegistration } from '../provisioning/pathway.registration.js';
import { createResourceProvisioner } from '../provisioning/resource-provisioner.factory.js';
import type { ResolvedEngineOptions } from './engine.defaults.js';

/** The provisioner of one engine. */
export function createPathwayProvisioner({
  options,
  hosts,
  registry,
  client,
  registration,
}: {
  readonly options: ResolvedEngineOptions;
  readonly hosts: PlatformHosts;
  readonly registry: PathwayRegistry;
  readonly client: FlowcoreClient;
  readonly registration: PathwayRegistration | undefined;
}): PathwayProvisioner {
  const { provisioning, runtimeEnv, dataCore, clock, logger } = options;
  const { stages } = provisioning;
  return new PathwayProvisioner({
    provisioner: createResourceProvisioner({
      client,
      dataCore,
      options: provisioning,
      // On a developer's own machine that is Local Flowcore, which would create the names at the first write anyway.
      createsUndescribed: runtimeEnv !== 'production' && isLoopback(hosts.dataCore),
      logger,
    }),
    registration,
    registry,
    stages,
    failure: provisioning.failure,
    clock,
    logger,
  });
}
