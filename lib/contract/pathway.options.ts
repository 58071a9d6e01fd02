import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { FlowcoreEvent } from '../event/flowcore-event.interface.js';

/** A class whose instances are payloads: its class-validator decorators are the schema. */
export type EventClass<TPayload = unknown> = abstract new (...args: never[]) => TPayload;

/** What may stand for the payload's shape: any Standard Schema (zod, valibot, arktype …) or an event class. */
export type PayloadSchema<TPayload = unknown> = StandardSchemaV1<unknown, TPayload> | EventClass<TPayload>;

/** What happens after a handler finally failed. */
export type ExhaustedPolicy = 'park' | 'continue' | 'halt';

/** How the wait between attempts grows. */
export type RetryBackoff = 'linear' | 'exponential';

/** The contract for one `flowType/eventType`, as the developer declares it. */
export interface PathwayOptions<TPayload = unknown> {
  /** Name of the flow type, for example `order.0`. No `/`. */
  flowType: string;

  /** Name of the event type, for example `order.placed.0`. No `/`. */
  eventType: string;

  /**
   * Shape of the payload, checked when writing and before handling.
   *
   * @default the decorated class itself when it carries class-validator decorators; otherwise payloads pass unchanged
   */
  schema?: PayloadSchema<TPayload>;

  /**
   * What the event means; shown on the platform. With it, a missing event type is created (see `autoProvision`).
   *
   * @default none
   */
  description?: string;

  /**
   * What the flow type means; the first description of a flow type counts.
   *
   * @default none
   */
  flowTypeDescription?: string;

  /**
   * `false` refuses `write` on this pathway.
   *
   * @default true
   */
  writable?: boolean;

  /**
   * `false` makes the pathway write-only here: its events are not pulled.
   *
   * @default true
   */
  subscribe?: boolean;

  /**
   * Whether a `write` may wait for another application that handles this pathway: one on the same store, which has to tell of
   * what it handled (`typeOrmStore` does). `false` refuses to wait where no method of this application handles it, `true`
   * also waits with `subscribe: false`.
   *
   * @default that of `subscribe`
   */
  handledElsewhere?: boolean;

  /**
   * Pathways of one flow type and group share a pump, and so a cursor, a concurrency and a back-off.
   *
   * @default 'default'
   */
  pumpGroup?: string;

  /**
   * Attempts after the first one. 0 means a single attempt.
   *
   * @default 3
   */
  maxRetries?: number;

  /**
   * Milliseconds before the first retry; see `backoff` for the later ones. Spread by ± 20 %.
   *
   * @default 500
   */
  retryDelayMs?: number;

  /**
   * `linear`: the n-th wait is n × `retryDelayMs`. `exponential`: it doubles each time, up to a minute.
   *
   * @default 'linear'
   */
  backoff?: RetryBackoff;

  /**
   * Milliseconds one attempt of the handler may take. Then its `AbortSignal` aborts and the attempt counts as failed.
   * 0 switches the limit off: a handler that never settles then holds its key for good.
   *
   * @default the module's `handlerTimeoutMs`
   */
  handlerTimeoutMs?: number;

  /**
   * Milliseconds a waiting `write` waits for this pathway.
   *
   * @default the module's `pathwayTimeoutMs`
   */
  timeoutMs?: number;

  /**
   * Events with the same key are handled one at a time and in order; different keys may run side by side. Called with
   * the event as stored (decrypted where it was encrypted), before its schema.
   *
   * @default every event of the pump in order, one at a time
   */
  orderBy?: (event: FlowcoreEvent<TPayload>) => string;

  /**
   * When the attempts are used up, the event becomes a dead letter and then: `park` keeps later events of the same
   * `orderBy` key back behind it, `continue` lets them pass, `halt` stops the pump before it. Without `orderBy` nothing
   * says which later events depend on the failed one, so `park` parks that event alone.
   *
   * @default 'park'
   */
  onExhausted?: ExhaustedPolicy;

  /**
   * `true` encrypts whole payloads before they are sent, and decrypts them before they are checked and handled; needs a
   * key in the module's `encryption`. Metadata stays readable. Events from before, which are not encrypted, are read as
   * they are.
   *
   * @default false
   */
  encrypted?: boolean;

  /**
   * `true` writes events through the outbox: as part of the caller's database transaction, sent after its commit. `false`
   * does not, also where the module's `outbox` says so.
   *
   * @default the module's `outbox`
   */
  outbox?: boolean;

  /**
   * `true` drops payload keys that the event class does not declare. Standard Schemas decide that themselves.
   *
   * @default false
   */
  whitelist?: boolean;

  /**
   * `true`: events of this pathway are files, written as one upload and stored in parts. Handlers get the whole file as a
   * `Blob`. The schema is about the other fields only. An event class of such a pathway extends `FilePayload`.
   *
   * @default false
   */
  isFilePathway?: boolean;

  /**
   * class-validator groups to check the event class with.
   *
   * @default none: every decorator counts, whatever its groups
   */
  validationGroups?: string[];
}
