import 'reflect-metadata';
import type { EventClass, PathwayOptions } from '../contract/pathway.options.js';
import type { ObservedStage } from '../processor/handler-binding.interface.js';

/** An event class or a pathway key; nothing inside a `@Pathway` provider means that provider's pathway. */
export type HandlerTarget = EventClass | string | undefined;

/** One decorator on one method. */
export interface MethodRegistration {
  readonly kind: 'handler' | 'error' | 'any-error' | 'observer';
  readonly target: HandlerTarget;
  readonly stage: ObservedStage | 'all';
  readonly instance: string;
}

const PATHWAY = 'nestjs-pathways:pathway';
const METHODS = 'nestjs-pathways:methods';

/** The only place that knows metadata keys. */
export const pathwaysMetadata = {
  setPathway(target: object, options: PathwayOptions<never>): void {
    Reflect.defineMetadata(PATHWAY, options, target);
  },

  /** Own metadata only: a subclass of an event class is another payload, not the same pathway twice. */
  pathwayOf(target: object): PathwayOptions<never> | undefined {
    return Reflect.getOwnMetadata(PATHWAY, target) as PathwayOptions<never> | undefined;
  },

  /** Kept on the function, so an inherited method stays a handler and an overriding one decides anew. */
  addMethod(method: object, registration: MethodRegistration): void {
    Reflect.defineMetadata(METHODS, [registration, ...this.methodsOf(method)], method);
  },

  /** In the order of the decorators, top to bottom. */
  methodsOf(method: object): readonly MethodRegistration[] {
    return (Reflect.getOwnMetadata(METHODS, method) as MethodRegistration[] | undefined) ?? [];
  },
};
