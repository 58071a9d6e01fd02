import { PathwaysError } from './pathways.error.js';

/** A feature needs a package that is not installed. */
export class OptionalPackageMissingError extends PathwaysError {
  static override readonly code = 'PATHWAYS_OPTIONAL_PACKAGE_MISSING';

  constructor(
    readonly packageName: string,
    feature: string,
    cause?: unknown,
  ) {
    super(
      `${feature} needs the package "${packageName}", which could not be loaded. Install it: npm install ${packageName}`,
      { cause },
    );
  }
}
