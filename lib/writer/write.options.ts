import type { AuditMode } from '../event/audit.js';

/** How one write behaves. */
export interface WriteOptions {
  /**
   * `true` resolves as soon as the platform has stored the event; otherwise `write` waits until it is processed.
   *
   * @default false
   */
  fireAndForget?: boolean;

  /**
   * Milliseconds to wait for processing.
   *
   * @default the pathway's `timeoutMs`, then the module's `pathwayTimeoutMs`
   */
  timeoutMs?: number;

  /**
   * Makes the write repeatable: the same key, pathway and payload again give the ids of the first call, and when its answer
   * was lost the same events are sent once more and handled once. At most 200 characters; remembered for a day by the store
   * (`idempotencyTtlMs`).
   *
   * @default none: every call writes anew
   */
  idempotencyKey?: string;

  /**
   * `true` stores the event in the database and sends it afterwards: as part of the transaction of the handler that is
   * running, of `@nestjs-cls/transactional`, or of `transaction`; outside of any, in one of its own. Rolled back, it is
   * never sent. The write resolves with a reference as soon as the event is stored, and does not wait for processing.
   *
   * @default the pathway's `outbox`, then the module's
   */
  outbox?: boolean;

  /**
   * TypeORM's EntityManager whose transaction an outbox write is part of, when it is none of the known ones.
   *
   * @default the transaction that is running; see `outbox`
   */
  transaction?: object;

  /**
   * Gives up when it aborts. An event the platform already stored stays stored.
   *
   * @default none
   */
  signal?: AbortSignal;

  /**
   * Time of the event; decides its id and time bucket (protocol §3.2). Applies to every event of a batch.
   *
   * @default the time at which the platform stores it
   */
  eventTime?: Date;

  /**
   * Time from which the fact is valid; information for handlers.
   *
   * @default the time of the event
   */
  validTime?: Date;

  /**
   * Name of the payload key that holds each event's time, for backfills in batches.
   *
   * @default none
   */
  eventTimeKey?: string;

  /**
   * Name of the payload key that holds each event's valid time.
   *
   * @default none
   */
  validTimeKey?: string;

  /**
   * Session the event is written in: `audit/session-id` in its metadata. The session's user resolver, where there is one,
   * says who wrote it.
   *
   * @default none; with `session: { cls }` that of the request
   */
  sessionId?: string;

  /**
   * `user`: the event is the user's deed. `system`: the application's, on behalf of the user. Without a user neither
   * leaves anything in the metadata.
   *
   * @default 'user'
   */
  auditMode?: AuditMode;

  /**
   * Further headers of the request, for gateways between this application and the platform. Those of the protocol cannot
   * be replaced.
   *
   * @default {}
   */
  headers?: Readonly<Record<string, string>>;
}

/**
 * Extra facts about an event. Strings travel unchanged, other JSON values are serialised. Keys beginning with `audit/` or
 * `pathways/` are refused: the library sets them.
 */
export type WriteMetadata = Readonly<Record<string, unknown>>;

/** One event to write. */
export interface WriteInput<TPayload> {
  /** The payload: sent as given, once it matches its schema. */
  data: TPayload;
  /** Extra facts about the event. @default {} */
  metadata?: WriteMetadata;
  /** How this write behaves. @default {} */
  options?: WriteOptions;
  /** `true` makes it a {@link BatchWriteInput}. @default false */
  batch?: false;
}

/** Several events of one pathway, stored in the order given. */
export interface BatchWriteInput<TPayload> {
  /** Says that `data` are several payloads. */
  batch: true;
  /** The payloads; more than `maxBatchSize` are sent in several requests. */
  data: readonly TPayload[];
  /** Extra facts about every one of the events. @default {} */
  metadata?: WriteMetadata;
  /** How this write behaves. @default {} */
  options?: WriteOptions;
}

/** Options of a write that goes through the outbox for certain. */
export type OutboxWriteOptions = WriteOptions & { outbox: true };
