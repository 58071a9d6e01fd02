import type { PathwayRegistry } from '../contract/pathway.registry.js';
import type { FlowcoreClient } from '../platform/flowcore-client.js';
import { ControlPlaneAgent } from '../provisioning/control-plane.agent.js';
import { PathwayRegistration } from '../provisioning/pathway.registration.js';
import type { PumpManager } from '../pump/pump.manager.js';
import type { PathwaysStore } from '../state/pathways-store.interface.js';
import { MemoryCommandStore } from '../state/memory-command.store.js';
import type { ResolvedEngineOptions } from './engine.defaults.js';

/** Registers one engine; `undefined` when it may not, or nobody asked for it. @throws PathwaysConfigurationError */
export function createPathwayRegistration({
  options,
  client,
  registry,
}: {
  readonly options: ResolvedEngineOptions;
  readonly client: FlowcoreClient;
  readonly registry: PathwayRegistry;
}): PathwayRegistration | undefined {
  const { controlPlane, tenant, dataCore, provisioning, runtimeEnv, logger } = options;
  const { registers, mayRegister, pathwayName, managed } = controlPlane;
  if (provisioning.stages.pathway && !registers) logger.info(notRegistered(runtimeEnv));
  if (!mayRegister || pathwayName === undefined) return undefined;
  const { maxAttempts, ...backoff } = provisioning.retry;
  return new PathwayRegistration({
    controlPlane: client.controlPlaneWith({ maxAttempts, backoff }),
    tenant,
    dataCore,
    name: pathwayName,
    labels: controlPlane.labels,
    ...(managed && { managed }),
    pathways: () => registry.list(),
    logger,
  });
}

/** What connects one engine with the control plane; `undefined` when it does not register. */
export function createControlPlaneAgent({
  options,
  client,
  registration,
  store,
  pumps,
}: {
  readonly options: ResolvedEngineOptions;
  readonly client: FlowcoreClient;
  readonly registration: PathwayRegistration;
  readonly store: PathwaysStore;
  readonly pumps: PumpManager;
}): ControlPlaneAgent | undefined {
  const { controlPlane, provisioning, startupFailure, runtimeEnv, clock, logger } = options;
  const { name } = registration;
  if (!controlPlane.registers) return undefined;
  if (runtimeEnv !== 'production') logger.warn(registeredInDevelopment(name));
  return new ControlPlaneAgent({
    registration,
    name,
    controlPlane: client.controlPlane,
    pumps,
    commands: store.commands ?? new MemoryCommandStore(),
    leases: store.leases,
    pulseIntervalMs: controlPlane.pulseIntervalMs,
    commandPollingIntervalMs: controlPlane.commandPollingIntervalMs,
    failure: startupFailure === 'throw' ? { ...provisioning.failure, check: 'throw' } : provisioning.failure,
    clock,
    logger,
  });
}

const notRegistered = (runtimeEnv: string): string =>
  runtimeEnv === 'production'
    ? 'The pathway is not registered with the control plane, because pump is false: the instances that pull events register it, and so does provision().'
    : `The pathway is not registered with the control plane: in ${runtimeEnv} no start does it${runtimeEnv === 'development' ? ', unless allowDevelopmentPathwayRegistration says so' : '; provision() does'}.`;

const registeredInDevelopment = (name: string): string =>
  `Pathway "${name}" is registered from a development process (allowDevelopmentPathwayRegistration): it replaces what is registered under that name, and takes its commands. Use a name of its own here, never the one of production.`;
