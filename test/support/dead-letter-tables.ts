import type { SpecDatabase } from './postgres.js';

/** The tables dead letters need, until the store's own migrations make them. */
export async function createDeadLetterTables(database: Pick<SpecDatabase, 'query'>): Promise<void> {
  for (const statement of STATEMENTS) await database.query(statement);
}

const STATEMENTS = [
  `CREATE TABLE pathway_state (
    event_id TEXT PRIMARY KEY, processed BOOLEAN NOT NULL, created_at TIMESTAMPTZ DEFAULT now(),
    expires_at TIMESTAMPTZ NOT NULL, status TEXT NULL, generation INTEGER NOT NULL DEFAULT 0,
    claimed_by TEXT NULL, claimed_until TIMESTAMPTZ NULL)`,
  `CREATE TABLE pathway_dead_letter (
    event_id TEXT PRIMARY KEY, sequence BIGINT GENERATED ALWAYS AS IDENTITY, pathway TEXT NOT NULL,
    source TEXT NOT NULL, order_key TEXT NULL, reason TEXT NOT NULL, event JSON NOT NULL, error TEXT NOT NULL,
    fingerprint TEXT NOT NULL, attempts JSON NOT NULL, generation INTEGER NOT NULL DEFAULT 0,
    dead_lettered_at TIMESTAMPTZ NOT NULL, claim_id TEXT NULL)`,
  `CREATE INDEX ON pathway_dead_letter (source, order_key, sequence) WHERE order_key IS NOT NULL`,
  `CREATE INDEX ON pathway_dead_letter (fingerprint)`,
  `CREATE INDEX ON pathway_dead_letter (pathway)`,
];
