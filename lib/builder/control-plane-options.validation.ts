import type { ConfigurationProblem } from '../errors/pathways-configuration.error.js';
import type { ControlPlaneOptions } from '../provisioning/control-plane.options.js';
import { resolveProvisioningOptions } from '../provisioning/provisioning.options.js';
import type { PathwaysEngineOptions, RuntimeEnv } from './engine.options.js';
import { flag, mapOf, oneOf, shape, text, wholeNumber, type OptionCheck } from './option-check.util.js';

/** Unlike other checks it never shows the value, which may be a secret. */
const header: OptionCheck = (value, path) =>
  typeof value === 'string' && value !== '' && !/[\r\n]/.test(value)
    ? []
    : [{ path, message: 'must be a non-empty string of one line' }];

const label: OptionCheck = (value, path) =>
  typeof value === 'string' ? [] : [{ path, message: 'must be a string' }];

const httpUrl: OptionCheck = (value, path) =>
  typeof value === 'string' && URL.canParse(value) && /^https?:$/.test(new URL(value).protocol)
    ? []
    : [{ path, message: 'must be a full http(s) URL' }];

const positive = wholeNumber(1);

/** Checks of the options one by one. */
export const CONTROL_PLANE_CHECKS: Record<keyof ControlPlaneOptions, OptionCheck> = {
  pathwayName: text,
  pathwayLabels: mapOf(label),
  allowDevelopmentPathwayRegistration: flag,
  managedConfig: shape({
    endpointUrl: httpUrl,
    authHeaders: mapOf(header),
    sizeClass: oneOf('small', 'medium', 'high'),
  }),
  pulseUrl: httpUrl,
  pulseIntervalMs: positive,
  commandPollingIntervalMs: positive,
};

/** What registering the pathway needs. */
export function missingForRegistration(
  options: Omit<PathwaysEngineOptions, 'audit'>,
  runtimeEnv: RuntimeEnv,
): ConfigurationProblem[] {
  // Of a wrong kind: said elsewhere.
  if (typeof options.autoProvision !== 'object' || options.autoProvision === null) return [];
  if (!resolveProvisioningOptions({ autoProvision: options.autoProvision }).stages.pathway) return [];
  const problems: ConfigurationProblem[] = [];
  if (options.pathwayName === undefined)
    problems.push({
      path: 'pathwayName',
      message:
        'is required by autoProvision.pathway: the control plane knows the application by it. Give every application one of its own',
    });
  const isManaged = (options.pathwayMode ?? pathwayModeIn(runtimeEnv)) === 'managed';
  if (isManaged && options.managedConfig?.endpointUrl === undefined)
    problems.push({
      path: 'managedConfig.endpointUrl',
      message:
        'is required by autoProvision.pathway with pathwayMode "managed", which is the default in production: the platform posts the events there. To pull them instead, say pathwayMode: "virtual"',
    });
  return problems;
}

/** Who brings events where nobody says. */
export function pathwayModeIn(runtimeEnv: RuntimeEnv): 'virtual' | 'managed' {
  return runtimeEnv === 'production' ? 'managed' : 'virtual';
}
