import { parsePathwayKey } from '../event/pathway-key.util.js';
import type { ObservedStage } from '../processor/handler-binding.interface.js';
import { DEFAULT_INSTANCE } from './instance-tokens.js';
import {
  pathwaysMetadata,
  type HandlerTarget,
  type MethodRegistration,
} from './pathways-metadata.accessor.js';

/** Options of every method decorator. */
export interface HandlerDecoratorOptions {
  /**
   * Name of the PathwaysModule instance whose events are meant.
   *
   * @default 'default'
   */
  instance?: string;
}

/**
 * Handles the events of a pathway. May be stacked for several pathways. Without parameter decorators the method gets
 * `(event, context)`.
 */
export function OnEvent(target?: HandlerTarget, options: HandlerDecoratorOptions = {}): MethodDecorator {
  return register('@OnEvent', { kind: 'handler', target, stage: 'all' }, options);
}

/** Is told of every failed attempt of a pathway: `(error, event, pathwayKey, context)`. */
export function OnPathwayError(
  target?: HandlerTarget,
  options: HandlerDecoratorOptions = {},
): MethodDecorator {
  return register('@OnPathwayError', { kind: 'error', target, stage: 'all' }, options);
}

/** Is told of every failed attempt of any pathway: `(error, event, pathwayKey, context)`. */
export function OnAnyPathwayError(options: HandlerDecoratorOptions = {}): MethodDecorator {
  return register('@OnAnyPathwayError', { kind: 'any-error', target: undefined, stage: 'all' }, options);
}

const STAGES: readonly unknown[] = ['before', 'after', 'all'];

/** Sees events before and after their handler: `(event, stage, context)`. Can neither change nor break processing. */
export function OnPathwayObserved(
  stage?: ObservedStage | 'all',
  options?: HandlerDecoratorOptions,
): MethodDecorator;
export function OnPathwayObserved(
  target: HandlerTarget,
  stage?: ObservedStage | 'all',
  options?: HandlerDecoratorOptions,
): MethodDecorator;
export function OnPathwayObserved(
  first?: HandlerTarget,
  second?: unknown,
  third?: HandlerDecoratorOptions,
): MethodDecorator {
  const isStageFirst = STAGES.includes(first);
  const target = isStageFirst ? undefined : first;
  const stage = (isStageFirst ? first : (second ?? 'before')) as ObservedStage | 'all';
  if (!STAGES.includes(stage))
    throw new TypeError(`@OnPathwayObserved: the stage must be 'before', 'after' or 'all'`);
  const options = (isStageFirst ? second : third) as HandlerDecoratorOptions | undefined;
  return register('@OnPathwayObserved', { kind: 'observer', target, stage }, options ?? {});
}

function register(
  decorator: string,
  registration: Omit<MethodRegistration, 'instance'>,
  { instance = DEFAULT_INSTANCE }: HandlerDecoratorOptions,
): MethodDecorator {
  checkTarget(decorator, registration.target);
  return (prototype, name, descriptor: PropertyDescriptor) => {
    const method: unknown = descriptor?.value;
    if (typeof method !== 'function') {
      throw new TypeError(
        `${decorator} belongs on a method; ${prototype.constructor.name}.${String(name)} is none`,
      );
    }
    pathwaysMetadata.addMethod(method, { ...registration, instance });
  };
}

/** A mistake is reported where it is written, long before an event arrives. */
function checkTarget(decorator: string, target: HandlerTarget): void {
  if (target === undefined) return;
  if (typeof target === 'string') return void parsePathwayKey(target);
  if (typeof target !== 'function')
    throw new TypeError(`${decorator} needs an event class or a key such as 'order.0/order.placed.0'`);
  if (!pathwaysMetadata.pathwayOf(target)) {
    throw new TypeError(
      `${decorator}(${target.name}): the class has no @Pathway decorator, so nothing says which events it means`,
    );
  }
}
