/** Which HTTP requests a fault meets; every part given must fit. */
export interface FaultMatch {
  readonly method?: string;
  /** Text: the beginning of the path. Expression: tested on path and query. */
  readonly path?: string | RegExp;
}

interface HttpFault {
  readonly match?: FaultMatch;
  /** How often it strikes before it is used up. @default unlimited */
  readonly times?: number;
}

interface SocketFault {
  /** How often it strikes before it is used up. @default unlimited */
  readonly times?: number;
}

/** Before: the request has no effect. After: it was carried out (an event is stored), only the answer is wrong. */
export type FaultMoment = 'before' | 'after';

/** Answers later; combines with other faults. */
export interface LatencyFault extends HttpFault {
  readonly kind: 'latency';
  readonly delayMs: number;
}

/** Answers with another status. */
export interface StatusFault extends HttpFault {
  readonly kind: 'status';
  readonly status: number;
  /** Text is sent as it is, anything else as JSON. @default an error body of the platform */
  readonly body?: unknown;
  /** For example `{ 'retry-after': '1' }`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** @default 'before' */
  readonly when?: FaultMoment;
}

/** Cuts the connection without an answer. */
export interface DroppedConnectionFault extends HttpFault {
  readonly kind: 'dropped-connection';
  /** @default 'before' */
  readonly when?: FaultMoment;
}

/** Never answers, and keeps the connection open. */
export interface HangFault extends HttpFault {
  readonly kind: 'hang';
  /** @default 'before' */
  readonly when?: FaultMoment;
}

/** Sends half of the answer's bytes, then cuts the connection. */
export interface TruncatedAnswerFault extends HttpFault {
  readonly kind: 'truncated-answer';
}

/** Stores events without announcing them. Counts one per event. */
export interface LostNotificationFault extends SocketFault {
  readonly kind: 'lost-notification';
  /** @default every flow type */
  readonly flowType?: string;
  /** @default every event type */
  readonly eventType?: string;
}

/** Refuses new notification sockets with an HTTP status. */
export interface SocketRefusedFault extends SocketFault {
  readonly kind: 'socket-refused';
  /** @default 503 */
  readonly status?: number;
}

/** Closes notification sockets: the open ones now, later ones when they subscribe. */
export interface SocketClosedFault extends SocketFault {
  readonly kind: 'socket-closed';
  /** @default 1011 */
  readonly code?: number;
}

/** Goes silent on notification sockets, open and new, without closing them: no frame, no ping, no pong. */
export interface SocketHalfOpenFault extends SocketFault {
  readonly kind: 'socket-half-open';
}

export type HttpFaultOptions =
  LatencyFault | StatusFault | DroppedConnectionFault | HangFault | TruncatedAnswerFault;
export type SocketFaultOptions = SocketRefusedFault | SocketClosedFault | SocketHalfOpenFault;
export type FaultOptions = HttpFaultOptions | SocketFaultOptions | LostNotificationFault;

/** An installed fault. */
export interface FaultHandle {
  /** How often it struck. */
  readonly hits: number;
  remove(): void;
}

/** Makes Local Flowcore misbehave, for tests of what a client does about it. */
export interface LocalFaults {
  add(fault: FaultOptions): FaultHandle;
  /** Removes every fault. Sockets that went silent stay silent. */
  clear(): void;
}
