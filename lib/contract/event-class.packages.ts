import { createRequire } from 'node:module';
import { OptionalPackageMissingError } from '../errors/optional-package-missing.error.js';

/** The two optional packages that event classes need. */
export interface EventClassPackages {
  readonly validator: typeof import('class-validator');
  readonly transformer: typeof import('class-transformer');
}

/**
 * Loads them on demand: a project without event classes need not install them. `require` finds the copies that the
 * decorators of the application registered with, also in Jest, which has a module registry of its own.
 *
 * @param key the pathway that needs them.
 * @throws OptionalPackageMissingError
 */
export function loadEventClassPackages(key: string): EventClassPackages {
  const feature = `The event class of ${key}`;
  return {
    transformer: load('class-transformer', feature),
    validator: load('class-validator', feature),
  };
}

/** class-transformer's record of its decorators. It is not exported; Nest's own packages read it in the same place. */
export function loadTransformerMetadata(): unknown {
  try {
    return (requireHere('class-transformer/cjs/storage.js') as { defaultMetadataStorage?: unknown })
      .defaultMetadataStorage;
  } catch {
    return undefined;
  }
}

const requireHere = createRequire(import.meta.url);

function load<T>(packageName: string, feature: string): T {
  try {
    return requireHere(packageName) as T;
  } catch (error) {
    throw new OptionalPackageMissingError(packageName, feature, error);
  }
}
