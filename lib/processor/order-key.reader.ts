import type { PathwayContract } from '../contract/pathway-contract.interface.js';
import type { FlowcoreEvent } from '../event/flowcore-event.interface.js';
import { errorFields, type PathwaysLogger } from '../event/logger.interface.js';
import { storableOrderKey } from '../event/order-key.util.js';
import type { Telemetry } from '../event/telemetry.interface.js';
import { isChunkPart } from './chunks/chunk-part.parser.js';
import type { EventDelivery } from './event-delivery.interface.js';
import type { EventDecoder } from './event.decoder.js';

/** The parts the reader works with. */
export interface OrderKeyReaderDependencies {
  readonly decoder: EventDecoder;
  readonly logger: PathwaysLogger;
  readonly telemetry: Telemetry;
}

/** Asks pathways for the keys their events are ordered by. */
export class OrderKeyReader {
  constructor(private readonly deps: OrderKeyReaderDependencies) {}

  /** A key function of the user may throw on an odd event; that event then keeps its place in the strict order. */
  of(pathway: PathwayContract, event: FlowcoreEvent): string | undefined {
    if (!pathway.orderBy || isChunkPart(event)) return undefined;
    // What cannot be read has no key: the function would find one in the ciphertext.
    const decoded = pathway.encrypted ? this.deps.decoder.decodedNow(pathway, event) : event;
    if (!decoded) return undefined;
    try {
      const key: unknown = pathway.orderBy(decoded);
      return key === undefined || key === null ? undefined : storableOrderKey(String(key));
    } catch (error) {
      this.deps.telemetry.callbackFailed?.(pathway.key, 'orderBy', error);
      this.deps.logger.warn(`orderBy of ${pathway.key} threw; the event is handled in strict order`, {
        eventId: event.eventId,
        ...errorFields(error),
      });
      return undefined;
    }
  }
}

/** A replayed letter is itself one of those it would wait behind. */
export function mayBeParked(pathway: PathwayContract, { purpose }: EventDelivery): boolean {
  return pathway.orderBy !== undefined && pathway.onExhausted === 'park' && purpose !== 'replay';
}
