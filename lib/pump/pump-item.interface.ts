import type { BatchLimits } from '../processor/batch-binding.interface.js';
import type { FlowcoreEvent } from '../event/flowcore-event.interface.js';

/** A fetched event on its way through the pump. */
export interface PumpItem {
  readonly event: FlowcoreEvent;
  readonly orderKey: string;
  /** Size as received, for the buffer's limit. */
  readonly bytes: number;
  /** Clock time it was fetched. */
  readonly fetchedAt: number;
  /** `false` for events that are out of line (late, or dated far ahead): they do not move the cursor. */
  readonly movesCursor: boolean;
  finished: boolean;
  /** Limits of the batches it may be handed over in; the same object for all that may be together. */
  batch?: BatchLimits | undefined;
  /** Handed to the processor, which has not ended it yet. */
  inFlight: boolean;
  /** Clock time at which its claim was begun, ahead of its start. */
  claimedAt: number | undefined;
  /** The next item of its key. */
  next: PumpItem | undefined;
}
