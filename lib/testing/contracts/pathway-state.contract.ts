import assert from 'node:assert/strict';
import type { EventClaim, EventStatus, PathwayState } from '../../state/pathway-state.interface.js';
import { makeCases, type CaseDefinition } from './contract-bench.js';
import type { ContractCase, KnownTraits, StoreCreator, StoreTraits } from './contract-case.interface.js';
import { claimContentionCases } from './claim-contention.contract.js';
import { eventIdOf, ODD_STRINGS } from './odd-strings.js';

type StateCase = CaseDefinition<PathwayState>;

const ID = eventIdOf(1);
const OTHER = eventIdOf(2);

/** What every `PathwayState` must do. */
export function pathwayStateContract<const TTraits extends StoreTraits = StoreTraits>(
  create: StoreCreator<PathwayState, TTraits>,
  traits?: KnownTraits<TTraits>,
): ContractCase[] {
  return makeCases(
    [...markCases, ...generationCases, ...releaseCases, ...claimContentionCases],
    create,
    traits,
  );
}

async function assertClaim(state: PathwayState, expected: EventClaim, generation = 0): Promise<void> {
  assert.equal(await state.claim(ID, generation), expected, `a delivery of generation ${generation}`);
}

async function assertReplay(state: PathwayState, expected: EventClaim, generation = 0): Promise<void> {
  assert.equal(await state.claim(ID, generation, 'replay'), expected, `a replay of generation ${generation}`);
}

async function assertStatus(state: PathwayState, expected: EventStatus | undefined): Promise<void> {
  assert.equal(await state.statusOf(ID), expected, 'status');
}

async function end(state: PathwayState, status: EventStatus, generation = 0): Promise<void> {
  await assertClaim(state, 'claimed', generation);
  await state.complete(ID, generation, status);
}

const markCases: readonly StateCase[] = [
  {
    name: 'an unknown event has no status and is claimed',
    async run({ store }) {
      await assertStatus(store, undefined);
      await assertClaim(store, 'claimed');
    },
  },
  {
    name: 'a processed event is not claimed again',
    async run({ store }) {
      await end(store, 'processed');
      await assertStatus(store, 'processed');
      await assertClaim(store, 'processed');
      assert.equal(await store.claim(ID, 0, 'delivery'), 'processed');
      await assertStatus(store, 'processed');
    },
  },
  {
    name: 'a dead-lettered event is not claimed by a delivery',
    async run({ store }) {
      await end(store, 'dead-lettered');
      await assertStatus(store, 'dead-lettered');
      await assertClaim(store, 'dead-lettered');
      assert.equal(await store.claim(ID, 0, 'delivery'), 'dead-lettered');
    },
  },
  {
    name: 'a dead-lettered event is claimed by a replay, and processed from then on',
    async run({ store }) {
      await end(store, 'dead-lettered');
      await assertReplay(store, 'claimed');
      await store.complete(ID, 0, 'processed');
      await assertStatus(store, 'processed');
      await assertClaim(store, 'processed');
    },
  },
  {
    name: 'a processed event is not claimed by a replay',
    async run({ store }) {
      await end(store, 'processed');
      await assertReplay(store, 'processed');
    },
  },
  {
    name: 'an event is marked without a claim',
    async run({ store }) {
      await store.complete(ID, 0, 'dead-lettered');
      await assertClaim(store, 'dead-lettered');
    },
  },
  {
    name: 'a later mark takes the place of an earlier one',
    async run({ store }) {
      await store.complete(ID, 0, 'dead-lettered');
      await store.complete(ID, 0, 'processed');
      await assertStatus(store, 'processed');
      await assertClaim(store, 'processed');
    },
  },
  {
    // Of a transaction that failed while another delivery succeeded: a replay would repeat its effects.
    name: 'what was processed is not made a dead letter in its generation without a claim',
    async run({ store }) {
      await end(store, 'processed', 1);
      await store.complete(ID, 1, 'dead-lettered');
      await assertReplay(store, 'processed', 1);
      await assertStatus(store, 'processed');
    },
  },
  {
    name: 'an event has no status while it is claimed, whatever it had before',
    async run({ store }) {
      await assertClaim(store, 'claimed');
      await assertStatus(store, undefined);
      await store.complete(ID, 0, 'processed');
      await assertClaim(store, 'claimed', 1);
      await assertStatus(store, undefined);
    },
  },
  {
    name: 'odd and long ids are told apart',
    async run({ store }) {
      for (const id of ODD_STRINGS) {
        assert.equal(await store.claim(id, 0), 'claimed', JSON.stringify(id));
        await store.complete(id, 0, 'processed');
        assert.equal(await store.statusOf(id), 'processed', JSON.stringify(id));
      }
    },
  },
  {
    name: 'markTtlMs says how long marks are kept',
    async run({ store }) {
      assert.ok(store.markTtlMs > 0, `markTtlMs is ${store.markTtlMs}`);
    },
  },
  {
    name: 'a mark is kept for markTtlMs',
    needs: 'clock',
    async run(bench) {
      const { store } = bench;
      await end(store, 'processed');
      await bench.advance(store.markTtlMs * 0.9);
      // A store may clean up whenever something is written.
      await store.claim(OTHER, 0);
      await store.complete(OTHER, 0, 'processed');
      await assertClaim(store, 'processed');
    },
  },
  {
    name: 'a mark made by one instance is seen by another',
    needs: 'second',
    async run(bench) {
      const second = await bench.second();
      // Marks may be written behind: a claim waits for them, a look at the status may come too early.
      const assertSeen = async (state: PathwayState, expected: EventStatus) => {
        let status: EventStatus | undefined;
        const look = async () => void (status = await state.statusOf(ID));
        await bench.until(() => status === expected, look);
      };
      await end(bench.store, 'dead-lettered');
      await assertClaim(second, 'dead-lettered');
      await assertSeen(second, 'dead-lettered');
      await assertReplay(second, 'claimed');
      await second.complete(ID, 0, 'processed');
      await assertClaim(bench.store, 'processed');
      await assertSeen(bench.store, 'processed');
    },
  },
];

const generationCases: readonly StateCase[] = [
  {
    name: 'a newer generation claims an event whatever its mark',
    async run({ store }) {
      await end(store, 'processed');
      await end(store, 'dead-lettered', 1);
      await end(store, 'processed', 2);
      await end(store, 'processed', 1_000_000);
    },
  },
  {
    name: 'a redelivery inside one generation is skipped',
    async run({ store }) {
      await end(store, 'processed', 7);
      await assertClaim(store, 'processed', 7);
    },
  },
  {
    name: 'an older generation does not claim over a newer mark',
    async run({ store }) {
      await end(store, 'processed', 7);
      await assertClaim(store, 'processed', 6);
      await assertClaim(store, 'processed', 0);
      await end(store, 'dead-lettered', 8);
      await assertClaim(store, 'dead-lettered', 7);
    },
  },
  {
    // Of a delivery from before a reset: with its mark the event would run again in the new generation.
    name: 'a late mark of an older generation is refused',
    async run({ store }) {
      await end(store, 'processed', 7);
      await store.complete(ID, 6, 'dead-lettered');
      await assertClaim(store, 'processed', 7);
      await assertStatus(store, 'processed');
      await end(store, 'dead-lettered', 8);
      await store.complete(ID, 7, 'processed');
      await assertClaim(store, 'dead-lettered', 8);
      await assertStatus(store, 'dead-lettered');
    },
  },
  {
    name: 'a claim ends with a mark of an older generation too, which is refused',
    async run({ store }) {
      await end(store, 'dead-lettered', 7);
      await assertReplay(store, 'claimed', 6);
      await store.complete(ID, 6, 'processed');
      await assertClaim(store, 'dead-lettered', 7);
      await assertReplay(store, 'claimed', 7);
    },
  },
];

const releaseCases: readonly StateCase[] = [
  {
    name: 'an event that was given up is claimed again',
    async run({ store }) {
      await assertClaim(store, 'claimed');
      await store.release(ID);
      await assertStatus(store, undefined);
      await assertClaim(store, 'claimed');
    },
  },
  {
    name: 'giving up puts back the mark that a newer generation claimed over',
    async run({ store }) {
      await end(store, 'processed', 3);
      await assertClaim(store, 'claimed', 4);
      await store.release(ID);
      await assertStatus(store, 'processed');
      await assertClaim(store, 'processed', 3);
      await assertClaim(store, 'claimed', 4);
    },
  },
  {
    name: 'giving up puts back the mark that a replay claimed over',
    async run({ store }) {
      await end(store, 'dead-lettered', 2);
      await assertReplay(store, 'claimed', 2);
      await store.release(ID);
      await assertStatus(store, 'dead-lettered');
      await assertClaim(store, 'dead-lettered', 2);
      await assertReplay(store, 'claimed', 2);
    },
  },
  {
    name: 'giving up what is not claimed changes nothing',
    async run({ store }) {
      await store.release(ID);
      await end(store, 'processed', 1);
      await store.release(ID);
      await assertStatus(store, 'processed');
      await assertClaim(store, 'processed', 1);
    },
  },
];
