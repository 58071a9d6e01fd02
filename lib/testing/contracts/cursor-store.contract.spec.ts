import { setImmediate as turn } from 'node:timers/promises';
import type { CursorStore, FencingToken, PumpCursor, PumpId } from '../../state/cursor-store.interface.js';
import { describeMutants } from './contract-mutants.spec-util.js';
import { cursorStoreContract } from './cursor-store.contract.js';

interface Row {
  readonly cursor: PumpCursor;
  readonly token: FencingToken;
}

/** Cursors of several processes, as a server would keep them. What mutants change is in methods of its own. */
class SharedCursors implements CursorStore {
  protected readonly rows = new Map<string, Row>();

  async load(pump: PumpId): Promise<PumpCursor | undefined> {
    await turn();
    return this.rows.get(this.keyOf(pump))?.cursor;
  }

  async save(pump: PumpId, cursor: PumpCursor, token: FencingToken): Promise<void> {
    await turn();
    const row = this.rows.get(this.keyOf(pump));
    if (row && this.isStale(token, row.token)) throw new Error('The token is stale.');
    this.rows.set(this.keyOf(pump), { cursor: this.merged(cursor, row?.cursor), token });
  }

  async clear(pump: PumpId): Promise<void> {
    await turn();
    this.rows.delete(this.keyOf(pump));
  }

  protected keyOf({ tenant, dataCore, flowType, pumpGroup }: PumpId): string {
    return JSON.stringify([tenant, dataCore, flowType, pumpGroup]);
  }

  protected isStale(token: FencingToken, seen: FencingToken): boolean {
    return token < seen;
  }

  protected merged(cursor: PumpCursor, _old: PumpCursor | undefined): PumpCursor {
    return cursor;
  }
}

class ForgetsEverything extends SharedCursors {
  override async save(): Promise<void> {}
}

class InventsCursors extends SharedCursors {
  override async load(pump: PumpId): Promise<PumpCursor> {
    return (await super.load(pump)) ?? { timeBucket: '20200101000000' };
  }
}

class MergesFields extends SharedCursors {
  protected override merged(cursor: PumpCursor, old: PumpCursor | undefined): PumpCursor {
    return { ...old, ...cursor };
  }
}

class OnlyMovesOn extends SharedCursors {
  protected override merged(cursor: PumpCursor, old: PumpCursor | undefined): PumpCursor {
    return old && old.timeBucket > cursor.timeBucket ? old : cursor;
  }
}

class InventsEventIds extends SharedCursors {
  protected override merged(cursor: PumpCursor): PumpCursor {
    return { ...cursor, eventId: cursor.eventId ?? '' };
  }
}

class DropsGenerations extends SharedCursors {
  protected override merged({ generation: _, ...cursor }: PumpCursor): PumpCursor {
    return cursor;
  }
}

class DropsOrigins extends SharedCursors {
  protected override merged({ origin: _, ...cursor }: PumpCursor): PumpCursor {
    return cursor;
  }
}

class DropsStops extends SharedCursors {
  protected override merged({ stopAt: _, ...cursor }: PumpCursor): PumpCursor {
    return cursor;
  }
}

class ForgetsThatItStopped extends SharedCursors {
  protected override merged({ hasStopped: _, ...cursor }: PumpCursor): PumpCursor {
    return cursor;
  }
}

class KeepsThatItRests extends SharedCursors {
  protected override merged(cursor: PumpCursor, old: PumpCursor | undefined): PumpCursor {
    return old?.caughtUpAt === undefined ? cursor : { caughtUpAt: old.caughtUpAt, ...cursor };
  }
}

class ClearsNothing extends SharedCursors {
  override async clear(): Promise<void> {}
}

class KeysByNameAlone extends SharedCursors {
  protected override keyOf({ flowType, pumpGroup }: PumpId): string {
    return JSON.stringify([flowType, pumpGroup]);
  }
}

class JoinsNames extends SharedCursors {
  protected override keyOf(pump: PumpId): string {
    return Object.values(pump).join('::');
  }
}

class TrimsNames extends SharedCursors {
  protected override keyOf({ tenant, dataCore, flowType, pumpGroup }: PumpId): string {
    return super.keyOf({ tenant, dataCore, flowType: flowType.trim(), pumpGroup: pumpGroup.trim() });
  }
}

/** Two statements where one is needed: the second comes sooner for some cursors than for others. */
class TearsCursors extends SharedCursors {
  override async save(pump: PumpId, cursor: PumpCursor, token: FencingToken): Promise<void> {
    await super.save(pump, cursor, token);
    for (let wait = 0; wait < (cursor.generation ?? 0) % 3; wait++) await turn();
    const saved = await this.load(pump);
    if (saved && cursor.eventId !== undefined)
      await super.save(pump, { ...saved, eventId: cursor.eventId }, token);
  }
}

class RewritesTheWholeFile extends SharedCursors {
  override async save(pump: PumpId, cursor: PumpCursor, token: FencingToken): Promise<void> {
    const file = new Map(this.rows);
    await turn();
    this.rows.clear();
    for (const [key, row] of file) this.rows.set(key, row);
    this.rows.set(this.keyOf(pump), { cursor, token });
  }
}

class TakesEveryToken extends SharedCursors {
  protected override isStale(): boolean {
    return false;
  }
}

class WantsANewTokenEachTime extends SharedCursors {
  protected override isStale(token: FencingToken, seen: FencingToken): boolean {
    return token <= seen;
  }
}

class LooksBeforeItWrites extends SharedCursors {
  override async save(pump: PumpId, cursor: PumpCursor, token: FencingToken): Promise<void> {
    const row = this.rows.get(this.keyOf(pump));
    if (row && token < row.token) throw new Error('The token is stale.');
    await turn();
    this.rows.set(this.keyOf(pump), { cursor, token });
  }
}

class HasOneTokenForAll extends SharedCursors {
  private newest: FencingToken = 0;
  override async save(pump: PumpId, cursor: PumpCursor, token: FencingToken): Promise<void> {
    if (token < this.newest) throw new Error('The token is stale.');
    this.newest = token;
    await super.save(pump, cursor, token);
  }
}

const shared = (Faulty: new () => CursorStore) => () => {
  const store = new Faulty();
  return { store, openSecond: () => store };
};

const SAVED = 'what was saved is loaded';
const STOP = 'the place to stop at, and that it was reached, is kept, replaced and forgotten with the cursor';
const REPLACES = 'saving replaces every field, also by nothing';
const APART = 'pumps of another flow type or group do not meet';
const FOREIGN = 'a pump of another tenant or data core neither sees nor moves a cursor';
const SHARED = 'a cursor saved by one instance is seen by another';
const NEWER_STAYS = 'whoever comes first, the newer token stays when two instances save at once';
const OLDER_REFUSED = 'a token older than one that was seen is refused, and the cursor stays';

describeMutants(
  'cursorStoreContract',
  (create, limitMs) => cursorStoreContract(create, { limitMs }),
  shared(SharedCursors),
  [
    {
      name: 'forgets what is saved',
      create: shared(ForgetsEverything),
      reportedBy: [SAVED, 'a cursor at the beginning of a bucket has no event id', SHARED],
    },
    {
      name: 'invents a cursor',
      create: shared(InventsCursors),
      reportedBy: [
        'a pump that never saved has no cursor',
        'a cleared cursor is gone, and may be saved again',
      ],
    },
    { name: 'merges the fields of two cursors', create: shared(MergesFields), reportedBy: [REPLACES] },
    { name: 'only moves on', create: shared(OnlyMovesOn), reportedBy: ['a cursor may move back'] },
    {
      name: 'invents event ids',
      create: shared(InventsEventIds),
      reportedBy: ['a cursor at the beginning of a bucket has no event id', REPLACES],
    },
    { name: 'drops the generation', create: shared(DropsGenerations), reportedBy: [SAVED] },
    {
      name: 'drops the origin',
      create: shared(DropsOrigins),
      reportedBy: ['the origin is kept, replaced and forgotten with the cursor'],
    },
    { name: 'drops the place to stop at', create: shared(DropsStops), reportedBy: [STOP] },
    { name: 'forgets that it is reached', create: shared(ForgetsThatItStopped), reportedBy: [STOP] },
    {
      name: 'keeps that a pump has caught up',
      create: shared(KeepsThatItRests),
      reportedBy: ['that a pump has caught up is forgotten with the next cursor that does not say so'],
    },
    {
      name: 'clears nothing',
      create: shared(ClearsNothing),
      reportedBy: ['a cleared cursor is gone, and may be saved again'],
    },
    { name: 'does not tell tenants apart', create: shared(KeysByNameAlone), reportedBy: [FOREIGN] },
    {
      name: 'joins names to one key',
      create: shared(JoinsNames),
      reportedBy: [APART],
    },
    { name: 'trims names', create: shared(TrimsNames), reportedBy: ['odd and long names are told apart'] },
    {
      name: 'writes a cursor in two steps',
      create: shared(TearsCursors),
      reportedBy: ['of many saves at once one is kept whole'],
    },
    {
      name: 'writes all cursors at once',
      create: shared(RewritesTheWholeFile),
      reportedBy: ['200 pumps save at once'],
    },
    { name: 'takes every token', create: shared(TakesEveryToken), reportedBy: [OLDER_REFUSED, NEWER_STAYS] },
    {
      name: 'looks at the token before it writes',
      create: shared(LooksBeforeItWrites),
      reportedBy: [NEWER_STAYS],
    },
    {
      name: 'wants a new token each time',
      create: shared(WantsANewTokenEachTime),
      reportedBy: ['a token may be used again, and a newer one takes over'],
    },
    {
      name: 'has one token for all pumps',
      create: shared(HasOneTokenForAll),
      reportedBy: ['the token of one pump does not stop another'],
    },
    {
      name: 'keeps its cursors to itself',
      create: () => ({ store: new SharedCursors(), openSecond: () => new SharedCursors() }),
      reportedBy: [SHARED],
    },
  ],
);
