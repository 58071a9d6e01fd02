import { createRequire } from 'node:module';
import { OptionalPackageMissingError } from '../errors/optional-package-missing.error.js';

const requireHere = createRequire(import.meta.url);

/** What is used of the package. */
export type NatsPackage = Pick<typeof import('@nats-io/transport-node'), 'connect'>;

/**
 * Loaded when an engine uses it: the root knows the notifier without the package.
 *
 * @throws OptionalPackageMissingError
 */
export function loadNats(): NatsPackage {
  try {
    return requireHere('@nats-io/transport-node') as NatsPackage;
  } catch (error) {
    throw new OptionalPackageMissingError('@nats-io/transport-node', 'The notifier nats', error);
  }
}
