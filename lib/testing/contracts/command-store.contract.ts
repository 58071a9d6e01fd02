import assert from 'node:assert/strict';
import type { CommandRecord, CommandStore } from '../../state/command-store.interface.js';
import { makeCases, type CaseDefinition } from './contract-bench.js';
import type { ContractCase, KnownTraits, StoreCreator, StoreTraits } from './contract-case.interface.js';
import { ODD_STRINGS } from './odd-strings.js';

/** What every `CommandStore` must do. */
export function commandStoreContract<const TTraits extends StoreTraits = StoreTraits>(
  create: StoreCreator<CommandStore, TTraits>,
  traits?: KnownTraits<TTraits>,
): ContractCase[] {
  return makeCases(cases, create, traits);
}

const KEY = 'orders-prod';
const DONE = { phase: 'running' } as const;
const FAILED = { phase: 'failed', details: 'No pump matches "x".' } as const;

async function assertUnreported(store: CommandStore, ids: readonly string[], key = KEY): Promise<void> {
  const records = await store.unreported(key);
  assert.deepEqual(
    records.map(({ commandId }) => commandId),
    ids,
  );
}

async function assertKnown(store: CommandStore, expected: CommandRecord, key = KEY): Promise<void> {
  assert.deepEqual(await store.find(key, expected.commandId), expected);
}

const cases: readonly CaseDefinition<CommandStore>[] = [
  {
    name: 'a command begins once',
    async run({ store }) {
      assert.equal(await store.find(KEY, 'c-1'), undefined);
      assert.equal(await store.begin(KEY, 'c-1'), true);
      assert.equal(await store.begin(KEY, 'c-1'), false);
      await assertKnown(store, { commandId: 'c-1', isReported: false });
      await store.finish(KEY, 'c-1', DONE);
      await store.reported(KEY, 'c-1');
      assert.equal(await store.begin(KEY, 'c-1'), false);
    },
  },
  {
    name: 'what became of it is kept',
    async run({ store }) {
      await store.begin(KEY, 'c-1');
      await store.finish(KEY, 'c-1', FAILED);
      await assertKnown(store, { commandId: 'c-1', outcome: FAILED, isReported: false });
      await store.reported(KEY, 'c-1');
      await assertKnown(store, { commandId: 'c-1', outcome: FAILED, isReported: true });
    },
  },
  {
    name: 'those not reported are listed in their order',
    async run({ store }) {
      await assertUnreported(store, []);
      for (const id of ['c-2', 'c-1', 'c-3', 'c-0']) await store.begin(KEY, id);
      await store.finish(KEY, 'c-2', DONE);
      await store.finish(KEY, 'c-1', FAILED);
      await store.reported(KEY, 'c-1');
      await assertUnreported(store, ['c-2', 'c-3', 'c-0']);
      const [first] = await store.unreported(KEY);
      assert.deepEqual(first, { commandId: 'c-2', outcome: DONE, isReported: false });
    },
  },
  {
    name: 'a command nobody began is not invented',
    async run({ store }) {
      await store.finish(KEY, 'c-1', DONE);
      await store.reported(KEY, 'c-2');
      assert.equal(await store.find(KEY, 'c-1'), undefined);
      assert.equal(await store.find(KEY, 'c-2'), undefined);
    },
  },
  {
    name: 'applications do not meet',
    async run({ store }) {
      assert.equal(await store.begin(KEY, 'c-1'), true);
      assert.equal(await store.begin('orders-test', 'c-1'), true);
      await store.finish('orders-test', 'c-1', DONE);
      await store.reported('orders-test', 'c-1');
      await assertKnown(store, { commandId: 'c-1', isReported: false });
      await assertUnreported(store, [], 'orders-test');
    },
  },
  {
    name: 'odd and long ids are told apart',
    async run({ store }) {
      for (const id of ODD_STRINGS) assert.equal(await store.begin(KEY, id), true, id);
      for (const id of ODD_STRINGS) await store.finish(KEY, id, { phase: 'failed', details: id });
      for (const id of ODD_STRINGS) {
        await assertKnown(store, {
          commandId: id,
          outcome: { phase: 'failed', details: id },
          isReported: false,
        });
      }
    },
  },
  {
    name: 'the newest two hundred are remembered',
    async run({ store }) {
      const ids = Array.from({ length: 600 }, (_, index) => `c-${index}`);
      for (const id of ids) await store.begin(KEY, id);
      for (const id of ids.slice(-200)) assert.equal(await store.begin(KEY, id), false, id);
    },
  },
  {
    name: 'of instances that begin a command at once one is told so',
    needs: 'second',
    async run(bench) {
      const stores = [bench.store, await bench.second()] as const;
      for (let round = 0; round < 20; round++) {
        const begun = await Promise.all(stores.map((store) => store.begin(KEY, `c-${round}`)));
        assert.deepEqual([...begun].sort(), [false, true]);
      }
    },
  },
];
