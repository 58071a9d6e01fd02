import type { PathwayEvent } from '../event/flowcore-event.interface.js';
import type { PathwayKey } from '../event/pathway-key.util.js';
import type { BatchBinding } from './batch-binding.interface.js';
import type { EventContext } from './event-context.interface.js';

/** Points in the pipeline at which observers are called. */
export type ObservedStage = 'before' | 'after';

/** The one handler of a pathway. */
export interface HandlerBinding {
  readonly pathway: PathwayKey;
  /** Class and method, for messages and the start-up log: `OrderProjector.project`. */
  readonly where: string;
  /**
   * `false`: never inside the store's transaction; `true`: a store without transactions is refused at start.
   *
   * @default inside one when the store has transactions
   */
  readonly transaction?: boolean | undefined;
  /** Of a handler that takes several events at once; see batchHandlerBinding. `invoke` is then a batch of one. */
  readonly batch?: BatchBinding | undefined;
  invoke(event: PathwayEvent, context: EventContext): unknown;
}

/** A callback around the handler. It can neither change nor break processing. */
export interface ObserverBinding {
  readonly pathway: PathwayKey;
  readonly where: string;
  readonly stage: ObservedStage | 'all';
  invoke(event: PathwayEvent, stage: ObservedStage, context: EventContext): unknown;
}

/** A callback for every event of every pathway that is about to be handled. It can neither change nor break processing. */
export interface AuditBinding {
  readonly where: string;
  invoke(event: PathwayEvent, context: EventContext): unknown;
}

/** A callback for every failed attempt. */
export interface ErrorBinding {
  /** `undefined`: all pathways. */
  readonly pathway: PathwayKey | undefined;
  readonly where: string;
  invoke(error: unknown, event: PathwayEvent, pathway: PathwayKey, context: EventContext): unknown;
}
