import { PathwaysError } from './pathways.error.js';

/** A file given to the `pathways` command cannot be loaded, or exports no contract. */
export class ContractFileUnusableError extends PathwaysError {
  static override readonly code = 'PATHWAYS_CONTRACT_FILE_UNUSABLE';

  constructor(
    readonly file: string,
    cause?: unknown,
  ) {
    const why =
      cause === undefined
        ? 'It exports no class with @Pathway and no result of createPathwayContract. Name the files that declare your events'
        : `Loading it failed: ${cause instanceof Error ? cause.message : String(cause)}. Name compiled JavaScript files, or run the command through a TypeScript loader (node --import tsx)`;
    super(`${file} gives no contracts. ${why}.`, cause === undefined ? {} : { cause });
  }
}
