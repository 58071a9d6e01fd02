import assert from 'node:assert/strict';
import type { MaybePromise } from '../../event/maybe-promise.type.js';
import type { FilePartEntry, FilePartStore } from '../../state/file-part-store.interface.js';
import { makeCases, type CaseDefinition } from './contract-bench.js';
import type { ContractCase, KnownTraits, StoreCreator, StoreTraits } from './contract-case.interface.js';
import { eventIdOf, ODD_STRINGS } from './odd-strings.js';

/** What a file part store is, as far as its contract has to know. */
export interface FilePartStoreTraits extends StoreTraits {
  /**
   * Milliseconds the store under test keeps the parts of a file after its newest one.
   *
   * @default 86_400_000
   */
  readonly ttlMs?: number;
}

/** What `create` may give beside the store. */
export interface FilePartsUnderTest {
  /** Lets the store remove what is older than its time. Without it, it does so by itself. */
  removeExpired?(): MaybePromise<unknown>;
}

type FilePartCase = CaseDefinition<FilePartStore, FilePartsUnderTest>;

/** What every `FilePartStore` must do. */
export function filePartStoreContract<const TTraits extends FilePartStoreTraits = FilePartStoreTraits>(
  create: StoreCreator<FilePartStore, TTraits, FilePartsUnderTest>,
  traits?: KnownTraits<TTraits, FilePartStoreTraits>,
): ContractCase[] {
  const given: FilePartStoreTraits = traits ?? {};
  const { ttlMs = 86_400_000 } = given;
  return makeCases([...collectingCases, ...rivalCases, ...expiryCases(ttlMs)], create, given);
}

const GROUP = 'a file';

function partOf(part: number, totalParts: number, more: Partial<FilePartEntry> = {}): FilePartEntry {
  const data = `{"data":"of ${part}"}`;
  return {
    groupId: GROUP,
    part,
    totalParts,
    digest: 'd'.repeat(64),
    eventId: eventIdOf(part),
    data,
    ...more,
  };
}

async function assertStatus(store: FilePartStore, entry: FilePartEntry, status: string): Promise<void> {
  assert.equal((await store.storePart(entry)).status, status, `part ${entry.part} of ${entry.totalParts}`);
}

async function assertComplete(
  store: FilePartStore,
  entry: FilePartEntry,
  parts: readonly FilePartEntry[],
): Promise<void> {
  const kept = parts.map(({ part, eventId, data }) => ({ part, eventId, data }));
  assert.deepEqual(await store.storePart(entry), { status: 'complete', parts: kept });
}

const collectingCases: readonly FilePartCase[] = [
  ...[0, 1].map((first): FilePartCase => {
    const [a, b, c] = [0, 1, 2].map((at) => partOf(first + at, 3)) as [
      FilePartEntry,
      FilePartEntry,
      FilePartEntry,
    ];
    return {
      name: `parts numbered from ${first} are complete with the last one, and in the order of their numbers`,
      async run({ store }) {
        await assertStatus(store, c, 'stored');
        await assertStatus(store, a, 'stored');
        await assertComplete(store, b, [a, b, c]);
      },
    };
  }),
  {
    name: 'a file of one part is complete at once',
    async run({ store }) {
      await assertComplete(store, partOf(1, 1), [partOf(1, 1)]);
    },
  },
  {
    name: 'more parts than have one digit are in the order of their numbers',
    async run({ store }) {
      for (let part = 12; part > 1; part--) await assertStatus(store, partOf(part, 12), 'stored');
      const all = Array.from({ length: 12 }, (_, at) => partOf(at + 1, 12));
      await assertComplete(store, partOf(1, 12), all);
    },
  },
  {
    name: 'of two parts of one number the first counts, and the other is a duplicate',
    async run({ store }) {
      const other = { eventId: eventIdOf(9), data: '{"data":"other"}' };
      await assertStatus(store, partOf(1, 2), 'stored');
      await assertStatus(store, partOf(1, 2, other), 'duplicate');
      await assertComplete(store, partOf(2, 2), [partOf(1, 2), partOf(2, 2)]);
      await assertComplete(store, partOf(2, 2, other), [partOf(1, 2), partOf(2, 2)]);
    },
  },
  {
    name: 'a whole file stays whole until it is discarded, and begins anew then',
    async run({ store }) {
      await assertStatus(store, partOf(1, 2), 'stored');
      await assertComplete(store, partOf(2, 2), [partOf(1, 2), partOf(2, 2)]);
      await assertComplete(store, partOf(1, 2), [partOf(1, 2), partOf(2, 2)]);
      await store.discard(GROUP);
      await assertStatus(store, partOf(2, 2), 'stored');
      await assertComplete(store, partOf(1, 2), [partOf(1, 2), partOf(2, 2)]);
    },
  },
  {
    name: 'files do not meet, however odd or long their names, and any text comes back as it was',
    async run({ store }) {
      const names = [
        ...ODD_STRINGS,
        'zero\0',
        'zero\0\0',
        `${'long '.repeat(2_000)}1`,
        `${'long '.repeat(2_000)}2`,
      ];
      for (const groupId of names) {
        await assertStatus(store, partOf(1, 2, { groupId, data: JSON.stringify(groupId) }), 'stored');
      }
      for (const groupId of names) {
        const parts = [1, 2].map((part) => partOf(part, 2, { groupId, data: JSON.stringify(groupId) }));
        await assertComplete(store, partOf(2, 2, { groupId, data: JSON.stringify(groupId) }), parts);
      }
    },
  },
  {
    name: 'discarding touches no other file, nor what is not there',
    async run({ store }) {
      await assertStatus(store, partOf(1, 2), 'stored');
      await store.discard('another file');
      await store.discard(`${GROUP}~2`);
      await assertComplete(store, partOf(2, 2), [partOf(1, 2), partOf(2, 2)]);
    },
  },
];

const rivalCases: readonly FilePartCase[] = [
  {
    name: 'two instances collect one file, and one discards it for both',
    needs: 'second',
    async run(bench) {
      const second = await bench.second();
      await assertStatus(bench.store, partOf(1, 3), 'stored');
      await assertStatus(second, partOf(3, 3), 'stored');
      await assertStatus(second, partOf(1, 3), 'duplicate');
      const all = [1, 2, 3].map((part) => partOf(part, 3));
      await assertComplete(bench.store, partOf(2, 3), all);
      await assertComplete(second, partOf(2, 3), all);
      await second.discard(GROUP);
      await assertStatus(bench.store, partOf(2, 3), 'stored');
    },
  },
  {
    name: 'of callers that store the last parts at once, at least one sees the whole file',
    async run(bench) {
      const stores = [bench.store, await bench.second()];
      for (let round = 0; round < 30; round++) {
        const groupId = `round ${round}`;
        const answers = await Promise.all(
          [1, 2, 3, 4].map((part) => stores[part % 2]?.storePart(partOf(part, 4, { groupId }))),
        );
        const whole = answers.find((answer) => answer?.status === 'complete');
        assert.ok(whole && 'parts' in whole, `round ${round}: nobody was told that all four parts are there`);
        assert.deepEqual(
          whole.parts.map(({ part }) => part),
          [1, 2, 3, 4],
        );
      }
    },
  },
  {
    name: 'a whole file that is discarded while others look at it is seen whole, or not at all',
    needs: 'second',
    async run(bench) {
      const stores = [bench.store, await bench.second()];
      for (let round = 0; round < 60; round++) {
        const groupId = `gone in round ${round}`;
        await bench.store.storePart(partOf(1, 4, { groupId }));
        await Promise.all(
          [2, 3, 4].map(async (part) => {
            const store = stores[part % 2] as FilePartStore;
            const answer = await store.storePart(partOf(part, 4, { groupId }));
            if (answer.status !== 'complete') return;
            assert.equal(
              answer.parts.length,
              4,
              `round ${round}: told to be complete, and ${answer.parts.length} of 4 parts given`,
            );
            await store.discard(groupId);
          }),
        );
      }
    },
  },
];

const expiryCases = (ttlMs: number): readonly FilePartCase[] => [
  {
    name: 'parts of an unfinished file are gone when their time is over',
    needs: 'clock',
    async run(bench) {
      const { store, subject } = bench;
      await assertStatus(store, partOf(1, 2), 'stored');
      await bench.advance(ttlMs * 2);
      await subject.removeExpired?.();
      await assertStatus(store, partOf(2, 2), 'stored');
      await assertComplete(store, partOf(1, 2), [partOf(1, 2), partOf(2, 2)]);
    },
  },
  {
    name: 'the time begins anew with every part, also a repeated one',
    needs: 'clock',
    async run(bench) {
      const { store, subject } = bench;
      for (const [part, status] of [
        [1, 'stored'],
        [2, 'stored'],
        [2, 'duplicate'],
      ] as const) {
        await assertStatus(store, partOf(part, 3), status);
        await bench.advance(ttlMs * 0.7);
        await subject.removeExpired?.();
      }
      const all = [1, 2, 3].map((part) => partOf(part, 3));
      await assertComplete(store, partOf(3, 3), all);
    },
  },
];
