import { PathwaysConfigurationError } from '../errors/pathways-configuration.error.js';
import { PlatformRateLimitedError } from '../errors/platform-rate-limited.error.js';
import { PlatformUnauthorizedError } from '../errors/platform-unauthorized.error.js';
import { PlatformUnavailableError } from '../errors/platform-unavailable.error.js';
import type { PathwaysLogger } from '../event/logger.interface.js';
import type { ControlPlaneClient } from '../platform/control-plane.client.js';
import type {
  PathwayRegistrationBody,
  PathwaySource,
  RegisteredPathway,
} from '../platform/control-plane.interface.js';
import type { ManagedDeliveryOptions } from './control-plane.options.js';
import type { ProvisionFailurePolicy } from './provisioning.options.js';

export interface PathwayRegistrationOptions {
  readonly controlPlane: ControlPlaneClient;
  readonly tenant: string;
  /** As configured. */
  readonly dataCore: string;
  /** The same in every instance of an application, and another one in every application. */
  readonly name: string;
  /** @default none */
  readonly labels?: Readonly<Record<string, string>>;
  /** With it the platform delivers (managed), without it our pumps pull (virtual). */
  readonly managed?: ManagedDeliveryOptions;
  readonly logger: PathwaysLogger;
  /** Every registered pathway, also those nobody here handles; asked at every registration. */
  pathways(): readonly { readonly flowType: string; readonly eventType: string }[];
}

/** Registers the application with the control plane, under its name (protocol §7.1). */
export class PathwayRegistration {
  /** What the control plane has, and what it said to it. */
  private registered: { readonly text: string; readonly answer: RegisteredPathway } | undefined;

  /** @throws PathwaysConfigurationError without a name, or when managed without a usable endpoint URL */
  constructor(private readonly options: PathwayRegistrationOptions) {
    const problems = problemsOf(options);
    if (problems.length > 0) throw new PathwaysConfigurationError(problems, 'Pathway registration options');
  }

  get isManaged(): boolean {
    return this.options.managed !== undefined;
  }

  get name(): string {
    return this.options.name;
  }

  /** What the control plane said to the last registration of this process. */
  get answer(): RegisteredPathway | undefined {
    return this.registered?.answer;
  }

  /** Whether it is known by its name. Rejects as ControlPlaneClient does. */
  isKnown(signal?: AbortSignal): Promise<boolean> {
    return this.options.controlPlane.isRegistered(this.options.name, signal);
  }

  /**
   * Asks the control plane only when something is not registered yet; otherwise the answer is the last one. Rejects as
   * ControlPlaneClient does: a wrong key is no outage (protocol §14.4, C1).
   */
  async register(signal?: AbortSignal): Promise<RegisteredPathway> {
    const { controlPlane, name, logger } = this.options;
    const body = this.body();
    const text = JSON.stringify(body);
    if (text === this.registered?.text) return this.registered.answer;
    const answer = await controlPlane.register(name, body, signal);
    this.registered = { text, answer };
    logger.info(`Pathway "${name}" is registered with the control plane`, { ...answer });
    return answer;
  }

  private body(): PathwayRegistrationBody {
    const { tenant, dataCore, labels = {}, managed } = this.options;
    const common = { tenant, dataCore, labels };
    const eventTypes = new Map<string, Set<string>>();
    for (const { flowType, eventType } of this.options.pathways()) {
      eventTypes.set(flowType, (eventTypes.get(flowType) ?? new Set()).add(eventType));
    }
    if (!managed) return { ...common, type: 'virtual', virtualConfig: { flowTypes: [...eventTypes.keys()] } };
    const { endpointUrl: url, authHeaders = {}, sizeClass = 'small' } = managed;
    const sources: PathwaySource[] = [...eventTypes].map(([flowType, types]) => ({
      flowType,
      eventTypes: [...types],
      endpoints: [{ url, authHeaders }],
    }));
    return { ...common, sizeClass, enabled: true, type: 'managed', config: { sources } };
  }
}

/**
 * What a registration that failed means: `outage`, worth another try, or `refused`. Throws the error where the policy, or a
 * wrong key, ends the start.
 */
export function afterFailedRegistration(
  error: unknown,
  { check = 'continue', apply = 'throw' }: Readonly<ProvisionFailurePolicy> = {},
): 'outage' | 'refused' {
  if (error instanceof PlatformUnauthorizedError) throw error;
  const isDown = isOutage(error);
  if ((isDown ? check : apply) === 'throw') throw error;
  return isDown ? 'outage' : 'refused';
}

/** Whether the control plane is away, rather than of another opinion. */
export function isOutage(error: unknown): boolean {
  return error instanceof PlatformUnavailableError || error instanceof PlatformRateLimitedError;
}

function problemsOf({ name, managed }: PathwayRegistrationOptions): { path: string; message: string }[] {
  const problems = [];
  if (name.trim() === '')
    problems.push({
      path: 'pathwayName',
      message: 'is empty. Give the application a name of its own; the control plane knows it by that',
    });
  if (managed && !isHttpUrl(managed.endpointUrl))
    problems.push({
      path: 'managedConfig.endpointUrl',
      message: `is ${JSON.stringify(managed.endpointUrl)}. Managed delivery posts events: give the full http(s) URL at which they are taken`,
    });
  return problems;
}

function isHttpUrl(url: unknown): boolean {
  return typeof url === 'string' && URL.canParse(url) && /^https?:$/.test(new URL(url).protocol);
}
