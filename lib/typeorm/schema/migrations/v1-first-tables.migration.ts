import type { Migration } from '../migration.interface.js';
import type { TableNames } from '../table-names.js';

/** The tables other deployments have (protocol §11, newer features §7) with our columns added, and our own. */
export const firstTables: Migration = {
  version: 1,
  name: 'first tables',
  breaking: false,
  statements: (tables) => [
    ...stateStatements(tables),
    ...pumpStateStatements(tables),
    ...clusterStatements(tables),
    ...deliveryStatements(tables),
    ...deadLetterStatements(tables),
    ...outboxStatements(tables),
    `CREATE TABLE IF NOT EXISTS ${tables.sql('deployments')} (
  instance_id TEXT PRIMARY KEY,
  tenant TEXT NOT NULL,
  data_core TEXT NOT NULL,
  pathways TEXT[] NOT NULL,
  started_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  last_seen TIMESTAMPTZ NOT NULL DEFAULT now()
)`,
  ],
};

function stateStatements(tables: TableNames): string[] {
  const state = tables.sql('state');
  return [
    `CREATE TABLE IF NOT EXISTS ${state} (
  event_id TEXT PRIMARY KEY,
  processed BOOLEAN NOT NULL,
  created_at TIMESTAMPTZ DEFAULT now(),
  expires_at TIMESTAMPTZ NOT NULL
)`,
    `ALTER TABLE ${state}
  ADD COLUMN IF NOT EXISTS status TEXT,
  ADD COLUMN IF NOT EXISTS generation INTEGER NOT NULL DEFAULT 0,
  ADD COLUMN IF NOT EXISTS claimed_by TEXT,
  ADD COLUMN IF NOT EXISTS claimed_until TIMESTAMPTZ`,
    index(tables, 'state', 'expires_at', '(expires_at)'),
  ];
}

function pumpStateStatements(tables: TableNames): string[] {
  const pumpState = tables.sql('pumpState');
  return [
    `CREATE TABLE IF NOT EXISTS ${pumpState} (
  flow_type TEXT NOT NULL,
  pump_group TEXT NOT NULL DEFAULT 'default',
  time_bucket TEXT NOT NULL,
  event_id TEXT,
  PRIMARY KEY (flow_type, pump_group)
)`,
    // Before pump groups there was one row per flow type: those rows belong to the group `default`.
    `ALTER TABLE ${pumpState}
  ADD COLUMN IF NOT EXISTS pump_group TEXT NOT NULL DEFAULT 'default',
  ADD COLUMN IF NOT EXISTS generation INTEGER NOT NULL DEFAULT 0,
  ADD COLUMN IF NOT EXISTS origin TEXT,
  ADD COLUMN IF NOT EXISTS saved_event_id TEXT,
  ADD COLUMN IF NOT EXISTS tenant TEXT,
  ADD COLUMN IF NOT EXISTS data_core TEXT,
  ADD COLUMN IF NOT EXISTS token BIGINT NOT NULL DEFAULT 0,
  ADD COLUMN IF NOT EXISTS updated_at TIMESTAMPTZ`,
    // Through the table's own oid: a table of the same name in another schema must not decide (protocol §14.1, P19).
    `DO $pathways$
DECLARE
  pump_state CONSTANT regclass := '${pumpState}'::regclass;
  old_key name;
BEGIN
  SELECT conname INTO old_key FROM pg_constraint
  WHERE conrelid = pump_state AND contype = 'p' AND cardinality(conkey) = 1;
  IF FOUND THEN
    EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', pump_state, old_key);
    EXECUTE format('ALTER TABLE %s ADD PRIMARY KEY (flow_type, pump_group)', pump_state);
  END IF;
END
$pathways$`,
  ];
}

function clusterStatements(tables: TableNames): string[] {
  const leases = tables.sql('leases');
  return [
    `CREATE TABLE IF NOT EXISTS ${leases} (
  key TEXT PRIMARY KEY,
  instance_id TEXT NOT NULL,
  expires_at TIMESTAMPTZ NOT NULL
)`,
    `ALTER TABLE ${leases} ADD COLUMN IF NOT EXISTS token BIGINT NOT NULL DEFAULT 0`,
    `CREATE TABLE IF NOT EXISTS ${tables.sql('instances')} (
  instance_id TEXT PRIMARY KEY,
  address TEXT NOT NULL,
  last_heartbeat TIMESTAMPTZ NOT NULL DEFAULT now()
)`,
  ];
}

function deliveryStatements(tables: TableNames): string[] {
  return [
    `CREATE TABLE IF NOT EXISTS ${tables.sql('deliveryState')} (
  pathway_key TEXT PRIMARY KEY,
  paused_pumps TEXT[] NOT NULL DEFAULT '{}',
  updated_at TIMESTAMPTZ NOT NULL DEFAULT now()
)`,
    `ALTER TABLE ${tables.sql('deliveryState')} ADD COLUMN IF NOT EXISTS commands JSONB NOT NULL DEFAULT '{}'`,
    `CREATE TABLE IF NOT EXISTS ${tables.sql('chunks')} (
  chunk_id TEXT NOT NULL,
  part INTEGER NOT NULL,
  total_parts INTEGER NOT NULL,
  digest TEXT NOT NULL,
  event_id TEXT NOT NULL,
  data TEXT NOT NULL,
  data_hash TEXT NOT NULL,
  assembled_at TIMESTAMPTZ,
  created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  expires_at TIMESTAMPTZ NOT NULL,
  PRIMARY KEY (chunk_id, part)
)`,
    index(tables, 'chunks', 'expires_at', '(expires_at)'),
  ];
}

function deadLetterStatements(tables: TableNames): string[] {
  return [
    // JSON, not JSONB: a replay sees the event as it was delivered, with the order of its keys.
    `CREATE TABLE IF NOT EXISTS ${tables.sql('deadLetter')} (
  event_id TEXT PRIMARY KEY,
  sequence BIGINT NOT NULL GENERATED ALWAYS AS IDENTITY,
  pathway TEXT NOT NULL,
  source TEXT NOT NULL,
  order_key TEXT,
  reason TEXT NOT NULL,
  event JSON NOT NULL,
  error TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  attempts JSON NOT NULL,
  generation INTEGER NOT NULL DEFAULT 0,
  dead_lettered_at TIMESTAMPTZ NOT NULL,
  claim_id TEXT
)`,
    index(tables, 'deadLetter', 'order', '(source, order_key, sequence) WHERE order_key IS NOT NULL'),
    index(tables, 'deadLetter', 'claim', '(claim_id) WHERE claim_id IS NOT NULL'),
    index(tables, 'deadLetter', 'fingerprint', '(fingerprint)'),
    index(tables, 'deadLetter', 'pathway', '(pathway)'),
  ];
}

function outboxStatements(tables: TableNames): string[] {
  return [
    `CREATE TABLE IF NOT EXISTS ${tables.sql('outbox')} (
  id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  tenant TEXT NOT NULL,
  data_core TEXT NOT NULL,
  flow_type TEXT NOT NULL,
  event_type TEXT NOT NULL,
  payload JSON NOT NULL,
  headers JSON NOT NULL,
  order_key TEXT NOT NULL,
  idempotency_id TEXT,
  created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  attempts INTEGER NOT NULL DEFAULT 0,
  last_error TEXT,
  held_at TIMESTAMPTZ,
  event_id TEXT,
  sent_at TIMESTAMPTZ
)`,
    index(tables, 'outbox', 'pending', '(id) WHERE sent_at IS NULL AND held_at IS NULL'),
    index(tables, 'outbox', 'held', '(order_key) WHERE held_at IS NOT NULL'),
    index(tables, 'outbox', 'sent', '(sent_at) WHERE sent_at IS NOT NULL'),
    `CREATE TABLE IF NOT EXISTS ${tables.sql('writes')} (
  key TEXT PRIMARY KEY,
  pathway TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  requests JSON,
  claim_ids TEXT[] NOT NULL,
  ids TEXT[] NOT NULL DEFAULT '{}',
  held_by TEXT,
  held_until TIMESTAMPTZ,
  answered_at TIMESTAMPTZ,
  created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  expires_at TIMESTAMPTZ NOT NULL
)`,
    index(tables, 'writes', 'expires_at', '(expires_at)'),
  ];
}

/** Named as the reference names its own, so that one of the two is found and not a second one made. */
function index(
  tables: TableNames,
  table: 'state' | 'chunks' | 'deadLetter' | 'outbox' | 'writes',
  suffix: string,
  columns: string,
): string {
  return `CREATE INDEX IF NOT EXISTS "${tables.nameOf(table)}_${suffix}_idx" ON ${tables.sql(table)} ${columns}`;
}
