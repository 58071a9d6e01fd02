import { PathwaysError } from './pathways.error.js';

/** Where a request to the platform went and how often it was tried. Never contains credentials. */
export interface PlatformRequestInfo {
  readonly method: string;
  readonly url: string;
  readonly attempts: number;
}

/**
 * The platform refused a request, or its answer cannot be used. Base of the more specific platform errors.
 *
 * @remarks Correct what the message names, usually a name, a header or the base URL: the same request would be refused again.
 */
export class PlatformRequestError extends PathwaysError {
  static override readonly code: `PATHWAYS_${string}` = 'PATHWAYS_PLATFORM_REFUSED';
  static override readonly httpStatus: number = 502;

  constructor(
    message: string,
    readonly request: PlatformRequestInfo,
    /** HTTP status of the last answer; 0 when there was none. */
    readonly status: number,
    /** Parsed body of the last answer, when there was one. */
    readonly body?: unknown,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}
