import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createPathwayContract } from '../contract/create-pathway-contract.js';
import { declaredPathwayOf } from '../contract/declared-pathway.js';
import type { PathwayContract } from '../contract/pathway-contract.interface.js';
import { PathwayRegistry } from '../contract/pathway.registry.js';
import { ContractFileUnusableError } from '../errors/contract-file-unusable.error.js';

/**
 * The contracts that files export: classes with `@Pathway`, results of `createPathwayContract`, and lists of them.
 *
 * @throws ContractFileUnusableError when a file cannot be loaded or exports none.
 */
export async function contractsOf(files: readonly string[]): Promise<readonly PathwayContract[]> {
  const registry = new PathwayRegistry();
  for (const file of files) {
    const contracts = Object.values(await load(file)).flatMap((exported) => contractsIn(exported));
    if (contracts.length === 0) throw new ContractFileUnusableError(file);
    for (const contract of contracts) registry.add(contract);
  }
  return registry.list();
}

async function load(file: string): Promise<Record<string, unknown>> {
  try {
    const exported = (await import(pathToFileURL(resolve(file)).href)) as Record<string, unknown>;
    // A CommonJS file has its exports under `default`, and those that could be guessed once more beside it.
    const { default: common, ...named } = exported;
    return isObject(common) ? { ...(common as Record<string, unknown>), ...named } : exported;
  } catch (cause) {
    throw new ContractFileUnusableError(file, cause);
  }
}

function contractsIn(exported: unknown): PathwayContract[] {
  if (Array.isArray(exported)) return exported.flatMap(contractsIn);
  if (typeof exported === 'function') {
    const options = declaredPathwayOf(exported);
    // Names and descriptions only: what validates the payload does not matter here.
    return options ? [createPathwayContract(options, { declaredBy: `class ${exported.name}` })] : [];
  }
  return isContract(exported) ? [exported] : [];
}

function isContract(value: unknown): value is PathwayContract {
  return isObject(value) && 'key' in value && 'flowType' in value && 'eventType' in value && 'parse' in value;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
