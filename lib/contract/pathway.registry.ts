import { PathwayDuplicateError } from '../errors/pathway-duplicate.error.js';
import { PathwayUnknownError } from '../errors/pathway-unknown.error.js';
import type { PathwayContract } from './pathway-contract.interface.js';

/** Every contract this application knows. */
export class PathwayRegistry {
  private readonly byKey = new Map<string, PathwayContract>();
  /**
   * By flow type, then event type: looking an event up costs two probes with strings that exist already, instead of
   * building and hashing a new key for every event.
   */
  private readonly byNames = new Map<string, Map<string, PathwayContract>>();

  /**
   * Adding the same declaration again changes nothing: feature modules may list a class that another one lists too.
   *
   * @throws PathwayDuplicateError when another declaration has the key.
   */
  add(contract: PathwayContract): void {
    const existing = this.byKey.get(contract.key);
    if (existing) {
      if (isSameDeclaration(existing, contract)) return;
      throw new PathwayDuplicateError(contract.key, existing.declaredBy, contract.declaredBy);
    }
    this.byKey.set(contract.key, contract);
    const eventTypes = this.byNames.get(contract.flowType) ?? new Map<string, PathwayContract>();
    eventTypes.set(contract.eventType, contract);
    this.byNames.set(contract.flowType, eventTypes);
  }

  find(flowType: string, eventType: string): PathwayContract | undefined {
    return this.byNames.get(flowType)?.get(eventType);
  }

  has(key: string): boolean {
    return this.byKey.has(key);
  }

  /** @throws PathwayUnknownError, naming the place that asked. */
  get(key: string, where?: string): PathwayContract {
    const contract = this.byKey.get(key);
    if (!contract) throw new PathwayUnknownError(key, where);
    return contract;
  }

  /** In the order of registration. */
  list(): PathwayContract[] {
    return [...this.byKey.values()];
  }
}

/** Every contract has a parser of its own, so two of one declaration are recognised by everything else. */
function isSameDeclaration(a: PathwayContract, b: PathwayContract): boolean {
  if (a === b) return true;
  const fields = Object.keys({ ...a, ...b }) as (keyof PathwayContract)[];
  return fields.every((field) => field === 'parse' || Object.is(a[field], b[field]));
}
