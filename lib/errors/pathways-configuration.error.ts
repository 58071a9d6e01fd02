import { PathwaysError } from './pathways.error.js';

/** One thing that is wrong with the configuration, and where. */
export interface ConfigurationProblem {
  /** Path of the option, for example `pump.bufferSize`, or the place in the code for decorator mistakes. */
  readonly path: string;
  /** What is wrong and what is accepted instead. */
  readonly message: string;
}

/** The module or client was configured wrongly. Lists every problem, so one restart is enough to fix them all. */
export class PathwaysConfigurationError extends PathwaysError {
  static override readonly code = 'PATHWAYS_CONFIGURATION_INVALID';

  constructor(
    readonly problems: readonly ConfigurationProblem[],
    subject = 'PathwaysModule options',
  ) {
    const list = problems.map(({ path, message }) => `  - ${path}: ${message}`).join('\n');
    super(
      `${subject} are not usable (${problems.length} problem${problems.length === 1 ? '' : 's'}):\n${list}\nCorrect them and start again.`,
    );
  }
}
