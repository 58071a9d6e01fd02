import { PlatformNotFoundError } from '../errors/platform-not-found.error.js';
import { PlatformRequestError } from '../errors/platform-request.error.js';
import { PlatformUnauthorizedError } from '../errors/platform-unauthorized.error.js';
import { ProvisioningFailedError, type ProvisioningProblem } from '../errors/provisioning-failed.error.js';
import { errorFields, type PathwaysLogger } from '../event/logger.interface.js';
import type { PlatformResource, ResourceKind, ResourcesClient } from '../platform/resources.client.js';
import { inParallel } from './in-parallel.util.js';
import type { ProvisioningStages, ResolvedProvisioningOptions } from './provisioning.options.js';
import { levelsOf, RESOURCE_LABELS, type PlannedFlowType, type WantedResource } from './provisioning.plan.js';

/** What happened, or would happen, to one name. */
export interface ProvisioningStep {
  /** `pathway`: the registration with the control plane. */
  readonly kind: ResourceKind | 'pathway';
  readonly name: string;
  /** The flow type of an event type. */
  readonly flowType?: string;
  /**
   * `exists`: nothing to do. `create`, `describe`: it is made, or its description corrected. `update`: what is registered under
   * the name is replaced by what this application says. `missing`: it is not there and may not be made here; `problem` says
   * why.
   */
  readonly action: 'exists' | 'create' | 'describe' | 'update' | 'missing';
  readonly problem?: string;
}

/** How going through a plan ended. */
export interface ProvisioningResult {
  /** `interrupted`: a look-up failed and `provisionFailure.check` is `continue`: worth another try. */
  readonly end: 'complete' | 'interrupted';
  readonly steps: readonly ProvisioningStep[];
}

/** The parts the provisioner works with. */
export interface ResourceProvisionerDependencies {
  readonly resources: ResourcesClient;
  readonly dataCore: string;
  readonly options: ResolvedProvisioningOptions;
  /** Creates what has no description too: for a platform that anybody may fill, such as Local Flowcore. */
  readonly createsUndescribed: boolean;
  readonly logger: PathwaysLogger;
}

/** A look-up failed, and nothing is known of what it looked for. */
class CheckFailure {
  constructor(readonly error: unknown) {}
}

interface Run {
  readonly isDry: boolean;
  readonly signal: AbortSignal | undefined;
  readonly stages: ProvisioningStages;
  readonly steps: ProvisioningStep[];
}

/**
 * Creates data core, flow types and event types, level by level. A description means *this service owns it*: missing is
 * created, another description corrected. No description means *it must exist*. Never deletes.
 */
export class ResourceProvisioner {
  constructor(private readonly deps: ResourceProvisionerDependencies) {}

  /**
   * Goes through the plan once.
   *
   * @param stages what is created, of what the options allow.
   * @throws PlatformUnauthorizedError and an unknown tenant, always: no later try would end otherwise.
   * @throws ProvisioningFailedError listing every name of the level that is missing.
   */
  async provision(
    plan: readonly PlannedFlowType[],
    signal?: AbortSignal,
    stages: ProvisioningStages = this.deps.options.stages,
  ): Promise<ProvisioningResult> {
    const run: Run = { isDry: false, signal, stages, steps: [] };
    try {
      await this.throughLevels(plan, run);
      return { end: 'complete', steps: run.steps };
    } catch (failure) {
      if (!(failure instanceof CheckFailure)) throw failure;
      if (this.deps.options.failure.check === 'throw') throw failure.error;
      this.deps.logger.warn(
        'Provisioning could not look at the platform, which may be down; the start goes on, and it is tried again',
        errorFields(failure.error),
      );
      return { end: 'interrupted', steps: run.steps };
    }
  }

  /** What `provision` would do now. Changes nothing. Rejects with the error of a look-up that fails. */
  async inspect(plan: readonly PlannedFlowType[], signal?: AbortSignal): Promise<ProvisioningStep[]> {
    const { stages } = this.deps.options;
    const run: Run = { isDry: true, signal, stages, steps: [] };
    try {
      await this.throughLevels(plan, run);
      return run.steps;
    } catch (failure) {
      throw failure instanceof CheckFailure ? failure.error : failure;
    }
  }

  private async throughLevels(plan: readonly PlannedFlowType[], run: Run): Promise<void> {
    const { resources, dataCore, options } = this.deps;
    const tenantId = await this.lookUp(() => resources.tenantId(run.signal), 'always');
    const levels = levelsOf({ resources, dataCore, options, tenantId, plan, signal: run.signal });
    const [core] = await this.level([levels.dataCore], run);
    const { stages } = run;
    if (!stages.flowType && !stages.eventType) return;
    if (!core && !run.isDry) return;
    const flowTypes = await this.level(levels.flowTypes(core?.id), run);
    // Switched off, event types are not looked at either: somebody else answers for them.
    if (!stages.eventType) return;
    const eventTypes = plan.flatMap((flowType, index) => {
      const id = flowTypes[index]?.id;
      return id === undefined && !run.isDry ? [] : levels.eventTypes(flowType, id);
    });
    await this.level(eventTypes, run);
  }

  /** What is found or made, in the order of what is wanted; `undefined` for what could not be. */
  private async level(
    wanted: readonly WantedResource[],
    run: Run,
  ): Promise<(PlatformResource | undefined)[]> {
    const problems: ProvisioningProblem[] = [];
    const found = await inParallel(wanted, this.deps.options.concurrency, async (each) => {
      const end = await this.ensure(each, run);
      if (end === undefined || !('message' in end)) return end;
      problems.push(end);
      return undefined;
    });
    if (problems.length === 0 || run.isDry) return found;
    const failed = new ProvisioningFailedError(problems);
    if (this.deps.options.failure.apply === 'throw') throw failed;
    this.deps.logger.error(failed.message);
    return found;
  }

  /** `undefined` for what a dry run would have made. */
  private async ensure(
    wanted: WantedResource,
    run: Run,
  ): Promise<PlatformResource | ProvisioningProblem | undefined> {
    const found = wanted.find && (await this.lookUp(wanted.find));
    const step = this.stepFor(wanted, found, run.stages);
    run.steps.push(step);
    if (step.problem !== undefined) return { resource: nameOf(wanted), message: step.problem };
    if (step.action === 'exists' || run.isDry) return found;
    return found ? this.corrected(wanted, found, run) : this.created(wanted, run);
  }

  private stepFor(
    wanted: WantedResource,
    found: PlatformResource | undefined,
    stages: ProvisioningStages,
  ): ProvisioningStep {
    const { kind, name, flowType, description } = wanted;
    const step = { kind, name, ...(flowType !== undefined && { flowType }) };
    const isOurs = stages[kind];
    if (found) {
      const isOutdated = isOurs && description !== undefined && description !== found.description;
      return { ...step, action: isOutdated ? 'describe' : 'exists' };
    }
    if (!isOurs) {
      const problem = `is missing, and autoProvision.${kind} is false. Create it on the platform, or allow it`;
      return { ...step, action: 'missing', problem };
    }
    if (description === undefined && !this.deps.createsUndescribed) {
      const problem = `is missing, and has no description here, which says that somebody else creates it. Give it one (${describedBy(kind)}), or create it on the platform`;
      return { ...step, action: 'missing', problem };
    }
    return { ...step, action: 'create' };
  }

  /** `undefined` when it is not there, which only the status says, never a word in some gateway's page. */
  private async lookUp<T>(find: () => Promise<T>): Promise<T | undefined>;
  private async lookUp<T>(find: () => Promise<T>, mustExist: 'always'): Promise<T>;
  private async lookUp<T>(find: () => Promise<T>, mustExist?: 'always'): Promise<T | undefined> {
    try {
      return await find();
    } catch (error) {
      if (error instanceof PlatformNotFoundError && !mustExist) return undefined;
      // A wrong key is no outage: a service that starts without its names would only fail later and further away.
      if (error instanceof PlatformUnauthorizedError || error instanceof PlatformNotFoundError) throw error;
      throw error instanceof PlatformRequestError ? new CheckFailure(error) : error;
    }
  }

  private async corrected(
    wanted: WantedResource,
    found: PlatformResource,
    { signal }: Run,
  ): Promise<PlatformResource | ProvisioningProblem> {
    const resource = nameOf(wanted);
    try {
      await this.deps.resources.describe(wanted.kind, resource, found.id, wanted.description ?? '', signal);
      this.deps.logger.info(`Provisioning: ${resource} has its description corrected`);
      return found;
    } catch (cause) {
      return refusal(resource, 'its description could not be corrected', cause);
    }
  }

  private async created(
    wanted: WantedResource,
    { signal }: Run,
  ): Promise<PlatformResource | ProvisioningProblem> {
    const { kind, name, description = '', details, find } = wanted;
    const resource = nameOf(wanted);
    try {
      const made = await this.deps.resources.create(
        kind,
        resource,
        { ...details, name, description },
        signal,
      );
      this.deps.logger.info(`Provisioning: ${resource} is created`);
      return made;
    } catch (cause) {
      // Another instance that starts at the same moment was faster.
      const made = isConflict(cause) && find ? await this.lookUp(find) : undefined;
      return made ?? refusal(resource, 'could not be created', cause);
    }
  }
}

/** What the platform refused, as a problem of its resource; a wrong key is none of a single resource's. */
function refusal(resource: string, what: string, cause: unknown): ProvisioningProblem {
  if (cause instanceof PlatformUnauthorizedError) throw cause;
  return { resource, message: `${what}: ${cause instanceof Error ? cause.message : String(cause)}`, cause };
}

function nameOf({ kind, name }: WantedResource): string {
  return `${RESOURCE_LABELS[kind]} "${name}"`;
}

function describedBy(kind: ResourceKind): string {
  if (kind === 'dataCore') return 'option dataCoreDescription';
  return kind === 'flowType' ? 'flowTypeDescription in @Pathway' : 'description in @Pathway';
}

function isConflict(error: unknown): boolean {
  return error instanceof PlatformRequestError && error.status === 409;
}
