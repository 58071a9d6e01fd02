/**
 * An immutable stored fact, as the platform hands it out (protocol §4.4).
 *
 * @typeParam TPayload the payload; `unknown` until it went through the pathway's schema.
 */
export interface FlowcoreEvent<TPayload = unknown> {
  /** Version-1 (time) UUID; its timestamp lies in the hour of `timeBucket` (protocol §4.5). */
  readonly eventId: string;
  /** UTC hour the event is stored in, 14 digits: `yyyyMMddHH0000`. */
  readonly timeBucket: string;
  readonly tenant: string;
  readonly dataCoreId: string;
  /** Name of the flow type, for example `order.0`. */
  readonly flowType: string;
  /** Name of the event type, for example `order.placed.0`. */
  readonly eventType: string;
  /** Strings on the wire; other JSON values are tolerated because some clients send them. */
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly payload: TPayload;
  /** ISO 8601. */
  readonly validTime: string;
}

/** An event whose payload passed the pathway's schema: what handlers and observers receive. */
export type PathwayEvent<TPayload = unknown> = FlowcoreEvent<TPayload>;
