import { isPromiseLike, type MaybePromise } from '../event/maybe-promise.type.js';
import type { CursorStore, PumpCursor, PumpId } from '../state/cursor-store.interface.js';
import { MemoryCursorStore } from '../state/memory-cursor.store.js';
import type { PathwayState } from '../state/pathway-state.interface.js';
import { takenOverCursor } from '../state/taken-over-cursor.util.js';

/** A stored position, as the reference keeps it: after `eventId`, or from the beginning of the hour. */
export interface PumpStateValue {
  /** UTC hour, 14 digits. */
  timeBucket: string;
  eventId?: string | undefined;
  /**
   * Everything up to and including `eventId` is finished. Keep it beside the id: without it the event of that id is looked
   * at once more after a restart, and only its mark tells that it was handled. The reference, which says nothing of it,
   * saves its oldest unfinished event (protocol §14.2, D1).
   */
  finished?: true | undefined;
}

/** Keeps the position of one pump. */
export interface PumpStateManager {
  /** Nothing: the pump begins where `startFrom` says. */
  getState(): MaybePromise<PumpStateValue | null | undefined>;
  setState(state: PumpStateValue): MaybePromise<void>;
  /** Forgets the position. */
  clearState?(): MaybePromise<void>;
}

/** Makes the state manager of one pump. One that heeds the flow type alone lets all of its groups share a position. */
export type PumpStateManagerFactory = (flowType: string, pumpGroup: string) => MaybePromise<PumpStateManager>;

/** Cursors in the state managers of the user's own. They know no generations and no fencing tokens. */
export class StateManagerCursors implements CursorStore {
  /** By flow type, then by group. */
  private readonly managers = new Map<string, Map<string, MaybePromise<PumpStateManager>>>();

  /** @param onShared told of a flow type whose groups seem to share one position. */
  constructor(
    private readonly factory: PumpStateManagerFactory,
    private readonly onShared: (flowType: string) => void,
  ) {}

  async load(pump: PumpId): Promise<PumpCursor | undefined> {
    const state = await (await this.managerOf(pump)).getState();
    if (!state) return undefined;
    const { timeBucket, eventId, finished } = state;
    // A database has null for what is missing.
    if (eventId === undefined || eventId === null) return { timeBucket };
    return finished ? { timeBucket, eventId } : takenOverCursor(timeBucket, eventId);
  }

  async save(pump: PumpId, { timeBucket, eventId }: PumpCursor): Promise<void> {
    const manager = await this.managerOf(pump);
    await manager.setState(eventId === undefined ? { timeBucket } : { timeBucket, eventId, finished: true });
  }

  async clear(pump: PumpId): Promise<void> {
    await (await this.managerOf(pump)).clearState?.();
  }

  private managerOf({ flowType, pumpGroup }: PumpId): MaybePromise<PumpStateManager> {
    const groups = this.groupsOf(flowType);
    const known = groups.get(pumpGroup);
    if (known !== undefined) return known;
    // Parameters with a default do not count, so this is only a guess: not worth a word while there is one group.
    if (this.factory.length < 2 && groups.size > 0) this.onShared(flowType);
    const made = this.factory(flowType, pumpGroup);
    groups.set(pumpGroup, made);
    // Its database may have been away: kept, the failure would disable the pump until the process ends.
    if (isPromiseLike(made)) made.then(undefined, () => groups.delete(pumpGroup));
    return made;
  }

  private groupsOf(flowType: string): Map<string, MaybePromise<PumpStateManager>> {
    const known = this.managers.get(flowType);
    if (known) return known;
    const groups = new Map<string, MaybePromise<PumpStateManager>>();
    this.managers.set(flowType, groups);
    return groups;
  }
}

/** Cursors whose place is only known when the pumps are started, and whose marks may be elsewhere. */
export class DeferredCursors implements CursorStore {
  private state: Pick<PathwayState, 'flush'> | undefined;

  constructor(private current: CursorStore) {}

  get isMemory(): boolean {
    return this.current instanceof MemoryCursorStore;
  }

  use(cursors: CursorStore): void {
    this.current = cursors;
  }

  /** A cursor that lasts while the marks it relies on do not would, after a crash, let late copies be handled again. */
  after(state: Pick<PathwayState, 'flush'> | undefined): void {
    this.state = state;
  }

  load(pump: PumpId): MaybePromise<PumpCursor | undefined> {
    return this.current.load(pump);
  }

  async save(...given: Parameters<CursorStore['save']>): Promise<void> {
    await this.state?.flush?.();
    await this.current.save(...given);
  }

  clear(pump: PumpId): MaybePromise<void> {
    return this.current.clear(pump);
  }
}
