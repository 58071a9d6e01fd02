import {
  PathwaysConfigurationError,
  type ConfigurationProblem,
} from '../errors/pathways-configuration.error.js';
import type { PathwaySizeClass } from '../platform/control-plane.interface.js';
import type { ManagedDeliveryOptions } from '../provisioning/control-plane.options.js';

/** How a command is told what to register. */
export interface PathwayCommandOptions {
  readonly pathwayName?: string;
  readonly pathwayMode?: 'virtual' | 'managed';
  readonly endpointUrl?: string;
  readonly authHeader?: readonly string[];
  readonly sizeClass?: PathwaySizeClass;
  readonly label?: readonly string[];
}

/** What is registered. */
interface PathwayArguments {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly managed?: ManagedDeliveryOptions;
}

/**
 * `undefined` without a name: nothing is registered then.
 *
 * @throws PathwaysConfigurationError for options that contradict each other: a registration replaces what there was, so one
 * that leaves something out would take it away.
 */
export function pathwayOf(options: PathwayCommandOptions): PathwayArguments | undefined {
  const { pathwayName, pathwayMode: mode = 'managed', endpointUrl, authHeader = [], sizeClass } = options;
  const problems: ConfigurationProblem[] = [];
  if (pathwayName === undefined) {
    const alone = [options.pathwayMode, endpointUrl, sizeClass, options.label].some(
      (given) => given !== undefined,
    );
    if (alone) problems.push({ path: '--pathway-name', message: 'is required to register a pathway' });
  } else if (mode === 'managed' && endpointUrl === undefined) {
    const message =
      'is required by a managed pathway: the platform posts the events there. Or say --pathway-mode virtual';
    problems.push({ path: '--endpoint-url', message });
  } else if (mode === 'virtual' && (endpointUrl ?? sizeClass) !== undefined) {
    const message = 'means nothing with --pathway-mode virtual, whose events nobody posts';
    problems.push({ path: endpointUrl === undefined ? '--size-class' : '--endpoint-url', message });
  }
  const labels = pairs(options.label ?? [], '=', '--label', problems);
  const authHeaders = pairs(authHeader, ':', '--auth-header', problems);
  if (problems.length > 0)
    throw new PathwaysConfigurationError(problems, 'The options of pathways provision');
  if (pathwayName === undefined) return undefined;
  if (mode === 'virtual' || endpointUrl === undefined) return { name: pathwayName, labels };
  const managed = { endpointUrl, authHeaders, ...(sizeClass !== undefined && { sizeClass }) };
  return { name: pathwayName, labels, managed };
}

function pairs(
  given: readonly string[],
  separator: string,
  path: string,
  problems: ConfigurationProblem[],
): Record<string, string> {
  const entries = given.map((text) => {
    const at = text.indexOf(separator);
    return [text.slice(0, Math.max(0, at)).trim(), text.slice(at + 1).trim()] as const;
  });
  // Not repeated: a header may be a secret.
  if (entries.some(([name]) => name === ''))
    problems.push({ path, message: `must look like name${separator}value` });
  return Object.fromEntries(entries);
}
