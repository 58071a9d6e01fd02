import { PathwaysError } from './pathways.error.js';

/** Nothing is registered under this pathway key. */
export class PathwayUnknownError extends PathwaysError {
  static override readonly code = 'PATHWAYS_PATHWAY_UNKNOWN';
  static override readonly httpStatus = 404;

  constructor(
    readonly key: string,
    where?: string,
  ) {
    super(
      `Pathway ${key} not found${where ? ` (used by ${where})` : ''}. Declare it with @Pathway on an event class and list the class in PathwaysModule.forFeature([...]), or handle it with @OnEvent(EventClass).`,
    );
  }
}
