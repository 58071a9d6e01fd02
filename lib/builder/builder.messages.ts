import { PathwaysConfigurationError } from '../errors/pathways-configuration.error.js';
import type { PathwaysLogger } from '../event/logger.interface.js';

const SUBJECT = 'The calls of PathwaysBuilder';
/** What users of the builder call the options that its engine refuses. */
export const BUILDER_OPTIONS = 'The options of PathwaysBuilder';

export const NOTHING_PULLED =
  "pathwayMode is 'managed', the default in production: no pump is started, and the platform posts the events to the webhook. To pull them here, say pathwayMode: 'virtual'.";

/** For `with…` methods of stores that come too late. */
export function tooLateError(method: string): PathwaysConfigurationError {
  const message =
    'came after the first write, process or start, which has opened the stores already: what was remembered so far would be forgotten. Call it right after the constructor';
  return new PathwaysConfigurationError([{ path: method, message }], SUBJECT);
}

export function sessionsOffError(): PathwaysConfigurationError {
  const message =
    'is off, so no session can have a user resolver of its own. Say enableSessionUserResolvers: true';
  return new PathwaysConfigurationError([{ path: 'enableSessionUserResolvers', message }], SUBJECT);
}

export function volatilePositionsError(): PathwaysConfigurationError {
  const message =
    'is missing, so the positions of the pumps would be in memory, and events stored while the process is down would be skipped. Give startPump a stateManagerFactory (createPostgresPumpStateManagerFactory), or withPathwayState(createPostgresPathwayState(…)), which keeps them too';
  return new PathwaysConfigurationError([{ path: 'stateManagerFactory', message }], SUBJECT);
}

export function notStartedError(method: string): PathwaysConfigurationError {
  const message = 'needs running pumps, and startPump was not called, or stopPump was';
  return new PathwaysConfigurationError([{ path: method, message }], SUBJECT);
}

/**
 * For a store that lacks what is called of it, before it is called.
 *
 * @param instead what to give to who comes from the reference.
 */
export function assertStore(
  method: string,
  store: object,
  methods: readonly string[],
  instead: string,
): void {
  const missing = methods.filter((name) => typeof (store as Record<string, unknown>)[name] !== 'function');
  if (missing.length === 0) return;
  const message = `was given a store without ${missing.join(', ')}. ${instead}`;
  throw new PathwaysConfigurationError([{ path: method, message }], SUBJECT);
}

/** The engine would say that they were the module's, which a user of the builder does not have. */
export function asBuilderOptions(error: unknown): unknown {
  if (!(error instanceof PathwaysConfigurationError)) return error;
  return new PathwaysConfigurationError(error.problems, BUILDER_OPTIONS);
}

/** For a factory that cannot tell the groups of a flow type apart. */
export function sharedPosition(flowType: string): string {
  return `The stateManagerFactory seems to declare one parameter, and the flow type "${flowType}" has several pump groups: if it does not heed the group, they share one position, and each loses its own. Let it take (flowType, pumpGroup). Said once.`;
}

export function withoutEffect(option: string): string {
  return `The option ${option} of PathwaysBuilder has no effect; remove it.`;
}

/** Options that do nothing, said once for each start. */
export function warnOfIneffective(given: Readonly<Record<string, unknown>>, logger: PathwaysLogger): void {
  for (const [name, value] of Object.entries(given))
    if (value !== undefined) logger.warn(withoutEffect(name));
}
