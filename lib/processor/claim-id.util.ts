import { createHash } from 'node:crypto';
import { canonicalJson } from '../event/canonical-json.util.js';
import type { FlowcoreEvent } from '../event/flowcore-event.interface.js';
import { IDEMPOTENCY_ID_KEY } from '../event/metadata.constants.js';
import { unstorableBecause } from '../event/storable-id.util.js';
import { IDEMPOTENT_CLAIM_PREFIX } from '../state/idempotent-claim.util.js';

/**
 * Begins the idempotency id of an event that was put together: with the id of its chunk, which all stored copies of its
 * parts have in common. Those of the requests that carried the parts may differ.
 */
const CHUNK_ID_PREFIX = 'pathways/chunk/';

const claimIds = new WeakMap<FlowcoreEvent, string>();

/**
 * What an event is claimed and marked under: its id, or for a write with an idempotency id one that all stored copies of
 * the write share, so that they have one effect.
 */
export function claimIdOf(event: FlowcoreEvent): string {
  const id = event.metadata[IDEMPOTENCY_ID_KEY];
  return typeof id === 'string' && id !== '' ? sharedClaimOf(event, id) : event.eventId;
}

/**
 * The claim of one event of a write. The payload is part of it, because the events of one request share their metadata;
 * the pathway too, because a caller may use one key for several.
 */
export function claimIdFor(idempotencyId: string, pathway: string, payload: unknown): string {
  const id = storableForm(idempotencyId);
  if (idempotencyId.startsWith(CHUNK_ID_PREFIX)) return IDEMPOTENT_CLAIM_PREFIX + id;
  const content = canonicalJson(payload);
  const digest = createHash('sha256').update(`${pathway}\n${content}`).digest('hex').slice(0, 32);
  return `${IDEMPOTENT_CLAIM_PREFIX}${id}:${digest}`;
}

/**
 * Whoever writes an event says what its id is. One that no store can keep would be refused at every claim: the event could
 * neither be handled nor become a dead letter, and its pump would stand still.
 */
function storableForm(id: string): string {
  if (unstorableBecause(id) === undefined) return id;
  // As JSON, which tells broken surrogates apart.
  return `sha256:${createHash('sha256').update(JSON.stringify(id)).digest('hex')}`;
}

/** The idempotency id of an event whose parts have that chunk id. */
export function idempotencyIdOfChunk(chunkId: string): string {
  return CHUNK_ID_PREFIX + chunkId;
}

function sharedClaimOf(event: FlowcoreEvent, id: string): string {
  // Remembered: asked several times for one event, and payloads may be large.
  let claimId = claimIds.get(event);
  if (claimId === undefined) {
    const pathway = `${event.flowType}/${event.eventType}`;
    claimId = claimIdFor(id, pathway, event.payload);
    claimIds.set(event, claimId);
  }
  return claimId;
}
