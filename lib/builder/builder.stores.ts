import type { Clock } from '../event/clock.interface.js';
import type { PathwaysLogger } from '../event/logger.interface.js';
import type { ChunkStore } from '../state/chunk-store.interface.js';
import type { DeliveryStore } from '../state/delivery-store.interface.js';
import { MemoryCursorStore } from '../state/memory-cursor.store.js';
import { MemoryPathwayState } from '../state/memory-pathway.state.js';
import type { PathwayState } from '../state/pathway-state.interface.js';
import type { PathwaysStore, PathwaysStoreFactory, StoreContext } from '../state/pathways-store.interface.js';
import { isStoreFactory } from '../state/store-factory.util.js';
import { sharedPosition } from './builder.messages.js';
import { createPostgresStore, type PostgresHandle, type PostgresStore } from './postgres/postgres.handle.js';
import { handleOf } from './postgres/postgres.stores.js';
import { DeferredCursors, StateManagerCursors, type PumpStateManagerFactory } from './pump-state-manager.js';
import {
  InternalPathwayState,
  isReferencePathwayState,
  polledSignals,
  ReferenceStateAdapter,
  type ReferencePathwayState,
} from './reference-pathway.state.js';

/** What `with…` methods may be given. */
export interface BuilderStoreParts {
  state?: PathwayState | ReferencePathwayState;
  chunks?: ChunkStore;
  delivery?: DeliveryStore;
  /** Where pumps keep their positions, if it is known before the stores are opened: one store can then hold all tables. */
  positions?: PumpStateManagerFactory;
}

/** Joins what a builder is given piece by piece to one store. */
export class BuilderStores {
  readonly parts: BuilderStoreParts = {};

  private readonly cursors = new DeferredCursors(new MemoryCursorStore());
  private readonly postgres = new Map<string, PostgresStore>();
  private context: StoreContext | undefined;
  private keepsCursors = false;
  private warned = false;

  constructor(
    private readonly base: Partial<PathwaysStore> | PathwaysStoreFactory | undefined,
    private readonly clock: Clock,
    private readonly logger: () => PathwaysLogger,
  ) {}

  /** Whether pumps find their positions again after a restart. */
  get hasDurableCursors(): boolean {
    return this.keepsCursors;
  }

  /** @throws OptionalPackageMissingError, PathwaysConfigurationError */
  async assemble(): Promise<Partial<PathwaysStore>> {
    const base = isStoreFactory(this.base) ? this.base.createStore() : (this.base ?? {});
    const { state, chunks, delivery, positions } = this.parts;
    const durable = await this.postgresOf(state);
    const placed = await this.postgresOf(positions);
    const joined = { ...besides(placed), ...partsOf(base), ...(durable && partsOf(durable)) };
    const durableChunks = (await this.postgresOf(chunks))?.chunks ?? chunks;
    const durableDelivery = (await this.postgresOf(delivery))?.delivery ?? delivery;
    const cursors = placed?.cursors ?? joined.cursors;
    if (cursors) this.useCursors(cursors);
    const given = durable ? {} : this.givenState(state);
    const whole = { ...(given.state ? withoutOwnClaims(joined) : joined), ...given };
    this.cursors.after(whole.state);
    return {
      ...whole,
      ...(durableChunks && { chunks: durableChunks }),
      ...(durableDelivery && { delivery: durableDelivery }),
      cursors: this.cursors,
      open: async (context) => {
        this.context = context;
        await base.open?.(context);
        for (const one of this.postgres.values()) await one.open(context);
      },
      close: async () => {
        for (const one of this.postgres.values()) await one.close();
        await base.close?.();
      },
    };
  }

  /** Where the pumps keep their positions, as `startPump` is told. @throws OptionalPackageMissingError */
  async useStateManagers(factory: PumpStateManagerFactory): Promise<void> {
    const handle = handleOf(factory);
    if (handle && factory === this.parts.positions) return;
    if (handle) return this.useCursors((await this.storeFor(handle, { isLate: true })).store.cursors);
    this.useCursors(new StateManagerCursors(factory, (flowType) => this.warnOfShared(flowType)));
  }

  private warnOfShared(flowType: string): void {
    if (this.warned) return;
    this.warned = true;
    this.logger().warn(sharedPosition(flowType));
  }

  private useCursors(cursors: PathwaysStore['cursors']): void {
    this.cursors.use(cursors);
    this.keepsCursors = true;
  }

  private givenState(state: BuilderStoreParts['state']): Partial<PathwaysStore> {
    if (state === undefined) return {};
    if (!isReferencePathwayState(state)) return { state };
    const claims = new MemoryPathwayState({ clock: this.clock });
    const adapted = { state: new ReferenceStateAdapter(state, claims) };
    // Of another process's events only the state of the user's own can tell.
    return state instanceof InternalPathwayState ? adapted : { ...adapted, signals: polledSignals };
  }

  private async postgresOf(part: unknown): Promise<PathwaysStore | undefined> {
    const handle = handleOf(part);
    return handle && (await this.storeFor(handle, { isLate: false })).store;
  }

  /** One store for all handles of a database whose tables have the same names as far as both say. */
  private async storeFor(handle: PostgresHandle, { isLate }: { isLate: boolean }): Promise<PostgresStore> {
    const { state, chunks, delivery, positions } = this.parts;
    const siblings = [state, chunks, delivery, positions]
      .flatMap((part) => handleOf(part) ?? [])
      .filter(({ key }) => key === handle.key);
    // A table name that is only said after the others were opened needs a store of its own.
    const isApart = isLate && (siblings.length === 0 || handle.options.tableName !== undefined);
    const handles = isApart ? [handle] : siblings;
    const key = JSON.stringify([handle.key, isApart ? 'pump' : '']);
    const known = this.postgres.get(key);
    if (known) return known;
    const made = await createPostgresStore(handles);
    this.postgres.set(key, made);
    if (this.context) await made.open(this.context);
    return made;
  }
}

/**
 * What a database that keeps positions keeps as well, where nobody else does: who may move them, what was given up, which
 * pumps are paused and which commands were begun.
 */
function besides(placed: PathwaysStore | undefined): Partial<PathwaysStore> {
  if (!placed) return {};
  const { deadLetters, leases, delivery, commands } = placed;
  return { deadLetters, leases, ...(delivery && { delivery }), ...(commands && { commands }) };
}

/** The claims of the store a state was given beside would pass that state by. */
function withoutOwnClaims(store: Partial<PathwaysStore>): Partial<PathwaysStore> {
  const { claimInOrder: _claimInOrder, ...others } = store;
  return others;
}

/** The parts without opening and closing, which stay with the store they came from. */
function partsOf(store: Partial<PathwaysStore>): Partial<PathwaysStore> {
  const names = [
    'state',
    'cursors',
    'deadLetters',
    'leases',
    'chunks',
    'fileParts',
    'transactions',
    'signals',
    'outbox',
    'writes',
    'delivery',
    'commands',
  ] as const;
  const parts = Object.fromEntries(names.flatMap((name) => (store[name] ? [[name, store[name]]] : [])));
  const { endAsDeadLetter, claimInOrder, runInOrder } = store;
  return {
    ...parts,
    ...(endAsDeadLetter && { endAsDeadLetter: endAsDeadLetter.bind(store) }),
    ...(claimInOrder && { claimInOrder: claimInOrder.bind(store) }),
    ...(runInOrder && { runInOrder: runInOrder.bind(store) }),
  };
}
