import { PathwaysError } from './pathways.error.js';

/** One name that is not on the platform as the contracts need it. */
export interface ProvisioningProblem {
  /** For example `flow type "order.0"`. */
  readonly resource: string;
  /** What is wrong and what to do. */
  readonly message: string;
  readonly cause?: unknown;
}

/** Names that the contracts need are missing on the platform and were not created. Lists all of them. */
export class ProvisioningFailedError extends PathwaysError {
  static override readonly code = 'PATHWAYS_PROVISIONING_FAILED';

  constructor(readonly problems: readonly ProvisioningProblem[]) {
    const list = problems.map(({ resource, message }) => `  - ${resource}: ${message}`).join('\n');
    super(
      `The platform does not have what the contracts need:\n${list}\nNothing was deleted. Correct it and start again; or set provisionFailure: 'continue' to start without.`,
      problems[0]?.cause === undefined ? {} : { cause: problems[0].cause },
    );
  }
}
