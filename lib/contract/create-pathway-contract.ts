import {
  PathwaysConfigurationError,
  type ConfigurationProblem,
} from '../errors/pathways-configuration.error.js';
import { isRecord, kindOf } from '../event/event-shape.util.js';
import { pathwayKey } from '../event/pathway-key.util.js';
import { eventClassParser } from './event-class.parser.js';
import { FilePayload } from './file-payload.js';
import { filePayloadParser } from './file-payload.parser.js';
import type { PathwayContract, PayloadParser } from './pathway-contract.interface.js';
import type { EventClass, PathwayOptions, PayloadSchema } from './pathway.options.js';
import { hasValidatorMetadata, isClass, isStandardSchema } from './schema-kind.util.js';
import { standardSchemaParser } from './standard-schema.parser.js';

/** Where a contract comes from. */
export interface PathwayDeclaration {
  /** For messages: the class, or `forFeature`. */
  readonly declaredBy: string;
  /** The class that stands for the payload when `schema` is not given. */
  readonly eventClass?: EventClass | undefined;
}

/**
 * Applies every default of a pathway and checks its options.
 *
 * @throws PathwaysConfigurationError listing every problem.
 */
export function createPathwayContract<TPayload>(
  given: PathwayOptions<TPayload>,
  declaration: PathwayDeclaration,
): PathwayContract {
  // Schema and orderBy agree about the payload, which the caller's compiler has checked; nothing here looks into it.
  const options = given as unknown as PathwayOptions<never>;
  const problems = [
    ...problemsOf(options),
    ...ineffectiveOptions(options, declaration),
    ...fileProblems(options, declaration),
  ];
  if (problems.length > 0)
    throw new PathwaysConfigurationError(problems, `The options of @Pathway on ${declaration.declaredBy}`);
  const { flowType, eventType } = options;
  const key = pathwayKey(flowType, eventType);
  const schema = options.schema ?? declaration.eventClass;
  return Object.freeze<PathwayContract>({
    key,
    flowType,
    eventType,
    declaredBy: declaration.declaredBy,
    schema,
    parse: options.isFilePathway
      ? filePayloadParser(key, parserFor(key, schema, options))
      : parserFor(key, schema, options),
    description: options.description,
    flowTypeDescription: options.flowTypeDescription,
    writable: options.writable ?? true,
    subscribe: options.subscribe ?? true,
    handledElsewhere: options.handledElsewhere,
    pumpGroup: options.pumpGroup?.trim() ?? 'default',
    maxRetries: options.maxRetries ?? 3,
    retryDelayMs: options.retryDelayMs ?? 500,
    backoff: options.backoff ?? 'linear',
    handlerTimeoutMs: options.handlerTimeoutMs,
    timeoutMs: options.timeoutMs,
    orderBy: options.orderBy as PathwayContract['orderBy'],
    onExhausted: options.onExhausted ?? 'park',
    encrypted: options.encrypted ?? false,
    isFilePathway: options.isFilePathway ?? false,
    outbox: options.outbox,
  });
}

/** Returned as it came, not copied and not emptied: a pathway without a schema promises nothing about its payload. */
const passThrough: PayloadParser = (payload) => payload;

function parserFor(
  key: string,
  schema: PayloadSchema | undefined,
  options: PathwayOptions<never>,
): PayloadParser {
  if (schema === undefined) return passThrough;
  if (isStandardSchema(schema)) return standardSchemaParser(key, schema);
  if (!hasValidatorMetadata(schema)) return passThrough;
  return eventClassParser(key, schema, {
    whitelist: options.whitelist ?? false,
    groups: options.validationGroups,
  });
}

type Check = (value: unknown) => string | undefined;

const text: Check = (value) =>
  typeof value === 'string' ? undefined : `must be a string, not ${describe(value)}`;
const name: Check = (value) => {
  if (typeof value !== 'string' || value.trim() === '')
    return `must be a non-empty string, not ${describe(value)}`;
  if (value !== value.trim()) return 'must not begin or end with a space: the platform has no such name';
  return value.includes('/') ? 'must not contain "/", which separates the parts of a pathway key' : undefined;
};
const flag: Check = (value) =>
  typeof value === 'boolean' ? undefined : `must be true or false, not ${describe(value)}`;
const count: Check = (value) =>
  Number.isInteger(value) && (value as number) >= 0
    ? undefined
    : `must be a whole number from 0, not ${describe(value)}`;
const oneOf =
  (...choices: string[]): Check =>
  (value) =>
    choices.includes(value as string)
      ? undefined
      : `must be one of ${choices.join(', ')}, not ${describe(value)}`;

const CHECKS: Record<keyof PathwayOptions, Check> = {
  flowType: name,
  eventType: name,
  schema: (value) =>
    isStandardSchema(value) || isClass(value)
      ? undefined
      : 'must be a Standard Schema (zod, valibot, arktype …) or a class',
  description: text,
  flowTypeDescription: text,
  writable: flag,
  subscribe: flag,
  handledElsewhere: flag,
  pumpGroup: (value) =>
    typeof value === 'string' && value.trim() !== ''
      ? undefined
      : `must be a non-blank string, not ${describe(value)}`,
  maxRetries: count,
  retryDelayMs: count,
  backoff: oneOf('linear', 'exponential'),
  handlerTimeoutMs: count,
  timeoutMs: count,
  orderBy: (value) =>
    typeof value === 'function' ? undefined : 'must be a function from the event to its key',
  onExhausted: oneOf('park', 'continue', 'halt'),
  encrypted: flag,
  outbox: flag,
  whitelist: flag,
  isFilePathway: flag,
  validationGroups: (value) =>
    Array.isArray(value) && value.every((group) => typeof group === 'string')
      ? undefined
      : 'must be a list of strings',
};

function problemsOf(options: unknown): ConfigurationProblem[] {
  if (!isRecord(options))
    return [{ path: 'options', message: `must be an object, not ${describe(options)}` }];
  const given = Object.entries({ flowType: undefined, eventType: undefined, ...options });
  return given.flatMap(([path, value]) => {
    if (!Object.hasOwn(CHECKS, path))
      return { path, message: `is not an option. Known: ${Object.keys(CHECKS).join(', ')}` };
    if (value === undefined && path !== 'flowType' && path !== 'eventType') return [];
    const message = CHECKS[path as keyof PathwayOptions](value);
    return message === undefined ? [] : { path, message };
  });
}

/** Asking for a check that would silently not happen is a mistake that shows in production only. */
function ineffectiveOptions(
  options: PathwayOptions<never>,
  { eventClass }: PathwayDeclaration,
): ConfigurationProblem[] {
  if (!isRecord(options)) return [];
  const schema: unknown = options.schema ?? eventClass;
  const isCheckedClass = isClass(schema) && !isStandardSchema(schema) && hasValidatorMetadata(schema);
  const message = 'needs an event class with class-validator decorators; nothing else heeds it';
  const asked = {
    whitelist: options.whitelist === true,
    validationGroups: Array.isArray(options.validationGroups),
  };
  const problems = Object.entries(asked).flatMap(([path, isAsked]) =>
    isAsked && !isCheckedClass ? [{ path, message }] : [],
  );
  const given: unknown = options.schema;
  if (isClass(given) && !isStandardSchema(given) && !isCheckedClass) {
    problems.push({
      path: 'schema',
      message: `is the class ${given.name}, which has no class-validator decorators, so it would check nothing. Decorate its fields, or leave schema out`,
    });
  }
  return problems;
}

/** The compiler knows a file pathway by its class, everything else by the option: they must agree. */
function fileProblems(
  options: PathwayOptions<never>,
  { eventClass }: PathwayDeclaration,
): ConfigurationProblem[] {
  if (!isRecord(options)) return [];
  const impossible = {
    encrypted: 'files travel as they are. Encrypt the content before you write it',
    outbox:
      'a file is streamed, and nobody keeps it to send it later. Write an event about it through the outbox',
  };
  if (options.isFilePathway === true) {
    return (Object.keys(impossible) as (keyof typeof impossible)[])
      .filter((path) => options[path] === true)
      .map((path) => ({ path, message: `is not possible with isFilePathway: ${impossible[path]}` }));
  }
  const isFileClass = eventClass !== undefined && eventClass.prototype instanceof FilePayload;
  if (!isFileClass) return [];
  return [
    {
      path: 'isFilePathway',
      message: `must be true, because ${eventClass.name} extends FilePayload. Otherwise its events would be written without their file`,
    },
  ];
}

function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value);
  return typeof value === 'object' || value === undefined ? kindOf(value) : String(value);
}
