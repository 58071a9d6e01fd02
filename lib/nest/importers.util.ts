import type { ModulesContainer } from '@nestjs/core';
import { INSTANCE_MARKER } from './module.internal-constants.js';

type NestModule = ModulesContainer extends Map<string, infer M> ? M : never;

/** Names of the modules that import an instance, one for each import. */
export function importersOf(instanceName: string, modules: ModulesContainer): string[] {
  const all = [...modules.values()];
  const importers = (target: NestModule) => all.filter((module) => writtenImports(module).includes(target));
  return all
    .filter(({ providers }) => providers.get(INSTANCE_MARKER)?.instance === instanceName)
    .flatMap(importers)
    .flatMap(importers)
    .map(({ metatype }) => metatype.name);
}

/**
 * What a module imports itself. Nest then adds every global module to every module's imports, its own one of this name
 * first.
 */
function writtenImports({ imports }: NestModule): NestModule[] {
  const all = [...imports];
  const firstGlobal = all.findIndex(({ metatype }) => metatype.name === 'InternalCoreModule');
  return firstGlobal < 0 ? all : all.slice(0, firstGlobal);
}
