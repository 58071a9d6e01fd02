/** What the claims of events with an idempotency id begin with. No event id begins so. */
export const IDEMPOTENT_CLAIM_PREFIX = 'idem:';

/** Milliseconds such marks, and the keys of writes, are kept: a copy may come as late as its writer tries again. */
export const IDEMPOTENCY_TTL_MS = 24 * 3_600_000;

export function isIdempotentClaim(claimId: string): boolean {
  // The first letter decides for nearly every event. Asked several times for each of them.
  return claimId.charCodeAt(0) === 105 && claimId.startsWith(IDEMPOTENT_CLAIM_PREFIX);
}
