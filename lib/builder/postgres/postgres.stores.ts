import type {
  ChunkPart,
  ChunkProgress,
  ChunkStore,
  ExpiredChunk,
} from '../../state/chunk-store.interface.js';
import type { DeliveryStore, PauseOrigin } from '../../state/delivery-store.interface.js';
import type { PumpStateManager, PumpStateManagerFactory, PumpStateValue } from '../pump-state-manager.js';
import type { ReferencePathwayState } from '../reference-pathway.state.js';
import { PostgresHandle } from './postgres.handle.js';
import type {
  PostgresChunkStoreOptions,
  PostgresDeliveryStoreOptions,
  PostgresPathwayStateOptions,
  PostgresPumpStateOptions,
} from './postgres.options.js';

/** Everything `createPostgres…` returns has one. */
interface WithHandle {
  readonly handle: PostgresHandle;
}

/**
 * Processed marks in Postgres. Given to `withPathwayState`, it brings the whole store of that database along: cursors, dead
 * letters, leases, large events, transactions and waiting writes across processes. Its own two methods are the
 * reference's.
 */
export class PostgresPathwayState implements ReferencePathwayState, WithHandle {
  /** @internal */
  readonly handle: PostgresHandle;

  /** Connects on first use. @throws PathwaysConfigurationError */
  constructor({ ttlMs, ...options }: PostgresPathwayStateOptions) {
    this.handle = new PostgresHandle(
      'state',
      options,
      { ttlMs },
      'The options of createPostgresPathwayState',
    );
  }

  /** @throws DatabaseConnectionError, OptionalPackageMissingError */
  async isProcessed(eventId: string): Promise<boolean> {
    const { store } = await this.handle.opened();
    return (await store.state.statusOf(eventId)) === 'processed';
  }

  /** @throws DatabaseConnectionError, OptionalPackageMissingError */
  async setProcessed(eventId: string): Promise<void> {
    const { store } = await this.handle.opened();
    await store.state.complete(eventId, 0, 'processed');
    // Written behind, otherwise: who is told that an event is marked may be gone the next moment, or ask in another process.
    await store.state.flush?.();
  }

  /** Closes the connections that `isProcessed` and `setProcessed` opened. A builder closes its own. */
  close(): Promise<void> {
    return this.handle.close();
  }
}

/** Parts of large events in Postgres. */
export class PostgresPathwayChunkStore implements ChunkStore, WithHandle {
  /** @internal */
  readonly handle: PostgresHandle;

  /** Connects on first use. @throws PathwaysConfigurationError */
  constructor({ ttlMs: chunkTtlMs, ...options }: PostgresChunkStoreOptions) {
    const subject = 'The options of createPostgresPathwayChunkStore';
    this.handle = new PostgresHandle('chunks', options, { chunkTtlMs }, subject);
  }

  async storePart(part: ChunkPart): Promise<ChunkProgress> {
    return (await this.chunks()).storePart(part);
  }

  async load(chunkId: string): Promise<readonly string[] | undefined> {
    return (await this.chunks()).load(chunkId);
  }

  async finish(chunkId: string): Promise<void> {
    await (await this.chunks()).finish(chunkId);
  }

  async takeExpired(): Promise<readonly ExpiredChunk[]> {
    return (await this.chunks()).takeExpired();
  }

  /** Closes the connections that its own methods opened. A builder closes its own. */
  close(): Promise<void> {
    return this.handle.close();
  }

  private async chunks(): Promise<ChunkStore> {
    return partOf((await this.handle.opened()).store.chunks);
  }
}

/** Pauses in Postgres: they outlive restarts and reach every instance. */
export class PostgresPathwayDeliveryStore implements DeliveryStore, WithHandle {
  /** @internal */
  readonly handle: PostgresHandle;

  /** Connects on first use. @throws PathwaysConfigurationError */
  constructor(options: PostgresDeliveryStoreOptions) {
    const subject = 'The options of createPostgresPathwayDeliveryStore';
    this.handle = new PostgresHandle('deliveryState', options, {}, subject);
  }

  async pausedPumps(deliveryKey: string): Promise<readonly string[]> {
    return (await this.delivery()).pausedPumps(deliveryKey);
  }

  async pause(deliveryKey: string, pumps: readonly string[], origin?: PauseOrigin): Promise<void> {
    await (await this.delivery()).pause(deliveryKey, pumps, origin);
  }

  async resume(deliveryKey: string, pumps: readonly string[]): Promise<void> {
    await (await this.delivery()).resume(deliveryKey, pumps);
  }

  async lift(deliveryKey: string, pumps: readonly string[]): Promise<void> {
    await (await this.delivery()).lift?.(deliveryKey, pumps);
  }

  /** Closes the connections that its own methods opened. A builder closes its own. */
  close(): Promise<void> {
    return this.handle.close();
  }

  private async delivery(): Promise<DeliveryStore> {
    return partOf((await this.handle.opened()).store.delivery);
  }
}

/** A `PumpStateManagerFactory` on Postgres, with the connections behind it. */
export type PostgresPumpStateManagerFactory = PumpStateManagerFactory &
  WithHandle & {
    /** Closes the connections that its managers opened when they were called directly. A builder closes its own. */
    close(): Promise<void>;
  };

/** Processed marks, and with them the whole store of a Postgres database. @throws PathwaysConfigurationError */
export function createPostgresPathwayState(options: PostgresPathwayStateOptions): PostgresPathwayState {
  return new PostgresPathwayState(options);
}

/** Positions of pumps in Postgres, for `startPump({ stateManagerFactory })`. @throws PathwaysConfigurationError */
export function createPostgresPumpStateManagerFactory(
  options: PostgresPumpStateOptions,
): PostgresPumpStateManagerFactory {
  const subject = 'The options of createPostgresPumpStateManagerFactory';
  const handle = new PostgresHandle('pumpState', options, {}, subject);
  const create = (flowType: string, pumpGroup: string) => new PostgresPumpState(handle, flowType, pumpGroup);
  return Object.assign(create, { handle, close: () => handle.close() });
}

/** Parts of large events in Postgres, for `withPathwayChunkStore`. @throws PathwaysConfigurationError */
export function createPostgresPathwayChunkStore(
  options: PostgresChunkStoreOptions,
): PostgresPathwayChunkStore {
  return new PostgresPathwayChunkStore(options);
}

/** Pauses in Postgres, for `withPathwayDeliveryStore`. @throws PathwaysConfigurationError */
export function createPostgresPathwayDeliveryStore(
  options: PostgresDeliveryStoreOptions,
): PostgresPathwayDeliveryStore {
  return new PostgresPathwayDeliveryStore(options);
}

/** The handle of what came from `createPostgres…`; `undefined` for anything else. */
export function handleOf(part: unknown): PostgresHandle | undefined {
  const { handle } = Object(part) as { handle?: unknown };
  return handle instanceof PostgresHandle ? handle : undefined;
}

interface PumpStateRow {
  readonly time_bucket: string;
  readonly event_id: string | null;
  readonly saved_event_id: string | null;
}

/**
 * The position of one pump, for whoever asks the factory for it without a builder. `saved_event_id` tells a finished event
 * from one of the reference, which knows `event_id` alone.
 */
class PostgresPumpState implements PumpStateManager {
  constructor(
    private readonly handle: PostgresHandle,
    private readonly flowType: string,
    private readonly pumpGroup: string,
  ) {}

  async getState(): Promise<PumpStateValue | null> {
    const { query, nameOf } = await this.handle.opened();
    const [row] = await query<PumpStateRow>(
      `SELECT time_bucket, event_id, saved_event_id FROM ${nameOf('pumpState')}
       WHERE flow_type = $1 AND pump_group = $2`,
      [this.flowType, this.pumpGroup],
    );
    if (!row) return null;
    const { time_bucket: timeBucket, event_id: eventId, saved_event_id: savedEventId } = row;
    if (eventId === null) return { timeBucket };
    return eventId === savedEventId ? { timeBucket, eventId, finished: true } : { timeBucket, eventId };
  }

  async setState({ timeBucket, eventId, finished }: PumpStateValue): Promise<void> {
    const { query, nameOf } = await this.handle.opened();
    // Nothing but what the caller says: a pump that finds another id than it saved knows that it was moved.
    await query(
      `INSERT INTO ${nameOf('pumpState')} (flow_type, pump_group, time_bucket, event_id, saved_event_id)
       VALUES ($1, $2, $3, $4, $5)
       ON CONFLICT (flow_type, pump_group) DO UPDATE SET
         time_bucket = excluded.time_bucket, event_id = excluded.event_id, saved_event_id = excluded.saved_event_id`,
      [this.flowType, this.pumpGroup, timeBucket, eventId ?? null, (finished && eventId) ?? null],
    );
  }

  async clearState(): Promise<void> {
    const { query, nameOf } = await this.handle.opened();
    await query(`DELETE FROM ${nameOf('pumpState')} WHERE flow_type = $1 AND pump_group = $2`, [
      this.flowType,
      this.pumpGroup,
    ]);
  }
}

function partOf<T>(part: T | undefined): T {
  if (part === undefined) throw new TypeError('The Postgres store lacks a part it always has.');
  return part;
}
