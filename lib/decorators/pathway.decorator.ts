import type { PathwayOptions } from '../contract/pathway.options.js';
import { pathwaysMetadata } from './pathways-metadata.accessor.js';

/**
 * Declares the contract of one `flowType/eventType`.
 *
 * On an event class the class itself is the schema, unless `schema` is given. On a provider, `schema` names the payload
 * and an argument-less `@OnEvent()` inside it means this pathway.
 */
export function Pathway<TPayload>(
  options: PathwayOptions<TPayload>,
): <TClass extends abstract new (...args: never[]) => unknown>(target: TClass) => void {
  if (typeof options !== 'object' || options === null) {
    throw new TypeError('@Pathway needs an object with flowType and eventType');
  }
  return (target) => pathwaysMetadata.setPathway(target, options as unknown as PathwayOptions<never>);
}
