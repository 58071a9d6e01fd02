import assert from 'node:assert/strict';
import type { ChunkPart, ChunkStore } from '../../state/chunk-store.interface.js';
import { makeCases, type CaseDefinition } from './contract-bench.js';
import type { ContractCase, KnownTraits, StoreCreator, StoreTraits } from './contract-case.interface.js';
import { eventIdOf, ODD_STRINGS } from './odd-strings.js';

type ChunkCase = CaseDefinition<ChunkStore>;

/** What a chunk store is, as far as its contract has to know. */
export interface ChunkStoreTraits extends StoreTraits {
  /**
   * Milliseconds the store under test keeps a chunk after its last part.
   *
   * @default 3_600_000
   */
  readonly ttlMs?: number;
}

/** What every `ChunkStore` must do. */
export function chunkStoreContract<const TTraits extends ChunkStoreTraits = ChunkStoreTraits>(
  create: StoreCreator<ChunkStore, TTraits>,
  traits?: KnownTraits<TTraits, ChunkStoreTraits>,
): ContractCase[] {
  const given: ChunkStoreTraits = traits ?? {};
  const { ttlMs = 3_600_000 } = given;
  return makeCases([...collectingCases, ...rivalCases, ...expiryCases(ttlMs)], create, given);
}

const CHUNK = '5d0c6a52-3f1e-4b7a-9c1d-2e8f00aa11bb';

function partOf(part: number, totalParts: number, more: Partial<ChunkPart> = {}): ChunkPart {
  return {
    chunkId: CHUNK,
    part,
    totalParts,
    digest: 'a digest',
    data: `data of ${part}`,
    eventId: eventIdOf(part),
    ...more,
  };
}

async function assertStored(store: ChunkStore, part: ChunkPart, status: string): Promise<void> {
  const progress = await store.storePart(part);
  const firstEventId = 'firstEventId' in progress ? progress.firstEventId : undefined;
  assert.deepEqual(
    [progress.status, firstEventId],
    [status, status === 'complete' ? eventIdOf(1) : undefined],
  );
}

const collectingCases: readonly ChunkCase[] = [
  {
    name: 'parts in any order are complete with the last of them, and are loaded in theirs',
    async run({ store }) {
      await assertStored(store, partOf(3, 3), 'stored');
      await assertStored(store, partOf(1, 3), 'stored');
      assert.equal(await store.load(CHUNK), undefined);
      await assertStored(store, partOf(2, 3), 'complete');
      assert.deepEqual(await store.load(CHUNK), ['data of 1', 'data of 2', 'data of 3']);
    },
  },
  {
    name: 'an event of one part is complete at once',
    async run({ store }) {
      await assertStored(store, partOf(1, 1), 'complete');
      assert.deepEqual(await store.load(CHUNK), ['data of 1']);
    },
  },
  {
    name: 'more parts than have one digit are in the order of their numbers',
    async run({ store }) {
      for (let part = 12; part > 1; part--) await assertStored(store, partOf(part, 12), 'stored');
      await assertStored(store, partOf(1, 12), 'complete');
      const expected = Array.from({ length: 12 }, (_, at) => `data of ${at + 1}`);
      assert.deepEqual(await store.load(CHUNK), expected);
    },
  },
  {
    name: 'a repeated part is a duplicate while others are missing, and complete again when none is',
    async run({ store }) {
      await assertStored(store, partOf(2, 2), 'stored');
      await assertStored(store, partOf(2, 2), 'duplicate');
      await assertStored(store, partOf(1, 2), 'complete');
      await assertStored(store, partOf(2, 2), 'complete');
      await store.finish(CHUNK);
      await assertStored(store, partOf(1, 2), 'complete');
      assert.deepEqual(await store.load(CHUNK), ['data of 1', 'data of 2']);
    },
  },
  {
    name: 'a second copy of part 1 does not become the id of the event',
    async run({ store }) {
      await assertStored(store, partOf(1, 2), 'stored');
      await assertStored(store, partOf(1, 2, { eventId: eventIdOf(9) }), 'duplicate');
      await assertStored(store, partOf(2, 2), 'complete');
    },
  },
  {
    name: 'the same part with other data is a conflict, and does no harm',
    async run({ store }) {
      await assertStored(store, partOf(1, 2), 'stored');
      await assertStored(store, partOf(1, 2, { data: 'other data' }), 'conflict');
      await assertStored(store, partOf(2, 2), 'complete');
      await assertStored(store, partOf(2, 2, { data: 'other data' }), 'conflict');
      assert.deepEqual(await store.load(CHUNK), ['data of 1', 'data of 2']);
    },
  },
  {
    name: 'a part of another digest or number of parts is inconsistent, and does no harm',
    async run({ store }) {
      await assertStored(store, partOf(1, 2), 'stored');
      await assertStored(store, partOf(2, 2, { digest: 'another' }), 'inconsistent');
      await assertStored(store, partOf(2, 3), 'inconsistent');
      await assertStored(store, partOf(1, 3), 'inconsistent');
      await assertStored(store, partOf(2, 2), 'complete');
      assert.deepEqual(await store.load(CHUNK), ['data of 1', 'data of 2']);
    },
  },
  {
    name: 'chunks do not meet, however odd their ids, and any text comes back as it was',
    async run({ store }) {
      // Longer ones are refused before they get here.
      const ids = ODD_STRINGS.filter((text) => text.length <= 200);
      for (const chunkId of ids) {
        await assertStored(store, partOf(1, 2, { chunkId, data: chunkId }), 'stored');
      }
      for (const chunkId of ids) {
        await assertStored(store, partOf(2, 2, { chunkId, data: chunkId, digest: 'a digest' }), 'complete');
      }
      for (const chunkId of ids) assert.deepEqual(await store.load(chunkId), [chunkId, chunkId]);
    },
  },
  {
    name: 'what is not there is neither loaded nor finished',
    async run({ store }) {
      assert.equal(await store.load(CHUNK), undefined);
      await store.finish(CHUNK);
      assert.deepEqual(await store.takeExpired(), []);
    },
  },
];

const rivalCases: readonly ChunkCase[] = [
  {
    name: 'two instances collect one event',
    needs: 'second',
    async run(bench) {
      const second = await bench.second();
      await assertStored(bench.store, partOf(1, 3), 'stored');
      await assertStored(second, partOf(3, 3), 'stored');
      await assertStored(second, partOf(1, 3), 'duplicate');
      await assertStored(bench.store, partOf(2, 3), 'complete');
      await assertStored(second, partOf(2, 3), 'complete');
      assert.deepEqual(await second.load(CHUNK), ['data of 1', 'data of 2', 'data of 3']);
    },
  },
  {
    name: 'of callers that store the last parts at once, at least one is told that the event is complete',
    async run(bench) {
      const stores = [bench.store, await bench.second()];
      for (let round = 0; round < 30; round++) {
        const chunkId = `round ${round}`;
        const parts = [1, 2, 3, 4].map((part) => partOf(part, 4, { chunkId }));
        const answers = await Promise.all(
          parts.map((part) => (stores[part.part % 2] as ChunkStore).storePart(part)),
        );
        assert.ok(
          answers.some(({ status }) => status === 'complete'),
          `round ${round}: nobody was told that all four parts are there`,
        );
      }
    },
  },
];

const expiryCases = (ttlMs: number): readonly ChunkCase[] => [
  {
    name: 'an incomplete chunk is reported once its time is over, with what is there, and is gone then',
    needs: 'clock',
    async run(bench) {
      const { store } = bench;
      await assertStored(store, partOf(3, 4), 'stored');
      await assertStored(store, partOf(1, 4), 'stored');
      await bench.advance(ttlMs / 2);
      assert.deepEqual(await store.takeExpired(), []);
      await bench.advance(ttlMs);
      const parts = [1, 3].map((part) => ({ part, eventId: eventIdOf(part) }));
      assert.deepEqual(await store.takeExpired(), [{ chunkId: CHUNK, totalParts: 4, parts }]);
      assert.deepEqual(await store.takeExpired(), []);
      await assertStored(store, partOf(1, 2), 'stored');
    },
  },
  {
    name: 'the time begins anew with every part, also a repeated one',
    needs: 'clock',
    async run(bench) {
      const { store } = bench;
      await assertStored(store, partOf(1, 3), 'stored');
      await bench.advance(ttlMs * 0.7);
      await assertStored(store, partOf(2, 3), 'stored');
      await bench.advance(ttlMs * 0.7);
      assert.deepEqual(await store.takeExpired(), []);
      await assertStored(store, partOf(1, 3), 'duplicate');
      await bench.advance(ttlMs * 0.7);
      assert.deepEqual(await store.takeExpired(), []);
      await assertStored(store, partOf(3, 3), 'complete');
    },
  },
  {
    name: 'what expired and was not taken away still counts: late is better than lost',
    needs: 'clock',
    async run(bench) {
      const { store } = bench;
      await assertStored(store, partOf(1, 2), 'stored');
      await bench.advance(ttlMs * 3);
      await assertStored(store, partOf(2, 2), 'complete');
      assert.deepEqual(await store.takeExpired(), []);
    },
  },
  {
    name: 'a complete chunk stays until it is finished, however long that takes; then it goes without a report',
    needs: 'clock',
    async run(bench) {
      const { store } = bench;
      await assertStored(store, partOf(1, 2), 'stored');
      await assertStored(store, partOf(2, 2), 'complete');
      await bench.advance(ttlMs * 3);
      assert.deepEqual(await store.takeExpired(), []);
      assert.deepEqual(await store.load(CHUNK), ['data of 1', 'data of 2']);
      await store.finish(CHUNK);
      assert.deepEqual(await store.takeExpired(), []);
      assert.equal(await store.load(CHUNK), undefined);
    },
  },
  {
    name: 'a finished chunk stays for deliveries that come late',
    needs: 'clock',
    async run(bench) {
      const { store } = bench;
      await assertStored(store, partOf(1, 1), 'complete');
      await store.finish(CHUNK);
      await bench.advance(ttlMs / 2);
      assert.deepEqual(await store.takeExpired(), []);
      assert.deepEqual(await store.load(CHUNK), ['data of 1']);
    },
  },
  {
    name: 'each expired chunk is reported to one of two instances',
    needs: 'both',
    async run(bench) {
      const second = await bench.second();
      const ids = Array.from({ length: 20 }, (_, at) => `chunk ${at}`);
      for (const chunkId of ids) await assertStored(second, partOf(1, 2, { chunkId }), 'stored');
      await bench.advance(ttlMs * 2);
      const reports = await Promise.all([bench.store.takeExpired(), second.takeExpired()]);
      assert.deepEqual(
        reports
          .flat()
          .map(({ chunkId }) => chunkId)
          .sort(),
        ids.toSorted(),
      );
    },
  },
];
