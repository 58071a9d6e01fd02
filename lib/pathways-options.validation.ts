import { auditCheck, userResolverCheck } from './builder/audit-options.check.js';
import { ENGINE_OPTION_CHECKS, missingIn } from './builder/engine-options.validation.js';
import { runtimeEnvOf } from './builder/engine.defaults.js';
import {
  either,
  flag,
  listOf,
  oneOf,
  shape,
  text,
  wholeNumber,
  withMethods,
  type OptionCheck,
} from './builder/option-check.util.js';
import {
  PathwaysConfigurationError,
  type ConfigurationProblem,
} from './errors/pathways-configuration.error.js';
import type {
  PathwaysModuleOptions,
  PathwaysModuleStructure,
  ResolvedStructure,
  WebhookOptions,
} from './pathways.options.js';

const WEBHOOK: Record<keyof WebhookOptions, OptionCheck> = {
  secrets: either(text, listOf(text)),
  path: text,
  header: text,
  maxBodyBytes: wholeNumber(1),
  maxEvents: wholeNumber(1),
};

const given: OptionCheck = () => [];
const clsKey: OptionCheck = (value, path) =>
  typeof value === 'string' || typeof value === 'symbol'
    ? []
    : [{ path, message: 'must be the key of a value in ClsService: a string or symbol' }];

const userResolverProvider: OptionCheck = (value, path) => {
  const isProvider =
    typeof value === 'object' && value !== null && ('useClass' in value || 'useExisting' in value);
  if (!isProvider) return userResolverCheck(value, path);
  return Object.keys(value).length === 1
    ? shape({ useClass: given, useExisting: given })(value, path)
    : [{ path, message: 'must have either useClass or useExisting, and nothing else' }];
};

const builder = withMethods('engine', 'startPump', 'close');

const MODULE: Record<keyof PathwaysModuleOptions, OptionCheck> = {
  ...ENGINE_OPTION_CHECKS,
  builder,
  audit: auditCheck(userResolverProvider),
  session: sessionCheck,
  webhook: either(oneOf(false), shape(WEBHOOK)),
  local: either(flag, shape({ port: wholeNumber(0), data: text, strict: flag })),
};

/** `session: {}` would look like a setting, and do nothing. */
function sessionCheck(value: unknown, path: string): ConfigurationProblem[] {
  const cls = either(oneOf(true), shape({ sessionIdKey: clsKey, userKey: clsKey }));
  const problems = shape({ cls })(value, path);
  if (problems.length > 0 || (value as { cls?: unknown }).cls !== undefined) return problems;
  return [{ path: `${path}.cls`, message: 'is required: true, or the keys in ClsService' }];
}

/**
 * Joins what was declared with what the factory gave.
 *
 * @throws PathwaysConfigurationError listing every problem.
 */
export function resolveModuleOptions(given: unknown, structure: ResolvedStructure): PathwaysModuleOptions {
  if (typeof given !== 'object' || given === null) {
    throw new PathwaysConfigurationError([
      { path: 'options', message: `must be an object; the factory returned ${String(given)}` },
    ]);
  }
  const fromFactory = given as PathwaysModuleOptions;
  const options: PathwaysModuleOptions = {
    ...fromFactory,
    store: structure.store ?? fromFactory.store,
    webhook: joinedWebhook(fromFactory.webhook, structure.webhook),
  };
  const runtimeEnv = options.runtimeEnv ?? runtimeEnvOf(process.env['NODE_ENV']);
  const problems = [
    ...structureProblems(fromFactory, structure),
    ...shape(MODULE)(options, ''),
    ...(options.builder ? beside(options) : missingIn(options, runtimeEnv)),
    ...webhookProblems(options),
  ];
  if (problems.length > 0) throw new PathwaysConfigurationError(problems);
  return options;
}

function joinedWebhook(
  given: PathwaysModuleOptions['webhook'],
  declared: ResolvedStructure['webhook'],
): PathwaysModuleOptions['webhook'] {
  const areBothObjects = typeof given === 'object' && typeof declared === 'object';
  return (
    areBothObjects ? { ...given, ...declared } : (given ?? declared)
  ) as PathwaysModuleOptions['webhook'];
}

/** What a factory cannot decide any more, because the module was built before it ran. */
function structureProblems(
  { store, webhook }: PathwaysModuleOptions,
  structure: ResolvedStructure,
): ConfigurationProblem[] {
  const problems: ConfigurationProblem[] = [];
  if (store !== undefined && structure.store !== undefined) {
    problems.push({ path: 'store', message: 'is given both beside the factory and by it; keep one' });
  }
  if (webhook && !structure.webhook) {
    const message =
      'has no controller: write webhook: {} (or its path) beside the factory too, because controllers exist before options';
    problems.push({ path: 'webhook', message });
  }
  const path = typeof webhook === 'object' ? webhook.path : undefined;
  if (path !== undefined && structure.webhook) {
    const message = 'belongs beside the factory, because controllers exist before options';
    problems.push({ path: 'webhook.path', message });
  }
  return problems;
}

/** Two places for one option would leave it open which of them counts. */
function beside(options: PathwaysModuleOptions): ConfigurationProblem[] {
  const own = ['builder', 'session', 'webhook', 'name', 'isGlobal'];
  return Object.entries(options)
    .filter(([path, value]) => value !== undefined && !own.includes(path))
    .map(([path]) => ({ path, message: 'belongs to the builder: give it to new PathwaysBuilder' }));
}

function webhookProblems({ webhook }: PathwaysModuleOptions): ConfigurationProblem[] {
  const lacksSecrets = typeof webhook === 'object' && webhook.secrets === undefined;
  return lacksSecrets
    ? [{ path: 'webhook.secrets', message: 'is required: without it anybody could post events' }]
    : [];
}

const STRUCTURE = { name: text, isGlobal: flag };
const atStart: OptionCheck = () => [];

/** What `forRootAsync` takes; the store is checked at start, together with the options. */
const ASYNC_STRUCTURE = {
  ...STRUCTURE,
  webhook: either(oneOf(false), shape({ path: text })),
  store: atStart,
  imports: atStart,
  inject: atStart,
  useFactory: atStart,
  useClass: atStart,
  useExisting: atStart,
};

/** Checked where the module is declared: a mistake here would build another module than was meant. */
export function assertStructure({ name, isGlobal }: PathwaysModuleStructure): void {
  const problems = shape(STRUCTURE)({ name, isGlobal }, '');
  if (problems.length > 0) throw new PathwaysConfigurationError(problems, 'PathwaysModule.forRoot options');
}

/** The same for `forRootAsync`, where an unknown key is most likely an option that belongs into the factory. */
export function assertAsyncStructure(options: object): void {
  const problems = shape(ASYNC_STRUCTURE)(options, '');
  const { useFactory, useClass, useExisting } = options as Record<string, unknown>;
  if ([useFactory, useClass, useExisting].filter((source) => source !== undefined).length !== 1) {
    problems.push({
      path: 'useFactory, useClass, useExisting',
      message: 'exactly one of them must be given',
    });
  }
  if (problems.length > 0)
    throw new PathwaysConfigurationError(problems, 'PathwaysModule.forRootAsync options');
}
