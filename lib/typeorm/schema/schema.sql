-- The tables of nestjs-pathways. May be run again, and on tables that the reference client has filled.
-- With psql: psql --set ON_ERROR_STOP=1 --file <this file> <database>
BEGIN;

SELECT pg_advisory_xact_lock(hashtextextended(concat('nestjs-pathways ', current_schema(), '.pathway_migrations'), 0));

CREATE TABLE IF NOT EXISTS "pathway_migrations" (
  version INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  breaking BOOLEAN NOT NULL DEFAULT false,
  applied_at TIMESTAMPTZ NOT NULL DEFAULT now()
);

CREATE TABLE IF NOT EXISTS "pathway_state" (
  event_id TEXT PRIMARY KEY,
  processed BOOLEAN NOT NULL,
  created_at TIMESTAMPTZ DEFAULT now(),
  expires_at TIMESTAMPTZ NOT NULL
);

ALTER TABLE "pathway_state"
  ADD COLUMN IF NOT EXISTS status TEXT,
  ADD COLUMN IF NOT EXISTS generation INTEGER NOT NULL DEFAULT 0,
  ADD COLUMN IF NOT EXISTS claimed_by TEXT,
  ADD COLUMN IF NOT EXISTS claimed_until TIMESTAMPTZ;

CREATE INDEX IF NOT EXISTS "pathway_state_expires_at_idx" ON "pathway_state" (expires_at);

CREATE TABLE IF NOT EXISTS "pathway_pump_state" (
  flow_type TEXT NOT NULL,
  pump_group TEXT NOT NULL DEFAULT 'default',
  time_bucket TEXT NOT NULL,
  event_id TEXT,
  PRIMARY KEY (flow_type, pump_group)
);

ALTER TABLE "pathway_pump_state"
  ADD COLUMN IF NOT EXISTS pump_group TEXT NOT NULL DEFAULT 'default',
  ADD COLUMN IF NOT EXISTS generation INTEGER NOT NULL DEFAULT 0,
  ADD COLUMN IF NOT EXISTS origin TEXT,
  ADD COLUMN IF NOT EXISTS saved_event_id TEXT,
  ADD COLUMN IF NOT EXISTS tenant TEXT,
  ADD COLUMN IF NOT EXISTS data_core TEXT,
  ADD COLUMN IF NOT EXISTS token BIGINT NOT NULL DEFAULT 0,
  ADD COLUMN IF NOT EXISTS updated_at TIMESTAMPTZ;

DO $pathways$
DECLARE
  pump_state CONSTANT regclass := '"pathway_pump_state"'::regclass;
  old_key name;
BEGIN
  SELECT conname INTO old_key FROM pg_constraint
  WHERE conrelid = pump_state AND contype = 'p' AND cardinality(conkey) = 1;
  IF FOUND THEN
    EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', pump_state, old_key);
    EXECUTE format('ALTER TABLE %s ADD PRIMARY KEY (flow_type, pump_group)', pump_state);
  END IF;
END
$pathways$;

CREATE TABLE IF NOT EXISTS "pathway_leases" (
  key TEXT PRIMARY KEY,
  instance_id TEXT NOT NULL,
  expires_at TIMESTAMPTZ NOT NULL
);

ALTER TABLE "pathway_leases" ADD COLUMN IF NOT EXISTS token BIGINT NOT NULL DEFAULT 0;

CREATE TABLE IF NOT EXISTS "pathway_instances" (
  instance_id TEXT PRIMARY KEY,
  address TEXT NOT NULL,
  last_heartbeat TIMESTAMPTZ NOT NULL DEFAULT now()
);

CREATE TABLE IF NOT EXISTS "pathway_delivery_state" (
  pathway_key TEXT PRIMARY KEY,
  paused_pumps TEXT[] NOT NULL DEFAULT '{}',
  updated_at TIMESTAMPTZ NOT NULL DEFAULT now()
);

ALTER TABLE "pathway_delivery_state" ADD COLUMN IF NOT EXISTS commands JSONB NOT NULL DEFAULT '{}';

CREATE TABLE IF NOT EXISTS "pathway_chunks" (
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
);

CREATE INDEX IF NOT EXISTS "pathway_chunks_expires_at_idx" ON "pathway_chunks" (expires_at);

CREATE TABLE IF NOT EXISTS "pathway_dead_letter" (
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
);

CREATE INDEX IF NOT EXISTS "pathway_dead_letter_order_idx" ON "pathway_dead_letter" (source, order_key, sequence) WHERE order_key IS NOT NULL;

CREATE INDEX IF NOT EXISTS "pathway_dead_letter_claim_idx" ON "pathway_dead_letter" (claim_id) WHERE claim_id IS NOT NULL;

CREATE INDEX IF NOT EXISTS "pathway_dead_letter_fingerprint_idx" ON "pathway_dead_letter" (fingerprint);

CREATE INDEX IF NOT EXISTS "pathway_dead_letter_pathway_idx" ON "pathway_dead_letter" (pathway);

CREATE TABLE IF NOT EXISTS "pathway_outbox" (
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
);

CREATE INDEX IF NOT EXISTS "pathway_outbox_pending_idx" ON "pathway_outbox" (id) WHERE sent_at IS NULL AND held_at IS NULL;

CREATE INDEX IF NOT EXISTS "pathway_outbox_held_idx" ON "pathway_outbox" (order_key) WHERE held_at IS NOT NULL;

CREATE INDEX IF NOT EXISTS "pathway_outbox_sent_idx" ON "pathway_outbox" (sent_at) WHERE sent_at IS NOT NULL;

CREATE TABLE IF NOT EXISTS "pathway_writes" (
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
);

CREATE INDEX IF NOT EXISTS "pathway_writes_expires_at_idx" ON "pathway_writes" (expires_at);

CREATE TABLE IF NOT EXISTS "pathway_deployments" (
  instance_id TEXT PRIMARY KEY,
  tenant TEXT NOT NULL,
  data_core TEXT NOT NULL,
  pathways TEXT[] NOT NULL,
  started_at TIMESTAMPTZ NOT NULL DEFAULT now(),
  last_seen TIMESTAMPTZ NOT NULL DEFAULT now()
);

INSERT INTO "pathway_migrations" (version, name, breaking)
VALUES (1, 'first tables', false) ON CONFLICT (version) DO NOTHING;

ALTER TABLE "pathway_pump_state"
  ADD COLUMN IF NOT EXISTS stop_at TEXT,
  ADD COLUMN IF NOT EXISTS has_stopped BOOLEAN NOT NULL DEFAULT false;

INSERT INTO "pathway_migrations" (version, name, breaking)
VALUES (2, 'pump stop', false) ON CONFLICT (version) DO NOTHING;

ALTER TABLE "pathway_pump_state"
  ADD COLUMN IF NOT EXISTS caught_up_at TIMESTAMPTZ,
  ADD COLUMN IF NOT EXISTS caught_up_token BIGINT;

INSERT INTO "pathway_migrations" (version, name, breaking)
VALUES (3, 'pump rest', false) ON CONFLICT (version) DO NOTHING;

ALTER TABLE "pathway_delivery_state" ADD COLUMN IF NOT EXISTS application_pauses TEXT[] NOT NULL DEFAULT '{}';

INSERT INTO "pathway_migrations" (version, name, breaking)
VALUES (4, 'pause origin', false) ON CONFLICT (version) DO NOTHING;

COMMIT;
