/** Which kinds of names are created on the platform. */
export interface AutoProvision {
  /** The data core itself, when `dataCoreDescription` says that it is ours. @default true */
  dataCore?: boolean;
  /** Flow types that a contract describes. @default true */
  flowType?: boolean;
  /** Event types that a contract describes. @default true */
  eventType?: boolean;
  /**
   * Registers this service by its `pathwayName`, so that the platform knows whom to deliver to or to command
   * (protocol §8).
   *
   * @default false
   */
  pathway?: boolean;
}

/** What happens when provisioning does not succeed. */
export interface ProvisionFailurePolicy {
  /**
   * A look-up fails because the platform cannot be reached or is overloaded. `continue`: the start goes on, and
   * provisioning is tried again in the background until it succeeds. `throw`: the start fails.
   *
   * @default 'continue'
   */
  check?: 'throw' | 'continue';
  /**
   * Something is missing and may not be created, or the platform refuses to create or change it. `continue`: it is
   * logged, and what depends on it is left out.
   *
   * @default 'throw'
   */
  apply?: 'throw' | 'continue';
}

/** How often and how patiently a request of provisioning is tried. */
export interface ProvisionRetry {
  /** Attempts, with the first. @default 3 */
  maxAttempts?: number;
  /** Milliseconds before the second attempt; doubles from there. @default 250 */
  baseDelayMs?: number;
  /** Milliseconds a wait has at most; `Retry-After` may lengthen it. @default 5_000 */
  maxDelayMs?: number;
  /** Share of a wait by which it is spread. @default 0.2 */
  jitterRatio?: number;
}

/** Creating data core, flow types and event types from the contracts, at start. Nothing is ever deleted. */
export interface ProvisioningOptions {
  /**
   * `false` creates nothing and looks at nothing; `true` is all but `pathway`.
   *
   * @default true; false when `runtimeEnv` is `test`
   */
  autoProvision?: boolean | AutoProvision;

  /**
   * What the data core is for. With it, a missing data core is created and a different description corrected.
   *
   * @default none: the data core is looked up, never created or changed
   */
  dataCoreDescription?: string;

  /** Who may read a data core that is created. @default 'private' */
  dataCoreAccessControl?: 'public' | 'private';

  /** Whether a data core that is created is protected from deletion. @default false */
  dataCoreDeleteProtection?: boolean;

  /** What a failure does to the start; one word sets both. @default { check: 'continue', apply: 'throw' } */
  provisionFailure?: 'throw' | 'continue' | ProvisionFailurePolicy;

  /** How patiently each request is tried. @default {}: every option has its default */
  provisionRetry?: ProvisionRetry;

  /** Requests at once, within one level. @default 4 */
  provisionConcurrency?: number;
}

/** {@link AutoProvision} with every default applied. */
export type ProvisioningStages = Readonly<Required<AutoProvision>>;

/** {@link ProvisioningOptions} with every default applied. */
export interface ResolvedProvisioningOptions {
  readonly stages: ProvisioningStages;
  readonly dataCore: {
    readonly description: string | undefined;
    readonly accessControl: 'public' | 'private';
    readonly deleteProtection: boolean;
  };
  readonly failure: Readonly<Required<ProvisionFailurePolicy>>;
  readonly retry: Readonly<Required<ProvisionRetry>>;
  readonly concurrency: number;
}

export const NO_STAGES: ProvisioningStages = {
  dataCore: false,
  flowType: false,
  eventType: false,
  pathway: false,
};

/** The only place that knows which stages are on. */
function resolveStages(autoProvision: boolean | AutoProvision): ProvisioningStages {
  const stages = typeof autoProvision === 'object' ? autoProvision : autoProvision ? {} : NO_STAGES;
  return {
    dataCore: stages.dataCore ?? true,
    flowType: stages.flowType ?? true,
    eventType: stages.eventType ?? true,
    pathway: stages.pathway ?? false,
  };
}

/** What one call asks for, as far as the options allow it (protocol §14.4, C8). */
export function narrowStages(
  allowed: ProvisioningStages,
  asked: boolean | AutoProvision = true,
): ProvisioningStages {
  return mapStages(resolveStages(asked), (isAsked, stage) => isAsked && allowed[stage]);
}

/** What either of them asks for. */
export function joinStages(a: ProvisioningStages, b: ProvisioningStages): ProvisioningStages {
  return mapStages(a, (isOn, stage) => isOn || b[stage]);
}

function mapStages(
  stages: ProvisioningStages,
  change: (isOn: boolean, stage: keyof ProvisioningStages) => boolean,
): ProvisioningStages {
  const { dataCore, flowType, eventType, pathway } = stages;
  return {
    dataCore: change(dataCore, 'dataCore'),
    flowType: change(flowType, 'flowType'),
    eventType: change(eventType, 'eventType'),
    pathway: change(pathway, 'pathway'),
  };
}

/**
 * The only place that knows the defaults.
 *
 * @param isOnByDefault whether `autoProvision` is true when nobody says.
 */
export function resolveProvisioningOptions(
  options: ProvisioningOptions,
  isOnByDefault = true,
): ResolvedProvisioningOptions {
  const { autoProvision = isOnByDefault, provisionFailure = {}, provisionRetry: retry = {} } = options;
  const failure =
    typeof provisionFailure === 'string'
      ? { check: provisionFailure, apply: provisionFailure }
      : provisionFailure;
  return {
    stages: resolveStages(autoProvision),
    dataCore: {
      description: options.dataCoreDescription,
      accessControl: options.dataCoreAccessControl ?? 'private',
      deleteProtection: options.dataCoreDeleteProtection ?? false,
    },
    failure: { check: failure.check ?? 'continue', apply: failure.apply ?? 'throw' },
    retry: {
      maxAttempts: retry.maxAttempts ?? 3,
      baseDelayMs: retry.baseDelayMs ?? 250,
      maxDelayMs: retry.maxDelayMs ?? 5_000,
      jitterRatio: retry.jitterRatio ?? 0.2,
    },
    concurrency: options.provisionConcurrency ?? 4,
  };
}
