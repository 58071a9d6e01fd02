import type { PathwayOptions } from './pathway.options.js';

/** In the registry of the process: the ESM and the CommonJS copy of this package read each other's classes. */
const PATHWAY = Symbol.for('nestjs-pathways:pathway');

type Declared = Partial<Record<typeof PATHWAY, PathwayOptions<never>>>;

/**
 * Remembers on a class what `@Pathway` says. In a property of its own and not as `Reflect` metadata: whoever works without
 * Nest need not have `reflect-metadata`.
 */
export function declarePathway(target: object, options: PathwayOptions<never>): void {
  Object.defineProperty(target, PATHWAY, { value: options, configurable: true });
}

/** Own property only: a subclass of an event class is another payload, not the same pathway twice. */
export function declaredPathwayOf(target: object): PathwayOptions<never> | undefined {
  return Object.hasOwn(target, PATHWAY) ? (target as Declared)[PATHWAY] : undefined;
}
