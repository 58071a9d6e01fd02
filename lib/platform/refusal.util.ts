import { PathwaysConfigurationError } from '../errors/pathways-configuration.error.js';
import { PlatformRequestError } from '../errors/platform-request.error.js';
import { PlatformResponseInvalidError } from '../errors/platform-response-invalid.error.js';
import { PlatformUnavailableError } from '../errors/platform-unavailable.error.js';
import { isRecord } from '../event/event-shape.util.js';

/** Rights, names and states of the platform are put right without touching the request; the others say: later. */
const PASSING_REFUSALS: ReadonlySet<number> = new Set([401, 403, 404, 408, 409, 423, 425, 429]);

/**
 * Whether a write failed because of the request itself, so that the same one fails again whenever it is sent: it cannot be
 * made or sent at all, or the platform says that it is wrong.
 */
export function isRefusedForGood(error: unknown): error is Error {
  // Thrown while the request is made, from what it is made of.
  if (
    error instanceof TypeError ||
    error instanceof RangeError ||
    error instanceof PathwaysConfigurationError
  )
    return true;
  if (!(error instanceof PlatformRequestError) || error instanceof PlatformUnavailableError) return false;
  if (error instanceof PlatformResponseInvalidError) return false;
  const { status, body } = error;
  // No status, and yet not unavailable: not even the network was tried.
  if (status === 0) return true;
  if (status >= 200 && status < 300) return isRefusalInside(body);
  return isRefusal(status);
}

function isRefusal(status: number): boolean {
  return status >= 400 && status < 500 && !PASSING_REFUSALS.has(status);
}

/** The error a gateway sends with status 200 (protocol §3.5): it may name the real one. */
function isRefusalInside(body: unknown): boolean {
  const status = isRecord(body) ? body['statusCode'] : undefined;
  return typeof status !== 'number' || isRefusal(status);
}
