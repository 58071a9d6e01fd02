import type { PathwaysLogger } from '../event/logger.interface.js';
import type { FlowcoreClient } from '../platform/flowcore-client.js';
import type { ResolvedProvisioningOptions } from './provisioning.options.js';
import { ResourceProvisioner } from './resource.provisioner.js';

/** A provisioner whose requests are as patient as its options say. */
export function createResourceProvisioner({
  client,
  options,
  ...deps
}: {
  readonly client: FlowcoreClient;
  readonly dataCore: string;
  readonly options: ResolvedProvisioningOptions;
  readonly createsUndescribed: boolean;
  readonly logger: PathwaysLogger;
}): ResourceProvisioner {
  const { maxAttempts, ...backoff } = options.retry;
  const resources = client.resourcesWith({ maxAttempts, backoff });
  return new ResourceProvisioner({ ...deps, resources, options });
}
