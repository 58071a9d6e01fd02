import type { Clock } from '../event/clock.interface.js';
import type { PathwaysLogger } from '../event/logger.interface.js';

/** How to start Local Flowcore. Nothing is required. */
export interface LocalFlowcoreOptions {
  /** TCP port; 0 takes a free one. @default 0 */
  readonly port?: number;
  /** Address to listen on. Anything but loopback opens an unprotected development tool to the network. @default '127.0.0.1' */
  readonly host?: string;
  /**
   * Folder that keeps events, resources, registered pathways, commands and what is still to be delivered; created when missing, and used by one process at a time. Needs the package
   * `libsql`. A killed process loses no answered event; a power cut may lose the newest.
   * @default in memory, gone at the stop
   */
  readonly data?: string;
  /** Refuse writes to names that were not created before (404), instead of creating them. @default false */
  readonly strict?: boolean;
  /** Tenants to create at the start: a provisioner needs one, and does not create it itself. @default none */
  readonly tenants?: readonly string[];
  /** API keys and tokens to accept. @default any that is not empty */
  readonly apiKeys?: readonly string[];
  /** Most events in one batch; above it a batch is refused with 400. @default 1000 */
  readonly maxBatchSize?: number;
  /** Time between pings on a notification socket; a peer that answers none is cut off. Milliseconds. @default 30000 */
  readonly heartbeatIntervalMs?: number;
  /** Where "now" comes from. @default the machine's clock */
  readonly clock?: Clock;
  /** Who gets the log lines. @default silent */
  readonly logger?: PathwaysLogger;
}

export const DEFAULT_MAX_BATCH_SIZE = 1_000;
export const DEFAULT_HEARTBEAT_INTERVAL_MS = 30_000;
