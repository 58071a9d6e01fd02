import 'reflect-metadata';
import { declaredPathwayOf, declarePathway } from '../contract/declared-pathway.js';
import type { EventClass } from '../contract/pathway.options.js';
import type { BatchLimits } from '../processor/batch-binding.interface.js';
import type { ObservedStage } from '../processor/handler-binding.interface.js';

/** An event class or a pathway key; nothing inside a `@Pathway` provider means that provider's pathway. */
export type HandlerTarget = EventClass | string | undefined;

/** One decorator on one method. */
export interface MethodRegistration {
  readonly kind: 'handler' | 'error' | 'any-error' | 'observer' | 'audit';
  readonly target: HandlerTarget;
  readonly stage: ObservedStage | 'all';
  readonly instance: string;
  /** Of handlers only; see OnEventOptions. */
  readonly transaction?: boolean | undefined;
  /** Of handlers that take several events at once. */
  readonly batch?: BatchLimits | undefined;
}

const METHODS = 'nestjs-pathways:methods';

/** What decorators leave for the explorer. */
export const pathwaysMetadata = {
  setPathway: declarePathway,
  pathwayOf: declaredPathwayOf,

  /** Kept on the function, so an inherited method stays a handler and an overriding one decides anew. */
  addMethod(method: object, registration: MethodRegistration): void {
    Reflect.defineMetadata(METHODS, [registration, ...this.methodsOf(method)], method);
  },

  /** In the order of the decorators, top to bottom. */
  methodsOf(method: object): readonly MethodRegistration[] {
    return (Reflect.getOwnMetadata(METHODS, method) as MethodRegistration[] | undefined) ?? [];
  },
};
