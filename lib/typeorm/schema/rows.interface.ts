/** A row of `pathway_state`: how an event ended, or who handles it. */
export interface PathwayStateRow {
  readonly eventId: string;
  /** True only for events that ended well. */
  readonly processed: boolean;
  readonly createdAt: Date | null;
  readonly expiresAt: Date;
  /** `null` in rows of the reference client: processed when `processed` is true. */
  readonly status: 'claimed' | 'processed' | 'dead-lettered' | null;
  readonly generation: number;
  readonly claimedBy: string | null;
  readonly claimedUntil: Date | null;
}

/** A row of `pathway_pump_state`: the cursor of a pump. */
export interface PathwayPumpStateRow {
  readonly flowType: string;
  readonly pumpGroup: string;
  readonly timeBucket: string;
  readonly eventId: string | null;
  readonly generation: number;
  readonly origin: string | null;
  /** `eventId` as this library saved it. Another one: the reference client has written the row since. */
  readonly savedEventId: string | null;
  /** The last event id that is delivered; `null`: it goes on for ever. */
  readonly stopAt: string | null;
  /** Everything up to `stopAt` is finished. */
  readonly hasStopped: boolean;
  /** Everything stored until then is finished, as long as `caughtUpToken` is the row's `token`. `null`: something is not. */
  readonly caughtUpAt: Date | null;
  /** Digits. */
  readonly caughtUpToken: string | null;
  /** `null`, like `dataCore`, in rows only the reference client has written. */
  readonly tenant: string | null;
  readonly dataCore: string | null;
  /** Digits: it may be larger than a number can say. */
  readonly token: string;
  readonly updatedAt: Date | null;
}

/** A row of `pathway_dead_letter`. */
export interface PathwayDeadLetterRow {
  readonly eventId: string;
  /** Digits; grows with every added letter. */
  readonly sequence: string;
  readonly pathway: string;
  readonly source: string;
  readonly orderKey: string | null;
  readonly reason: 'failed' | 'parked' | 'invalid';
  readonly event: unknown;
  readonly error: string;
  readonly fingerprint: string;
  readonly attempts: unknown;
  readonly generation: number;
  readonly deadLetteredAt: Date;
  /** What its mark is kept under; `null`: its event id. */
  readonly claimId: string | null;
}

/** A row of `pathway_leases`. */
export interface PathwayLeaseRow {
  readonly key: string;
  readonly instanceId: string;
  readonly expiresAt: Date;
  /** Digits. */
  readonly token: string;
}

/** A row of `pathway_instances`: an instance of the reference client's cluster. */
export interface PathwayInstanceRow {
  readonly instanceId: string;
  readonly address: string;
  readonly lastHeartbeat: Date;
}

/** A row of `pathway_delivery_state`: which pumps of an application are paused, and what it was told to do. */
export interface PathwayDeliveryStateRow {
  readonly pathwayKey: string;
  readonly pausedPumps: readonly string[];
  /** Those of them the application paused itself. */
  readonly applicationPauses: readonly string[];
  /** By id of the control plane's command: how it ended, and whether that was reported. */
  readonly commands: unknown;
  readonly updatedAt: Date;
}

/** A row of `pathway_chunks`: one part of a large event. */
export interface PathwayChunkRow {
  readonly chunkId: string;
  readonly part: number;
  readonly totalParts: number;
  readonly digest: string;
  readonly eventId: string;
  readonly data: string;
  readonly dataHash: string;
  readonly assembledAt: Date | null;
  readonly createdAt: Date;
  readonly expiresAt: Date;
}

/** A row of `pathway_outbox`: an event that is written to the platform after its transaction. */
export interface PathwayOutboxRow {
  /** Digits. */
  readonly id: string;
  readonly tenant: string;
  readonly dataCore: string;
  readonly flowType: string;
  readonly eventType: string;
  /** As it goes over the wire. */
  readonly payload: unknown;
  /** Metadata and times of the request. */
  readonly headers: unknown;
  readonly orderKey: string;
  /** `null` until it is first sent. Copies of one event have it in common. */
  readonly idempotencyId: string | null;
  readonly createdAt: Date;
  readonly attempts: number;
  readonly lastError: string | null;
  /** The platform refuses it for good: later rows of its key wait until it is retried or discarded. */
  readonly heldAt: Date | null;
  readonly eventId: string | null;
  readonly sentAt: Date | null;
}

/** A row of `pathway_writes`: a write with an idempotency key. */
export interface PathwayWriteRow {
  /** With tenant and data core before it. */
  readonly key: string;
  readonly pathway: string;
  readonly fingerprint: string;
  /** What is to be sent; `null` when it was. */
  readonly requests: unknown;
  readonly claimIds: readonly string[];
  /** Event ids of what was sent so far; outbox references for an outbox write. */
  readonly ids: readonly string[];
  readonly heldBy: string | null;
  readonly heldUntil: Date | null;
  readonly answeredAt: Date | null;
  readonly createdAt: Date;
  readonly expiresAt: Date;
}

/** A row of `pathway_deployments`: an instance that uses these tables. */
export interface PathwayDeploymentRow {
  readonly instanceId: string;
  readonly tenant: string;
  readonly dataCore: string;
  readonly pathways: readonly string[];
  readonly startedAt: Date;
  readonly lastSeen: Date;
}

/** A row of `pathway_migrations`: a step of the schema that was applied. */
export interface PathwayMigrationRow {
  readonly version: number;
  readonly name: string;
  /** Releases that do not know this step must not run. */
  readonly breaking: boolean;
  readonly appliedAt: Date;
}

/** Rows by table. */
export interface PathwaysRows {
  readonly state: PathwayStateRow;
  readonly pumpState: PathwayPumpStateRow;
  readonly deadLetter: PathwayDeadLetterRow;
  readonly leases: PathwayLeaseRow;
  readonly instances: PathwayInstanceRow;
  readonly deliveryState: PathwayDeliveryStateRow;
  readonly chunks: PathwayChunkRow;
  readonly outbox: PathwayOutboxRow;
  readonly writes: PathwayWriteRow;
  readonly deployments: PathwayDeploymentRow;
  readonly migrations: PathwayMigrationRow;
}
