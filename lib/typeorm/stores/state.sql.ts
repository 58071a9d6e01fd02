import { IDEMPOTENT_CLAIM_PREFIX } from '../../state/idempotent-claim.util.js';
import type { TableNames } from '../schema/table-names.js';

/**
 * How an event stands, whoever wrote its row: the reference leaves `status` empty and only ever writes processed rows
 * (protocol §11.1).
 */
const STATUS = `COALESCE(s.status, CASE WHEN s.processed THEN 'processed' ELSE 'claimed' END)`;

/** The expressions a claim is judged by. */
interface ClaimTerms {
  readonly generation: string;
  /** Whether it is a replay, which takes dead letters too. */
  readonly isReplay: string;
  /** The own instance, where a claim of its own can only be a forgotten one. */
  readonly holder?: string;
  /** Instances that are known to be gone. */
  readonly dead: string;
}

/**
 * Whether a row may be claimed. A claim leaves the mark it was made over in place, so that giving it up restores it; a
 * row with the status `claimed` has no mark yet.
 */
function mayBeClaimed({ generation, isReplay, holder, dead }: ClaimTerms): string {
  const isOwn = holder === undefined ? '' : ` OR s.claimed_by = ${holder}`;
  return `(s.claimed_by IS NULL OR s.claimed_until < now()${isOwn} OR s.claimed_by = ANY(${dead}))
    AND (${STATUS} = 'claimed' OR s.generation < ${generation}
      OR (${STATUS} = 'dead-lettered' AND ${isReplay}))`;
}

/** The expressions a mark is judged by. */
interface MarkTerms {
  readonly generation: string;
  /** Whether it says that the event was processed. */
  readonly isProcessed: string;
  /** Whether the own instance has a claim that the mark ends, as far as it knows. */
  readonly isClaimed: string;
  /** The own instance. */
  readonly holder: string;
}

/**
 * Whether a mark may change a row. One that ends a claim may when the claim is still there, or was given up by whoever took
 * it over: an instance that was frozen for longer than its claim must not replace what its successor made of the event.
 * One without a claim does not make a dead letter of what was processed. {@link markedRow} says what is changed.
 */
export function mayBeMarked({ generation, isProcessed, isClaimed, holder }: MarkTerms): string {
  return `(s.claimed_by = ${holder}
    OR (s.claimed_by IS NULL OR NOT ${isClaimed}) AND (${STATUS} = 'claimed' OR s.generation < ${generation})
    OR NOT ${isClaimed} AND s.generation = ${generation} AND (${STATUS} = 'dead-lettered' OR ${isProcessed}))`;
}

/** A column of a mark, which stays as it is where a newer generation has marked the event. */
function newer(column: 'processed' | 'status' | 'generation' | 'expires_at'): string {
  const isNewer = `(${STATUS} = 'claimed' OR s.generation <= excluded.generation)`;
  return `CASE WHEN ${isNewer} THEN excluded.${column} ELSE s.${column} END`;
}

/**
 * What a mark that may be made changes. The claim of another instance stays: its mark is still to come. The own one ends
 * also where a newer generation has marked the event meanwhile, and that mark stays.
 */
export function markedRow(holder: string) {
  return {
    claimed_by: `NULLIF(s.claimed_by, ${holder})`,
    claimed_until: `CASE WHEN s.claimed_by = ${holder} THEN NULL ELSE s.claimed_until END`,
    processed: newer('processed'),
    status: newer('status'),
    generation: newer('generation'),
    expires_at: newer('expires_at'),
  } as const;
}

/**
 * Whether a dead letter holds back later events of a source and key, as of the beginning of the statement. A plan that is
 * kept goes by the index of the letters, or scans a table so small that it does not matter; ANALYZE makes a new one.
 */
function isBehind(tables: TableNames, source: string, orderKey: string): string {
  return `EXISTS (SELECT FROM ${tables.sql('deadLetter')} AS d WHERE d.source = ${source} AND d.order_key = ${orderKey})`;
}

function markMs(claimId: string): string {
  return `CASE WHEN starts_with(${claimId}, '${IDEMPOTENT_CLAIM_PREFIX}') THEN $11::bigint ELSE $10::bigint END`;
}

/**
 * Marks and claims of many events in one statement: what an instance has finished, and what it wants next. Returns the ids
 * of the granted claims, and whether each is behind a dead letter; {@link holdersSql} tells about the others.
 *
 * Without waiting for the disk (`synchronous_commit`): a claim dies with its process anyway, and a mark is on the disk
 * before any later commit that does wait, such as the cursor that relies on it.
 *
 * Marks and claims are one list in the order of their ids: two instances of which each claims what the other marks would
 * otherwise wait for each other. No event is in both.
 *
 * Its plan is kept: it reaches the state only through ON CONFLICT, which always uses the key. A join might be planned as a
 * scan while the table is small, and stay one when it has grown.
 *
 * $1 ids, $2 statuses, $3 generations of marks; $4 ids, $5 generations of claims; $6 ids of the claims that are replays;
 * $7 own instance, $8 dead instances, $9 milliseconds of a claim, $10 milliseconds of a mark, $11 of one whose event has
 * an idempotency id; $12 ids, $13 sources, $14 order keys of the claims that may be behind a letter; $15 ids of the marks
 * that end no claim, of which there are few.
 */
export function exchangeSql(tables: TableNames): string {
  const state = tables.sql('state');
  const isMark = 'excluded.claimed_by IS NULL';
  const marked = markedRow('$7');
  const either = (column: keyof typeof marked, ofClaim: string) =>
    `${column} = CASE WHEN ${isMark} THEN ${marked[column]} ELSE ${ofClaim} END`;
  return `WITH setting AS MATERIALIZED (
  SELECT set_config('synchronous_commit', 'off', true), set_config('lock_timeout', '2000', true)
), wanted AS (
  SELECT m.event_id, m.status, m.generation, NULL AS claimed_by, NULL::timestamptz AS claimed_until,
    now() + ${markMs('m.event_id')} * interval '1 millisecond' AS expires_at
  FROM unnest($1::text[], $2::text[], $3::int[]) AS m(event_id, status, generation)
  UNION ALL
  SELECT r.event_id, 'claimed', r.generation, $7, now() + $9 * interval '1 millisecond',
    now() + ($9 + ${markMs('r.event_id')}) * interval '1 millisecond'
  FROM unnest($4::text[], $5::int[]) AS r(event_id, generation)
), changed AS (
  INSERT INTO ${state} AS s (event_id, processed, status, generation, claimed_by, claimed_until, expires_at)
  SELECT w.event_id, w.status = 'processed', w.status, w.generation, w.claimed_by, w.claimed_until, w.expires_at
  FROM setting, wanted AS w
  ORDER BY w.event_id COLLATE "C"
  ON CONFLICT (event_id) DO UPDATE SET ${either('claimed_by', 'excluded.claimed_by')},
    ${either('claimed_until', 'excluded.claimed_until')},
    ${either('processed', 's.processed')},
    ${either('status', 's.status')},
    ${either('generation', 's.generation')},
    ${either('expires_at', 'GREATEST(s.expires_at, excluded.expires_at)')}
  WHERE CASE WHEN ${isMark} THEN ${mayBeMarked({
    generation: 'excluded.generation',
    isProcessed: 'excluded.processed',
    isClaimed: '(s.event_id <> ALL($15::text[]))',
    holder: '$7',
  })} ELSE ${mayBeClaimed({
    generation: 'excluded.generation',
    isReplay: 's.event_id = ANY($6::text[])',
    holder: '$7',
    dead: '$8::text[]',
  })} END
  RETURNING s.event_id, s.claimed_by
)
SELECT c.event_id, ${isBehind(tables, 'o.source', 'o.order_key')} AS is_behind
FROM changed AS c LEFT JOIN unnest($12::text[], $13::text[], $14::text[]) AS o(event_id, source, order_key) USING (event_id)
WHERE c.claimed_by = $7`;
}

/** How an event stands that could not be claimed. */
export interface HolderRow {
  readonly event_id: string;
  readonly status: 'claimed' | 'processed' | 'dead-lettered';
  readonly generation: number;
  readonly claimed_by: string | null;
  readonly held: boolean | null;
  readonly held_for_ms: number | string | null;
}

/**
 * Why events could not be claimed. One without a row was given up meanwhile: ask again. $1 ids, $2 milliseconds of a
 * claim.
 */
export function holdersSql(tables: TableNames): string {
  return `SELECT s.event_id, ${STATUS} AS status, s.generation, s.claimed_by, s.claimed_until > now() AS held,
  EXTRACT(EPOCH FROM now() - s.claimed_until) * 1000 + $2 AS held_for_ms
FROM ${tables.sql('state')} AS s WHERE s.event_id = ANY($1::text[])`;
}

/** Gives a claim up: a mark it was made over stays, a row without a mark goes. $1 id, $2 own instance. */
export function releaseSql(tables: TableNames): string {
  const state = tables.sql('state');
  return `WITH gone AS (
  DELETE FROM ${state} AS s WHERE s.event_id = $1 AND s.claimed_by = $2 AND ${STATUS} = 'claimed'
)
UPDATE ${state} AS s SET claimed_by = NULL, claimed_until = NULL
WHERE s.event_id = $1 AND s.claimed_by = $2 AND ${STATUS} <> 'claimed'`;
}

/**
 * Keeps claims of handlers that take long. In the order of their ids, as whoever asks for several of them takes them. $1
 * ids, $2 own instance, $3 milliseconds.
 */
export function renewSql(tables: TableNames): string {
  const state = tables.sql('state');
  return `WITH own AS (
  SELECT s.event_id FROM ${state} AS s WHERE s.event_id = ANY($1::text[]) AND s.claimed_by = $2
  ORDER BY s.event_id COLLATE "C" FOR UPDATE
)
UPDATE ${state} AS s SET claimed_until = now() + $3 * interval '1 millisecond' FROM own WHERE s.event_id = own.event_id`;
}

/** How events ended. $1 ids. */
export function statusSql(tables: TableNames): string {
  return `SELECT s.event_id, CASE WHEN s.claimed_until > now() THEN 'claimed' ELSE ${STATUS} END AS status
FROM ${tables.sql('state')} AS s WHERE s.event_id = ANY($1::text[])`;
}

/** A replay of an older generation may run, but its mark does not take the place of a newer one, as outside of transactions. */
const MARKED_IN_TRANSACTION = `processed = ${newer('processed')}, status = ${newer('status')},
  generation = ${newer('generation')}, expires_at = ${newer('expires_at')}, claimed_by = NULL, claimed_until = NULL`;

/** Types of the parameters of {@link claimInTransactionSql}. */
export const CLAIM_TYPES = ['text', 'int', 'boolean', 'text[]', 'bigint', 'text', 'text'] as const;

/**
 * Claim and mark at once, for a transaction: whoever else wants the event waits for its end. No row: look why. The row says
 * whether the event is behind a dead letter. A claim of the own instance is that of a delivery outside of a transaction.
 *
 * @param lock says whose transaction it is. Here, because a statement of its own would cost every event a round trip.
 *
 * $1 id, $2 generation, $3 whether it is a replay, $4 dead instances, $5 milliseconds of a mark, $6 source and $7 order key
 * of the letters it may be behind, or NULL.
 */
export function claimInTransactionSql(tables: TableNames, lock: string): string {
  return `INSERT INTO ${tables.sql('state')} AS s (event_id, processed, status, generation, expires_at)
VALUES ($1, true, 'processed', $2, now() + $5 * interval '1 millisecond')
ON CONFLICT (event_id) DO UPDATE SET ${MARKED_IN_TRANSACTION}
WHERE ${mayBeClaimed({ generation: '$2', isReplay: '$3', dead: '$4::text[]' })}
RETURNING s.event_id, ${isBehind(tables, '$6', '$7')} AS is_behind, ${lock}`;
}

/**
 * The same for the events of a batch, in the order of their ids, so that two batches cannot wait for each other. Returns
 * the ids of those that are claimed.
 *
 * $1 ids, $2 generation, $3 whether it is a replay, $4 dead instances, $5 milliseconds of a mark, $6 of one whose event has
 * an idempotency id.
 */
export function claimBatchInTransactionSql(tables: TableNames, lock: string): string {
  const markedUntil = `now() + CASE WHEN starts_with(c.event_id, '${IDEMPOTENT_CLAIM_PREFIX}') THEN $6::bigint ELSE $5::bigint END
  * interval '1 millisecond'`;
  return `INSERT INTO ${tables.sql('state')} AS s (event_id, processed, status, generation, expires_at)
SELECT c.event_id, true, 'processed', $2::int, ${markedUntil}
FROM unnest($1::text[]) AS c(event_id) ORDER BY c.event_id COLLATE "C"
ON CONFLICT (event_id) DO UPDATE SET ${MARKED_IN_TRANSACTION}
WHERE ${mayBeClaimed({ generation: '$2::int', isReplay: '$3::boolean', dead: '$4::text[]' })}
RETURNING s.event_id, ${lock}`;
}
