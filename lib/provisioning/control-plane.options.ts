import type { PathwaySizeClass } from '../platform/control-plane.interface.js';

/** Where and how the platform posts the events of a managed pathway. */
export interface ManagedDeliveryOptions {
  /** Full URL of the endpoint, as the platform reaches it: the webhook of this application. */
  readonly endpointUrl: string;
  /** Sent with every request, for example the webhook's secret. Never logged. @default none */
  readonly authHeaders?: Readonly<Record<string, string>>;
  /** How much the platform puts behind it. @default 'small' */
  readonly sizeClass?: PathwaySizeClass;
}

/** How an application is known to the control plane. It is registered only with `autoProvision.pathway` (protocol §7). */
export interface ControlPlaneOptions {
  /**
   * The same in every instance of an application, and another one in every application. Pauses are stored under it.
   * Required by `autoProvision.pathway`.
   *
   * @default none; pauses are then stored under the data core
   */
  pathwayName?: string;

  /** Shown by the control plane, which takes them over at every start. @default {} */
  pathwayLabels?: Readonly<Record<string, string>>;

  /**
   * Registers in development too, with a warning at every start: two machines under one name take each other's commands,
   * and a managed pathway is delivered to whoever registered last.
   *
   * @default false
   */
  allowDevelopmentPathwayRegistration?: boolean;

  /**
   * Where and how the platform delivers.
   *
   * @default none; required by `autoProvision.pathway` with `pathwayMode: 'managed'`
   */
  managedConfig?: ManagedDeliveryOptions;

  /**
   * Base URL of the control plane: registration, pulses and commands.
   *
   * @default hosts.controlPlane, else baseUrl, else https://data-pathways.api.flowcore.io
   */
  pulseUrl?: string;

  /** Milliseconds between two pulses of a pump. @default 30_000 */
  pulseIntervalMs?: number;

  /** Milliseconds between two looks for commands. @default 5_000 */
  commandPollingIntervalMs?: number;
}

/** {@link ControlPlaneOptions} with every default applied. */
export interface ResolvedControlPlaneOptions {
  /** Whether this process registers, and does what follows from it. */
  readonly registers: boolean;
  /** Whether it registers when somebody asks for it, by `provision()`. */
  readonly mayRegister: boolean;
  readonly pathwayName: string | undefined;
  readonly labels: Readonly<Record<string, string>>;
  /** Set when the platform delivers. */
  readonly managed: ManagedDeliveryOptions | undefined;
  readonly pulseIntervalMs: number;
  readonly commandPollingIntervalMs: number;
}

/** The only place that knows the defaults. */
export function resolveControlPlaneOptions(
  options: ControlPlaneOptions,
  {
    registers,
    mayRegister,
    isManaged,
  }: { readonly registers: boolean; readonly mayRegister: boolean; readonly isManaged: boolean },
): ResolvedControlPlaneOptions {
  const { managedConfig, pulseIntervalMs = 30_000, commandPollingIntervalMs = 5_000 } = options;
  return {
    registers,
    mayRegister,
    pathwayName: options.pathwayName,
    labels: options.pathwayLabels ?? {},
    managed: isManaged && managedConfig ? withSecretHeaders(managedConfig) : undefined,
    pulseIntervalMs,
    commandPollingIntervalMs,
  };
}

/** Whoever prints the options must not print the headers. */
function withSecretHeaders({
  endpointUrl,
  authHeaders = {},
  sizeClass = 'small',
}: ManagedDeliveryOptions): ManagedDeliveryOptions {
  const managed: ManagedDeliveryOptions = { endpointUrl, authHeaders, sizeClass };
  return Object.defineProperty(managed, 'authHeaders', { enumerable: false });
}
