import { createRequire } from 'node:module';
import { OptionalPackageMissingError } from '../errors/optional-package-missing.error.js';

// `require` reaches the copy that `import` reaches: TypeORM's ESM entrance only wraps the CommonJS one.
const requireHere = createRequire(import.meta.url);

/**
 * Loaded when it is used: the subpath can be imported by a module that only may use it.
 *
 * @throws OptionalPackageMissingError
 */
export function loadTypeOrm(usedBy: string): typeof import('typeorm') {
  try {
    return requireHere('typeorm') as typeof import('typeorm');
  } catch (error) {
    throw new OptionalPackageMissingError('typeorm', usedBy, error);
  }
}
