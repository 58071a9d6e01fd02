import type { LocalControlPlane } from './control-plane/control-plane.interface.js';
import type { LocalFaults } from './faults.interface.js';

/** What happened since the start, and what there is. A snapshot. */
export interface LocalFlowcoreStats {
  /** Requests by method and route, for example `POST /event`; the socket upgrade is `WS /notifications`. */
  readonly requests: Readonly<Record<string, number>>;
  /** Events stored since the start. */
  readonly eventsStored: number;
  readonly openSockets: { readonly http: number; readonly notifications: number };
  readonly totals: {
    readonly events: number;
    readonly tenants: number;
    readonly dataCores: number;
    readonly flowTypes: number;
    readonly eventTypes: number;
  };
}

/** Names to count by; absent = all. */
export interface EventCountFilter {
  readonly tenant?: string;
  /** Name or id. */
  readonly dataCore?: string;
  readonly flowType?: string;
  readonly eventType?: string;
}

/** An event put into the log as it is, past every check of ingestion. */
export interface RawEvent {
  readonly tenant: string;
  /** Name or id. */
  readonly dataCore: string;
  readonly flowType: string;
  readonly eventType: string;
  /** Any JSON value: also one no client accepts. @default {} */
  readonly payload?: unknown;
  /** @default {} */
  readonly metadata?: unknown;
  /** Decides id and bucket. @default now */
  readonly eventTime?: Date;
  /** @default the event time */
  readonly validTime?: Date;
  /** Fields that replace what is served, for example `{ eventId: 'odd' }`; `undefined` leaves a field out. */
  readonly served?: Readonly<Record<string, unknown>>;
  /** @default true */
  readonly notify?: boolean;
}

/** A running Local Flowcore. */
export interface LocalFlowcore {
  /** Base URL of every service, without a trailing slash. */
  readonly url: string;
  /** Full URL of the notification socket. */
  readonly notificationsUrl: string;
  readonly port: number;
  readonly faults: LocalFaults;
  /** Registered pathways, their pulses and commands, and what was delivered to endpoints. */
  readonly controlPlane: LocalControlPlane;
  /** A snapshot. */
  readonly stats: LocalFlowcoreStats;
  /** Stores an event past the checks of ingestion; returns the id it is placed by. */
  appendRaw(event: RawEvent): Promise<string>;
  eventCount(filter?: EventCountFilter): number;
  /** Closes connections, sockets and files; what was answered is stored. Does nothing the second time. */
  stop(): Promise<void>;
}
