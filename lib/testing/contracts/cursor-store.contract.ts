import assert from 'node:assert/strict';
import type { CursorStore, PumpCursor, PumpId } from '../../state/cursor-store.interface.js';
import { makeCases, type CaseDefinition } from './contract-bench.js';
import type { ContractCase, KnownTraits, StoreCreator, StoreTraits } from './contract-case.interface.js';
import { eventIdOf, ODD_STRINGS } from './odd-strings.js';

type CursorCase = CaseDefinition<CursorStore>;

/** What a cursor store is, as far as its contract has to know. */
export interface CursorStoreTraits extends StoreTraits {
  /**
   * `false`: the store does not keep `PumpCursor.origin`, and the pump gives up its look back at start.
   *
   * @default true
   */
  readonly origin?: boolean;
}

/** What every `CursorStore` must do. */
export function cursorStoreContract<const TTraits extends CursorStoreTraits = CursorStoreTraits>(
  create: StoreCreator<CursorStore, TTraits>,
  traits?: KnownTraits<TTraits, CursorStoreTraits>,
): ContractCase[] {
  const originCases = traits?.origin === false ? [] : [keepsOrigin];
  return makeCases(
    [...cursorCases, ...originCases, keepsStop, forgetsRest, ...pumpCases, ...tokenCases],
    create,
    traits,
  );
}

const PUMP: PumpId = { tenant: 'acme', dataCore: 'shop', flowType: 'order.0', pumpGroup: 'default' };
const FIRST: PumpCursor = { timeBucket: '20260101100000', eventId: eventIdOf(1), generation: 2 };
const LATER: PumpCursor = { timeBucket: '20260101110000', eventId: eventIdOf(2), generation: 3 };

/** A token and its successor, further apart from zero than 32 bits hold: tokens only ever grow. */
const OLD_TOKEN = 2 ** 40;
const NEW_TOKEN = OLD_TOKEN + 1;

async function assertCursor(store: CursorStore, pump: PumpId, expected: PumpCursor): Promise<void> {
  const { timeBucket, eventId, generation = 0 } = (await store.load(pump)) ?? {};
  assert.deepEqual(
    { timeBucket, eventId, generation },
    {
      timeBucket: expected.timeBucket,
      eventId: expected.eventId,
      generation: expected.generation ?? 0,
    },
    `cursor of ${JSON.stringify(pump)}`,
  );
}

const cursorCases: readonly CursorCase[] = [
  {
    name: 'a pump that never saved has no cursor',
    async run({ store }) {
      assert.equal(await store.load(PUMP), undefined);
    },
  },
  {
    name: 'what was saved is loaded',
    async run({ store }) {
      await store.save(PUMP, FIRST, 1);
      await assertCursor(store, PUMP, FIRST);
    },
  },
  {
    name: 'a cursor at the beginning of a bucket has no event id',
    async run({ store }) {
      await store.save(PUMP, { timeBucket: FIRST.timeBucket }, 1);
      await assertCursor(store, PUMP, { timeBucket: FIRST.timeBucket });
    },
  },
  {
    name: 'saving replaces every field, also by nothing',
    async run({ store }) {
      await store.save(PUMP, FIRST, 1);
      await store.save(PUMP, LATER, 1);
      await assertCursor(store, PUMP, LATER);
      await store.save(PUMP, { timeBucket: '20260101120000' }, 1);
      await assertCursor(store, PUMP, { timeBucket: '20260101120000' });
    },
  },
  {
    name: 'a cursor may move back',
    async run({ store }) {
      await store.save(PUMP, LATER, 1);
      await store.save(PUMP, FIRST, 1);
      await assertCursor(store, PUMP, FIRST);
    },
  },
  {
    name: 'a cleared cursor is gone, and may be saved again',
    async run({ store }) {
      await store.clear(PUMP);
      await store.save(PUMP, LATER, 1);
      await store.clear(PUMP);
      assert.equal(await store.load(PUMP), undefined);
      await store.save(PUMP, FIRST, 1);
      await assertCursor(store, PUMP, FIRST);
    },
  },
  {
    name: 'of many saves at once one is kept whole',
    async run(bench) {
      const stores = [bench.store, await bench.second()];
      const cursors = Array.from({ length: 100 }, (_, index) => ({
        timeBucket: `2026010110${String(index).padStart(4, '0')}`,
        eventId: eventIdOf(index),
        generation: index,
      }));
      const save = (cursor: PumpCursor, index: number) =>
        (stores[index % 2] as CursorStore).save(PUMP, cursor, 1);
      await Promise.all(cursors.map(save));
      const kept = await bench.store.load(PUMP);
      const whole = cursors.find(({ generation }) => generation === (kept?.generation ?? 0));
      assert.ok(kept && whole, 'one of the cursors is there');
      await assertCursor(bench.store, PUMP, whole);
    },
  },
  {
    name: 'a cursor saved by one instance is seen by another',
    needs: 'second',
    async run(bench) {
      await bench.store.save(PUMP, FIRST, 1);
      const second = await bench.second();
      await assertCursor(second, PUMP, FIRST);
      await second.clear(PUMP);
      assert.equal(await bench.store.load(PUMP), undefined);
    },
  },
];

const keepsOrigin: CursorCase = {
  name: 'the origin is kept, replaced and forgotten with the cursor',
  async run({ store }) {
    await store.save(PUMP, { ...FIRST, origin: eventIdOf(8) }, 1);
    assert.equal((await store.load(PUMP))?.origin, eventIdOf(8));
    await store.save(PUMP, { ...FIRST, origin: eventIdOf(9) }, 1);
    assert.equal((await store.load(PUMP))?.origin, eventIdOf(9));
    await store.save(PUMP, FIRST, 1);
    assert.equal((await store.load(PUMP))?.origin, undefined);
  },
};

const keepsStop: CursorCase = {
  name: 'the place to stop at, and that it was reached, is kept, replaced and forgotten with the cursor',
  async run({ store }) {
    const stopOf = async () => {
      const { stopAt, hasStopped = false } = (await store.load(PUMP)) ?? {};
      return { stopAt, hasStopped };
    };
    await store.save(PUMP, { ...FIRST, stopAt: eventIdOf(8) }, 1);
    assert.deepEqual(await stopOf(), { stopAt: eventIdOf(8), hasStopped: false });
    await store.save(PUMP, { ...FIRST, stopAt: eventIdOf(9), hasStopped: true }, 1);
    assert.deepEqual(await stopOf(), { stopAt: eventIdOf(9), hasStopped: true });
    await store.save(PUMP, { ...FIRST, stopAt: eventIdOf(8) }, 1);
    assert.deepEqual(await stopOf(), { stopAt: eventIdOf(8), hasStopped: false });
    await store.save(PUMP, FIRST, 1);
    assert.deepEqual(await stopOf(), { stopAt: undefined, hasStopped: false });
  },
};

const forgetsRest: CursorCase = {
  // Not keeping it is right; keeping it longer would clean up marks that a redelivery needs.
  name: 'that a pump has caught up is forgotten with the next cursor that does not say so',
  async run({ store }) {
    const at = Date.UTC(2026, 0, 1, 9);
    await store.save(PUMP, { ...FIRST, caughtUpAt: at }, 1);
    assert.ok([undefined, at].includes((await store.load(PUMP))?.caughtUpAt));
    await store.save(PUMP, FIRST, 1);
    assert.equal((await store.load(PUMP))?.caughtUpAt, undefined);
  },
};

/** Pumps that differ in one part of their identity, and such that only look alike when the parts are joined. */
const OTHER_PUMPS: readonly PumpId[] = [
  { ...PUMP, flowType: 'other.0' },
  { ...PUMP, pumpGroup: 'other' },
  { ...PUMP, flowType: 'order.0::default', pumpGroup: 'x' },
  { ...PUMP, flowType: 'order.0', pumpGroup: 'default::x' },
];

const pumpCases: readonly CursorCase[] = [
  {
    name: 'pumps of another flow type or group do not meet',
    async run({ store }) {
      const pumps = [PUMP, ...OTHER_PUMPS];
      for (const [index, pump] of pumps.entries()) {
        assert.equal(await store.load(pump), undefined, JSON.stringify(pump));
        await store.save(pump, { ...FIRST, generation: index }, 1);
      }
      for (const [index, pump] of pumps.entries())
        await assertCursor(store, pump, { ...FIRST, generation: index });
      await store.clear(PUMP);
      for (const [index, pump] of OTHER_PUMPS.entries())
        await assertCursor(store, pump, { ...FIRST, generation: index + 1 });
    },
  },
  {
    // Keeping them apart and refusing the second one are both right; reading or moving the other's cursor is not.
    name: 'a pump of another tenant or data core neither sees nor moves a cursor',
    async run({ store }) {
      await store.save(PUMP, FIRST, OLD_TOKEN);
      for (const pump of [
        { ...PUMP, tenant: 'other' },
        { ...PUMP, dataCore: 'other' },
      ]) {
        const load = async () => store.load(pump);
        assert.equal(await load().catch(() => undefined), undefined, JSON.stringify(pump));
        const save = async () => store.save(pump, LATER, NEW_TOKEN);
        const isRefused = await save().then(
          () => false,
          () => true,
        );
        await assertCursor(store, PUMP, FIRST);
        if (!isRefused) await assertCursor(store, pump, LATER);
      }
    },
  },
  {
    name: 'odd and long names are told apart',
    async run({ store }) {
      const pumps = ODD_STRINGS.flatMap((name) => [
        { ...PUMP, flowType: name },
        { ...PUMP, pumpGroup: name },
      ]);
      for (const [index, pump] of pumps.entries()) await store.save(pump, { ...FIRST, generation: index }, 1);
      for (const [index, pump] of pumps.entries())
        await assertCursor(store, pump, { ...FIRST, generation: index });
    },
  },
  {
    name: '200 pumps save at once',
    async run(bench) {
      const stores = [bench.store, await bench.second()];
      const pumps = Array.from({ length: 200 }, (_, index) => ({ ...PUMP, pumpGroup: `group-${index}` }));
      const save = (pump: PumpId, index: number) =>
        (stores[index % 2] as CursorStore).save(pump, { ...FIRST, generation: index }, 1);
      await Promise.all(pumps.map(save));
      for (const [index, pump] of pumps.entries())
        await assertCursor(bench.store, pump, { ...FIRST, generation: index });
    },
  },
];

const tokenCases: readonly CursorCase[] = [
  {
    name: 'a token may be used again, and a newer one takes over',
    async run(bench) {
      await bench.store.save(PUMP, FIRST, OLD_TOKEN);
      await bench.store.save(PUMP, LATER, OLD_TOKEN);
      await (await bench.second()).save(PUMP, FIRST, NEW_TOKEN);
      await assertCursor(bench.store, PUMP, FIRST);
    },
  },
  {
    name: 'a token older than one that was seen is refused, and the cursor stays',
    needs: 'second',
    async run(bench) {
      const second = await bench.second();
      await bench.store.save(PUMP, FIRST, OLD_TOKEN);
      await second.save(PUMP, LATER, NEW_TOKEN);
      await assert.rejects(
        async () => bench.store.save(PUMP, FIRST, OLD_TOKEN),
        'the older token is refused',
      );
      await assertCursor(second, PUMP, LATER);
      await second.save(PUMP, FIRST, NEW_TOKEN);
    },
  },
  {
    name: 'the token of one pump does not stop another',
    needs: 'second',
    async run(bench) {
      await bench.store.save(PUMP, FIRST, NEW_TOKEN);
      for (const pump of OTHER_PUMPS) {
        await bench.store.save(pump, LATER, OLD_TOKEN);
        await assertCursor(bench.store, pump, LATER);
      }
    },
  },
  {
    name: 'whoever comes first, the newer token stays when two instances save at once',
    needs: 'second',
    async run(bench) {
      const second = await bench.second();
      for (let round = 0; round < 20; round++) {
        const pump = { ...PUMP, pumpGroup: `round-${round}` };
        const older = async () => bench.store.save(pump, FIRST, OLD_TOKEN);
        const newer = async () => second.save(pump, LATER, NEW_TOKEN);
        const saves = round % 2 === 0 ? [older(), newer()] : [newer(), older()];
        await Promise.allSettled(saves);
        await assertCursor(second, pump, LATER);
      }
    },
  },
];
