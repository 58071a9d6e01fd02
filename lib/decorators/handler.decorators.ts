import type { EventClass } from '../contract/pathway.options.js';
import type { ObservedStage } from '../processor/handler-binding.interface.js';
import type { MaybePromise } from '../event/maybe-promise.type.js';
import type { BatchAnswer } from '../processor/batch-binding.interface.js';
import type {
  HandlerDecoratorOptions,
  OnEventOptions,
  OnEventsOptions,
} from './handler-decorator.options.js';
import { checkHandlerOptions, checkHandlerTarget } from './handler-target.util.js';
import { DEFAULT_INSTANCE } from './instance-tokens.js';
import {
  pathwaysMetadata,
  type HandlerTarget,
  type MethodRegistration,
} from './pathways-metadata.accessor.js';

/**
 * Handles the events of a pathway. May be stacked for several pathways. Without parameter decorators the method gets
 * `(event, context)`. Without a target, inside a `@Pathway` provider, it means that provider's pathway.
 *
 * The registration belongs to the method: subclasses inherit it, and an overriding method must be decorated again.
 *
 * @throws TypeError at once for a target that cannot be a pathway.
 */
export function OnEvent(options?: OnEventOptions): MethodDecorator;
export function OnEvent(target: EventClass | string, options?: OnEventOptions): MethodDecorator;
export function OnEvent(...args: readonly unknown[]): MethodDecorator {
  const { target, options } = read('@OnEvent', args, ['instance', 'transaction']);
  const { transaction } = options as OnEventOptions;
  return register('@OnEvent', { kind: 'handler', target, stage: 'all', transaction }, options);
}

/** Belongs on methods that answer as a batch handler may. */
export type BatchMethodDecorator = <T extends (...args: never[]) => MaybePromise<BatchAnswer>>(
  target: object,
  name: string | symbol,
  descriptor: TypedPropertyDescriptor<T>,
) => void;

/**
 * Handles events of a pathway several at a time: without parameter decorators the method gets `(events, context)`, the
 * events in their order. It is the pathway's one handler, in place of `@OnEvent`.
 *
 * When it returns nothing, all events are handled; when it throws, none is, and they are given to it one by one; when it
 * returns `{ eventId, error }` for some, those are retried alone, and the ones behind them in their key are held meanwhile.
 *
 * @throws TypeError at once for a target that cannot be a pathway, and for options that are none.
 */
export function OnEvents(options?: OnEventsOptions): BatchMethodDecorator;
export function OnEvents(target: EventClass | string, options?: OnEventsOptions): BatchMethodDecorator;
export function OnEvents(...args: readonly unknown[]): BatchMethodDecorator {
  const { target, options } = read('@OnEvents', args, ['instance', 'transaction', 'size', 'waitMs']);
  const { transaction, size = 100, waitMs = 0 } = options as OnEventsOptions;
  const batch = { size, waitMs };
  return register('@OnEvents', { kind: 'handler', target, stage: 'all', transaction, batch }, options);
}

/** Is told of every failed attempt of a pathway: `(error, event, pathwayKey, context)`. */
export function OnPathwayError(options?: HandlerDecoratorOptions): MethodDecorator;
export function OnPathwayError(
  target: EventClass | string,
  options?: HandlerDecoratorOptions,
): MethodDecorator;
export function OnPathwayError(...args: readonly unknown[]): MethodDecorator {
  const { target, options } = read('@OnPathwayError', args);
  return register('@OnPathwayError', { kind: 'error', target, stage: 'all' }, options);
}

/** Is told of every failed attempt of any pathway: `(error, event, pathwayKey, context)`. */
export function OnAnyPathwayError(options: HandlerDecoratorOptions = {}): MethodDecorator {
  checkHandlerOptions('@OnAnyPathwayError', options);
  return register('@OnAnyPathwayError', { kind: 'any-error', target: undefined, stage: 'all' }, options);
}

/**
 * Is told once of every event of any pathway that is about to be handled here: `(event, context)`, after its payload
 * passed the schema, before observers and handler. Can neither change nor break processing. An event that is handled
 * anew, after a crash or a reset, is told anew. `auditOf(event)` reads who wrote it.
 */
export function OnAudit(options: HandlerDecoratorOptions = {}): MethodDecorator {
  checkHandlerOptions('@OnAudit', options);
  return register('@OnAudit', { kind: 'audit', target: undefined, stage: 'all' }, options);
}

const STAGES: readonly unknown[] = ['before', 'after', 'all'];

/**
 * Sees events before or after their handler: `(event, stage, context)`. Can neither change nor break processing.
 *
 * @param stage `before` by default.
 */
export function OnPathwayObserved(
  stage?: ObservedStage | 'all',
  options?: HandlerDecoratorOptions,
): MethodDecorator;
export function OnPathwayObserved(
  target: EventClass | string,
  stage?: ObservedStage | 'all',
  options?: HandlerDecoratorOptions,
): MethodDecorator;
export function OnPathwayObserved(...args: readonly unknown[]): MethodDecorator {
  const namesOwnPathway = args.length === 0 || STAGES.includes(args[0]);
  const target = namesOwnPathway ? undefined : checkHandlerTarget('@OnPathwayObserved', args[0]);
  const [stage = 'before', options = {}] = namesOwnPathway ? args : args.slice(1);
  if (!STAGES.includes(stage)) {
    throw new TypeError(
      `@OnPathwayObserved: the stage must be 'before', 'after' or 'all', not ${String(stage)}`,
    );
  }
  const registration = { kind: 'observer', target, stage: stage as MethodRegistration['stage'] } as const;
  return register('@OnPathwayObserved', registration, checkHandlerOptions('@OnPathwayObserved', options));
}

function read(
  decorator: string,
  args: readonly unknown[],
  known?: readonly string[],
): { target: HandlerTarget; options: HandlerDecoratorOptions } {
  const [first, second = {}] = args;
  if (args.length === 0) return { target: undefined, options: {} };
  const isOptions = args.length === 1 && typeof first === 'object' && first !== null;
  if (isOptions) return { target: undefined, options: checkHandlerOptions(decorator, first, known) };
  return {
    target: checkHandlerTarget(decorator, first),
    options: checkHandlerOptions(decorator, second, known),
  };
}

function register(
  decorator: string,
  registration: Omit<MethodRegistration, 'instance'>,
  { instance = DEFAULT_INSTANCE }: HandlerDecoratorOptions,
): MethodDecorator {
  return (target, name, descriptor: PropertyDescriptor) => {
    const method: unknown = descriptor?.value;
    if (typeof target === 'function' || typeof method !== 'function') {
      const where = `${typeof target === 'function' ? target.name : target.constructor.name}.${String(name)}`;
      throw new TypeError(`${decorator} belongs on a method of an instance; ${where} is none`);
    }
    pathwaysMetadata.addMethod(method, { ...registration, instance });
  };
}
