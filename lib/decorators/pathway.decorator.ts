import type { PathwayOptions } from '../contract/pathway.options.js';
import { pathwayKey } from '../event/pathway-key.util.js';
import { pathwaysMetadata } from './pathways-metadata.accessor.js';

/**
 * Declares the contract of one `flowType/eventType`.
 *
 * On an event class the class itself is the schema, unless `schema` is given. On a provider, `schema` names the payload
 * and an argument-less `@OnEvent()` inside it means this pathway.
 *
 * @throws TypeError at once when the names are missing or cannot form a key, or the class has a contract already.
 */
export function Pathway<TPayload>(
  options: PathwayOptions<TPayload>,
): <TClass extends abstract new (...args: never[]) => unknown>(target: TClass) => void {
  if (typeof options !== 'object' || options === null) {
    throw new TypeError('@Pathway needs an object with flowType and eventType');
  }
  const { flowType, eventType } = options;
  if (typeof flowType !== 'string' || typeof eventType !== 'string') {
    throw new TypeError('@Pathway needs flowType and eventType, both strings');
  }
  try {
    pathwayKey(flowType, eventType);
  } catch (error) {
    throw new TypeError(`@Pathway: ${(error as Error).message}`, { cause: error });
  }
  return (target) => {
    if (pathwaysMetadata.pathwayOf(target)) {
      throw new TypeError(`@Pathway stands twice on ${target.name}; a class is the contract of one pathway`);
    }
    pathwaysMetadata.setPathway(target, options as unknown as PathwayOptions<never>);
  };
}
