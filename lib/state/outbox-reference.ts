/**
 * What an outbox write gives instead of an event id, which the platform has yet to make: where the event waits. It is the
 * row's id in `pathway_outbox`.
 */
export type OutboxReference = `outbox:${string}`;

export function outboxReferenceOf(rowId: string): OutboxReference {
  return `outbox:${rowId}`;
}

/** @returns the row's id; `undefined` for anything but a reference. */
export function rowIdOf(reference: string): string | undefined {
  return /^outbox:(\d+)$/.exec(reference)?.[1];
}
