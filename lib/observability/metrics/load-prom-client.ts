import { createRequire } from 'node:module';
import { OptionalPackageMissingError } from '../../errors/optional-package-missing.error.js';

const requireHere = createRequire(import.meta.url);

/**
 * Loaded when it is used: the subpath can be imported by a module that only may use it.
 *
 * @throws OptionalPackageMissingError
 */
export function loadPromClient(usedBy: string): typeof import('prom-client') {
  try {
    return requireHere('prom-client') as typeof import('prom-client');
  } catch (error) {
    throw new OptionalPackageMissingError('prom-client', usedBy, error);
  }
}
