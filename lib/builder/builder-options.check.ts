import {
  PathwaysConfigurationError,
  type ConfigurationProblem,
} from '../errors/pathways-configuration.error.js';
import { silentLogger } from '../event/logger.interface.js';
import { systemClock } from '../event/clock.interface.js';
import { MemoryCursorStore } from '../state/memory-cursor.store.js';
import { MemoryDeadLetterStore } from '../state/memory-dead-letter.store.js';
import { MemoryPathwayState } from '../state/memory-pathway.state.js';
import { memoryStore } from '../state/memory.store.js';
import type { PathwaysStore } from '../state/pathways-store.interface.js';
import { BUILDER_OPTIONS } from './builder.messages.js';
import { runtimeEnvOf } from './engine.defaults.js';
import { assertEngineOptions } from './engine-options.validation.js';
import { engineOptionsOf, type PathwaysBuilderOptions } from './pathways-builder.options.js';

const REQUIRED = ['baseUrl', 'tenant', 'dataCore', 'apiKey'] as const;
const METHODS = ['debug', 'info', 'warn', 'error'] as const;

/**
 * Refuses bad options where they stand in the caller's code: the engine, which would too, is only made at the first use.
 *
 * @throws PathwaysConfigurationError listing every problem.
 */
export function assertBuilderOptions(options: PathwaysBuilderOptions): void {
  const problems = [...missing(options), ...ownProblems(options)];
  try {
    // Which store there will be is not known yet; one that is missing is refused at the first use.
    const store = memoryStore(systemClock);
    const engine = engineOptionsOf({
      options,
      store,
      pump: options.pump ?? {},
      logger: silentLogger,
      clock: options.clock ?? systemClock,
    });
    assertEngineOptions(engine, options.runtimeEnv ?? runtimeEnvOf(process.env['NODE_ENV']));
  } catch (error) {
    if (!(error instanceof PathwaysConfigurationError)) throw error;
    problems.push(...error.problems);
  }
  if (problems.length > 0) throw new PathwaysConfigurationError(problems, BUILDER_OPTIONS);
}

/** For who keeps everything in memory on purpose. */
export function memoryStoreParts(): Pick<PathwaysStore, 'state' | 'cursors' | 'deadLetters'> {
  return {
    state: new MemoryPathwayState(),
    cursors: new MemoryCursorStore(),
    deadLetters: new MemoryDeadLetterStore(),
  };
}

function missing(options: PathwaysBuilderOptions): ConfigurationProblem[] {
  return REQUIRED.filter((name) => options[name] === undefined).map((path) => ({
    path,
    message: 'is required',
  }));
}

function ownProblems(options: PathwaysBuilderOptions): ConfigurationProblem[] {
  const { logger, compatibility, stateManagerFactory, overrideSessionUserResolvers: sessions } = options;
  const problems: ConfigurationProblem[] = [];
  const flags = ['enableSessionUserResolvers', 'defaultAutoProvision'] as const;
  for (const path of flags) {
    const value: unknown = options[path];
    if (value !== undefined && typeof value !== 'boolean')
      problems.push({ path, message: 'must be true or false' });
  }
  if (logger !== undefined && !METHODS.every((method) => typeof logger[method] === 'function'))
    problems.push({ path: 'logger', message: `must have the methods ${METHODS.join(', ')}` });
  if (stateManagerFactory !== undefined && typeof stateManagerFactory !== 'function')
    problems.push({ path: 'stateManagerFactory', message: 'must be a function' });
  if (compatibility !== undefined && compatibility !== 'reference')
    problems.push({ path: 'compatibility', message: "must be 'reference', or be left out" });
  if (sessions !== undefined && (typeof sessions.get !== 'function' || typeof sessions.set !== 'function'))
    problems.push({ path: 'overrideSessionUserResolvers', message: 'must have the methods get and set' });
  return problems;
}
