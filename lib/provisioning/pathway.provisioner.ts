import type { PathwayContract } from '../contract/pathway-contract.interface.js';
import type { PathwayRegistry } from '../contract/pathway.registry.js';
import { sleep, type Clock } from '../event/clock.interface.js';
import { keptAlive } from '../event/keep-alive.js';
import { errorFields, type PathwaysLogger } from '../event/logger.interface.js';
import { backoffDelay } from '../pump/backoff.util.js';
import {
  joinStages,
  narrowStages,
  NO_STAGES,
  type AutoProvision,
  type ProvisionFailurePolicy,
  type ProvisioningStages,
} from './provisioning.options.js';
import { afterFailedRegistration, type PathwayRegistration } from './pathway.registration.js';
import { planOf } from './provisioning.plan.js';
import type { ProvisioningStep, ResourceProvisioner } from './resource.provisioner.js';

/** How far provisioning has come. */
export type ProvisioningState = 'off' | 'waiting' | 'complete' | 'interrupted' | 'failed';

export interface PathwayProvisionerDependencies {
  readonly provisioner: ResourceProvisioner;
  /** Registers the application with the control plane. @default nobody does */
  readonly registration?: PathwayRegistration | undefined;
  readonly registry: PathwayRegistry;
  /** What may be created. */
  readonly stages: ProvisioningStages;
  readonly failure: Readonly<ProvisionFailurePolicy>;
  readonly clock: Clock;
  readonly logger: PathwaysLogger;
}

/** What one call of `provision` does. */
export interface ProvisionCallOptions {
  /**
   * Leaves stages out that the options of the application switch on. One that they switch off stays off, whatever is asked.
   *
   * @default what the options of the application say
   */
  readonly autoProvision?: boolean | AutoProvision;
}

/**
 * Brings the platform in line with the contracts of this application, once each: data core, flow types, event types, and last
 * the registration of the pathway.
 */
export class PathwayProvisioner {
  private readonly stopping = new AbortController();
  /** What each contract was gone through for. */
  private readonly done = new Map<PathwayContract, ProvisioningStages>();
  /** What the calls that are not over ask for. */
  private wanted = NO_STAGES;
  private current: ProvisioningState;
  private retrying: Promise<void> | undefined;

  constructor(private readonly deps: PathwayProvisionerDependencies) {
    this.current = hasNames(deps.stages) ? 'waiting' : 'off';
  }

  /** `interrupted`: the platform could not be looked at, and it is tried again until it can. */
  get state(): ProvisioningState {
    return this.current;
  }

  /** What `provision` would do on the platform now, level by level. Changes nothing. */
  plan(): Promise<ProvisioningStep[]> {
    return keptAlive(this.inspect());
  }

  /**
   * Creates and corrects what the contracts need and may be created (`autoProvision`), then registers the pathway where
   * `autoProvision.pathway` says so: in every environment, but in development only with
   * `allowDevelopmentPathwayRegistration`. Contracts that were gone through before are not looked at again. A call may ask
   * for less than the options allow, never for more. An outage does not end it: unless `provisionFailure.check` is `throw`,
   * it goes on in the background.
   *
   * @throws ProvisioningFailedError, PlatformUnauthorizedError, PlatformNotFoundError for an unknown tenant;
   * PlatformRequestError when the control plane refuses to register
   */
  async provision({ autoProvision }: ProvisionCallOptions = {}): Promise<void> {
    const { stages, registration } = this.deps;
    const asked = autoProvision === undefined ? stages : narrowStages(stages, autoProvision);
    if (asked.pathway && !registration) this.deps.logger.info(NOT_REGISTERED);
    await this.bringAbout({ ...asked, pathway: asked.pathway && registration !== undefined });
  }

  /** The same without the registration, which belongs to the start: with pauses, pulses and commands. */
  provisionNames({ autoProvision }: ProvisionCallOptions = {}): Promise<void> {
    return this.bringAbout({ ...narrowStages(this.deps.stages, autoProvision), pathway: false });
  }

  private async bringAbout(stages: ProvisioningStages): Promise<void> {
    if ((!hasNames(stages) && !stages.pathway) || this.stopping.signal.aborted) return;
    this.wanted = joinStages(this.wanted, stages);
    // What runs in the background takes the new contracts along.
    if (this.retrying) return;
    try {
      if (await keptAlive(this.tryOnce())) this.wanted = NO_STAGES;
      else this.goOnInBackground(stages);
    } catch (error) {
      this.wanted = NO_STAGES;
      // A stop during the start is no failure of the platform.
      if (this.stopping.signal.aborted) return;
      this.current = 'failed';
      throw error;
    }
  }

  /** Ends what goes on in the background. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.retrying;
  }

  private goOnInBackground(stages: ProvisioningStages): void {
    // Another call may have ended meanwhile, and taken it away.
    this.wanted = joinStages(this.wanted, stages);
    this.retrying ??= this.retry().finally(() => {
      this.retrying = undefined;
      this.wanted = NO_STAGES;
    });
  }

  private async tryOnce(): Promise<boolean> {
    const contracts = this.deps.registry.list();
    const stages = this.wanted;
    if (!contracts.every((contract) => covers(this.done.get(contract), stages))) {
      // All contracts of a flow type, because the first description of it counts, whoever gives it.
      const { end } = await this.deps.provisioner.provision(planOf(contracts), this.stopping.signal, stages);
      this.current = end;
      if (end !== 'complete') return false;
      for (const contract of contracts)
        this.done.set(contract, joinStages(this.done.get(contract) ?? NO_STAGES, stages));
    }
    if (stages.pathway && !(await this.isRegistered())) return false;
    return this.complete();
  }

  /** `false` while the control plane is away. Known there when its names are: what is delivered has to exist. */
  private async isRegistered(): Promise<boolean> {
    const { registration, failure, logger } = this.deps;
    try {
      await registration?.register(this.stopping.signal);
      return true;
    } catch (error) {
      if (this.stopping.signal.aborted) throw error;
      if (afterFailedRegistration(error, failure) === 'refused') {
        logger.error('The control plane refuses to register the pathway', errorFields(error));
        return true;
      }
      logger.warn(
        'The control plane is not there; the pathway is registered as soon as it is',
        errorFields(error),
      );
      this.current = 'interrupted';
      return false;
    }
  }

  private async inspect(): Promise<ProvisioningStep[]> {
    const { provisioner, registry, registration, stages } = this.deps;
    const { signal } = this.stopping;
    const steps = await provisioner.inspect(planOf(registry.list()), signal);
    return registration && stages.pathway ? [...steps, await registrationStep(registration, signal)] : steps;
  }

  private complete(): true {
    this.current = 'complete';
    return true;
  }

  private async retry(): Promise<void> {
    const { clock, logger } = this.deps;
    const { signal } = this.stopping;
    try {
      for (let failures = 1; ; failures++) {
        await sleep(clock, backoffDelay(failures), signal);
        if (signal.aborted) return;
        // Once more when contracts came meanwhile: whoever added them relies on this loop.
        if ((await this.tryOnce()) && (await this.tryOnce())) break;
      }
      logger.info('Provisioning: the platform could be looked at again, and has what the contracts need');
    } catch (error) {
      if (signal.aborted) return;
      this.current = 'failed';
      logger.error('Provisioning ended in the background; the service goes on without', errorFields(error));
    }
  }
}

/** What registering would do. */
export async function registrationStep(
  registration: PathwayRegistration,
  signal?: AbortSignal,
): Promise<ProvisioningStep> {
  const action = (await registration.isKnown(signal)) ? 'update' : 'create';
  return { kind: 'pathway', name: registration.name, action };
}

const NOT_REGISTERED =
  'The pathway is not registered with the control plane: in development nothing is, unless allowDevelopmentPathwayRegistration says so.';

function hasNames({ dataCore, flowType, eventType }: ProvisioningStages): boolean {
  return dataCore || flowType || eventType;
}

function covers(done: ProvisioningStages | undefined, wanted: ProvisioningStages): boolean {
  return (['dataCore', 'flowType', 'eventType'] as const).every((stage) => done?.[stage] || !wanted[stage]);
}
