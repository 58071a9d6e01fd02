import type { FlowcoreEvent } from '../../event/flowcore-event.interface.js';
import type { PathwayKey } from '../../event/pathway-key.util.js';
import type { DeadLetter, DeadLetterFilter } from '../../state/dead-letter-store.interface.js';

/**
 * A row as `SELECTED` reads it. All texts: applications may change how their driver parses JSON, numbers and times.
 */
export interface DeadLetterRow {
  readonly event_id: string;
  readonly sequence: string;
  readonly pathway: string;
  readonly source: string;
  readonly order_key: string | null;
  readonly reason: string;
  readonly event: string;
  readonly error: string;
  readonly fingerprint: string;
  readonly attempts: string;
  readonly generation: number;
  readonly at_ms: string;
  readonly claim_id: string | null;
}

/** The columns of a row, to stand after SELECT. */
export const SELECTED = `event_id, sequence::text AS sequence, pathway, source, order_key, reason, event::text AS event,
  error, fingerprint, attempts::text AS attempts, generation,
  (extract(epoch FROM dead_lettered_at) * 1000)::text AS at_ms, claim_id`;

/** The columns that are written, in the order of `parametersOf`; `event_id` is the first. */
export const WRITTEN = [
  'event_id',
  'pathway',
  'source',
  'order_key',
  'reason',
  'event',
  'error',
  'fingerprint',
  'attempts',
  'generation',
  'dead_lettered_at',
  'claim_id',
] as const;

/** Their parameters with types: in a SELECT list Postgres does not infer them from the table. */
export const PARAMETERS = `$1::text, $2::text, $3::text, $4::text, $5::text, $6::json, $7::text, $8::text, $9::json,
  $10::integer, $11::timestamptz, $12::text`;

/** What is kept of a letter. */
export function parametersOf(letter: DeadLetter): unknown[] {
  return [
    storableText(letter.eventId),
    letter.pathway,
    letter.source,
    letter.orderKey === undefined ? null : storableText(letter.orderKey),
    letter.reason,
    JSON.stringify(letter.event),
    storableText(letter.error),
    storableText(letter.fingerprint),
    JSON.stringify(letter.attempts),
    letter.generation ?? 0,
    letter.deadLetteredAt.toISOString(),
    letter.claimId === undefined ? null : storableText(letter.claimId),
  ];
}

/** Postgres keeps no zero character: with one in an error's text its letter could never be written. */
export function storableText(text: string): string {
  return text.replaceAll('\0', '\uFFFD');
}

export function letterOf(row: DeadLetterRow): DeadLetter {
  const attempts = JSON.parse(row.attempts) as (DeadLetter['attempts'][number] & { at: string })[];
  return {
    eventId: row.event_id,
    ...(row.claim_id !== null && { claimId: row.claim_id }),
    pathway: row.pathway as PathwayKey,
    event: JSON.parse(row.event) as FlowcoreEvent,
    source: row.source,
    orderKey: row.order_key ?? undefined,
    reason: row.reason as DeadLetter['reason'],
    error: row.error,
    fingerprint: row.fingerprint,
    attempts: attempts.map((attempt) => ({ ...attempt, at: new Date(attempt.at) })),
    deadLetteredAt: new Date(Number(row.at_ms)),
    generation: row.generation,
    sequence: Number(row.sequence),
  };
}

const COLUMN_OF: Record<keyof DeadLetterFilter, string> = {
  pathway: 'pathway',
  source: 'source',
  orderKey: 'order_key',
  reason: 'reason',
  fingerprint: 'fingerprint',
};

/** The conditions of a filter, to stand after WHERE, and their parameters. */
export function conditionsOf(
  filter: DeadLetterFilter,
  after: number | undefined,
): { readonly sql: string; readonly parameters: unknown[] } {
  const parameters: unknown[] = [];
  const conditions = ['true'];
  for (const name of Object.keys(COLUMN_OF) as (keyof DeadLetterFilter)[]) {
    const value = filter[name];
    if (value === undefined) continue;
    parameters.push(storableText(value));
    conditions.push(`${COLUMN_OF[name]} = $${parameters.length}`);
  }
  if (after !== undefined) {
    parameters.push(after);
    conditions.push(`sequence > $${parameters.length}::bigint`);
  }
  return { sql: conditions.join(' AND '), parameters };
}
