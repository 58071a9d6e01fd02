import type { EntitySchemaColumnOptions } from 'typeorm';
import type { PathwaysRows } from './rows.interface.js';
import type { TableName } from './table-names.js';

/** A column with its name in the database. */
export type TableColumn = EntitySchemaColumnOptions & { readonly name: string };

const key = (name: string): TableColumn => ({ name, type: 'text', primary: true });
const text = (name: string): TableColumn => ({ name, type: 'text' });
const integer = (name: string): TableColumn => ({ name, type: 'integer' });
const bigint = (name: string): TableColumn => ({ name, type: 'bigint' });
const time = (name: string): TableColumn => ({ name, type: 'timestamp with time zone' });
const json = (name: string): TableColumn => ({ name, type: 'json' });
const list = (name: string): TableColumn => ({ name, type: 'text', array: true });
const boolean = (name: string): TableColumn => ({ name, type: 'boolean' });
const orNull = (column: TableColumn): TableColumn => ({ ...column, nullable: true });

/** The columns this version works with, by the properties of their rows. Others may be there too. */
export const TABLE_COLUMNS: {
  readonly [T in TableName]: { readonly [P in keyof PathwaysRows[T]]: TableColumn };
} = {
  state: {
    eventId: key('event_id'),
    processed: boolean('processed'),
    createdAt: orNull(time('created_at')),
    expiresAt: time('expires_at'),
    status: orNull(text('status')),
    generation: integer('generation'),
    claimedBy: orNull(text('claimed_by')),
    claimedUntil: orNull(time('claimed_until')),
  },
  pumpState: {
    flowType: key('flow_type'),
    pumpGroup: key('pump_group'),
    timeBucket: text('time_bucket'),
    eventId: orNull(text('event_id')),
    generation: integer('generation'),
    origin: orNull(text('origin')),
    savedEventId: orNull(text('saved_event_id')),
    stopAt: orNull(text('stop_at')),
    hasStopped: boolean('has_stopped'),
    caughtUpAt: orNull(time('caught_up_at')),
    caughtUpToken: orNull(bigint('caught_up_token')),
    tenant: orNull(text('tenant')),
    dataCore: orNull(text('data_core')),
    token: bigint('token'),
    updatedAt: orNull(time('updated_at')),
  },
  deadLetter: {
    eventId: key('event_id'),
    sequence: { ...bigint('sequence'), generated: true },
    pathway: text('pathway'),
    source: text('source'),
    orderKey: orNull(text('order_key')),
    reason: text('reason'),
    event: json('event'),
    error: text('error'),
    fingerprint: text('fingerprint'),
    attempts: json('attempts'),
    generation: integer('generation'),
    deadLetteredAt: time('dead_lettered_at'),
    claimId: orNull(text('claim_id')),
  },
  leases: {
    key: key('key'),
    instanceId: text('instance_id'),
    expiresAt: time('expires_at'),
    token: bigint('token'),
  },
  instances: {
    instanceId: key('instance_id'),
    address: text('address'),
    lastHeartbeat: time('last_heartbeat'),
  },
  deliveryState: {
    pathwayKey: key('pathway_key'),
    pausedPumps: list('paused_pumps'),
    applicationPauses: list('application_pauses'),
    commands: { name: 'commands', type: 'jsonb' },
    updatedAt: time('updated_at'),
  },
  chunks: {
    chunkId: key('chunk_id'),
    part: { ...integer('part'), primary: true },
    totalParts: integer('total_parts'),
    digest: text('digest'),
    eventId: text('event_id'),
    data: text('data'),
    dataHash: text('data_hash'),
    assembledAt: orNull(time('assembled_at')),
    createdAt: time('created_at'),
    expiresAt: time('expires_at'),
  },
  outbox: {
    id: { ...bigint('id'), primary: true, generated: true },
    tenant: text('tenant'),
    dataCore: text('data_core'),
    flowType: text('flow_type'),
    eventType: text('event_type'),
    payload: json('payload'),
    headers: json('headers'),
    orderKey: text('order_key'),
    idempotencyId: orNull(text('idempotency_id')),
    createdAt: time('created_at'),
    attempts: integer('attempts'),
    lastError: orNull(text('last_error')),
    heldAt: orNull(time('held_at')),
    eventId: orNull(text('event_id')),
    sentAt: orNull(time('sent_at')),
  },
  writes: {
    key: key('key'),
    pathway: text('pathway'),
    fingerprint: text('fingerprint'),
    requests: orNull(json('requests')),
    claimIds: list('claim_ids'),
    ids: list('ids'),
    heldBy: orNull(text('held_by')),
    heldUntil: orNull(time('held_until')),
    answeredAt: orNull(time('answered_at')),
    createdAt: time('created_at'),
    expiresAt: time('expires_at'),
  },
  deployments: {
    instanceId: key('instance_id'),
    tenant: text('tenant'),
    dataCore: text('data_core'),
    pathways: list('pathways'),
    startedAt: time('started_at'),
    lastSeen: time('last_seen'),
  },
  migrations: {
    version: { ...integer('version'), primary: true },
    name: text('name'),
    breaking: boolean('breaking'),
    appliedAt: time('applied_at'),
  },
};
