import assert from 'node:assert/strict';
import type { WriteIdentity, WriteLedger, WriteRequest } from '../../state/write-ledger.interface.js';
import { makeCases, type CaseDefinition } from './contract-bench.js';
import type { ContractCase, KnownTraits, StoreCreator, StoreTraits } from './contract-case.interface.js';
import { eventIds, ODD_STRINGS } from './odd-strings.js';

/** What a write ledger is, as far as its contract has to know. */
export interface WriteLedgerTraits extends StoreTraits {
  /**
   * Milliseconds the ledger under test remembers a key.
   *
   * @default 86_400_000
   */
  readonly ttlMs?: number;
}

type LedgerCase = CaseDefinition<WriteLedger>;

/** What every `WriteLedger` must do. */
export function writeLedgerContract<const TTraits extends WriteLedgerTraits = WriteLedgerTraits>(
  create: StoreCreator<WriteLedger, TTraits>,
  traits?: KnownTraits<TTraits, WriteLedgerTraits>,
): ContractCase[] {
  const given: WriteLedgerTraits = traits ?? {};
  const { ttlMs = 86_400_000 } = given;
  return makeCases([...writeCases, ...rivalCases, ...clockCases(ttlMs)], create, given);
}

const KEY = 'a key';
/** Longer than any case takes: what runs out here does so because the clock was moved. */
const HOLD_MS = 600_000;
const [A = '', B = '', C = ''] = eventIds(3);

/** A write of as many requests as are given, each of one or more payloads. */
function writeOf(key: string, ...sizes: readonly number[]) {
  const requests = sizes.map((size, at): WriteRequest => ({
    idempotencyId: `${key}#${at}`,
    payloads: Array.from({ length: size }, (_, n) => ({ n, text: key, nested: [{ is: null }] })),
    isBatch: size > 1,
    headers: { metadata: { text: key, list: ['a', 1] }, eventTime: '2026-05-01T10:00:00.000Z' },
  }));
  const claimIds = requests.flatMap(({ idempotencyId, payloads }) =>
    payloads.map((_, n) => `idem:${idempotencyId}:${n}`),
  );
  const identity: WriteIdentity = { key, pathway: 'order.0/placed.0', fingerprint: `f of ${key}`, claimIds };
  return { identity, requests, claimIds };
}

const begin = (
  ledger: WriteLedger,
  { identity, requests }: ReturnType<typeof writeOf>,
  holder: string,
  holdMs = HOLD_MS,
) => ledger.begin(identity, requests, holder, holdMs);

const begun = ({ requests, claimIds }: ReturnType<typeof writeOf>, ids: readonly string[] = []) => ({
  status: 'begun',
  requests,
  ids,
  claimIds,
});
const NO_HEADERS = { metadata: {} };
const BUSY = { status: 'busy' };

const writeCases: readonly LedgerCase[] = [
  {
    name: 'a new key begins a write, and keeps others waiting',
    async run({ store }) {
      const write = writeOf(KEY, 1);
      assert.deepEqual(await begin(store, write, 'first'), begun(write));
      assert.deepEqual(await begin(store, write, 'second'), BUSY);
    },
  },
  {
    name: 'an answered write gives the first ids, whoever asks',
    async run({ store }) {
      const write = writeOf(KEY, 2);
      await begin(store, write, 'first');
      assert.deepEqual(await store.answer(KEY, [A, B], 0), [A, B]);
      const answered = { status: 'answered', ids: [A, B], claimIds: write.claimIds };
      assert.deepEqual(await begin(store, write, 'second'), answered);
      await store.release(KEY, 'first');
      assert.deepEqual(await begin(store, write, 'first'), answered);
    },
  },
  {
    name: 'a write that was given up is taken over with the requests of the first call',
    async run({ store }) {
      const write = writeOf(KEY, 1, 2);
      await begin(store, write, 'first');
      await store.release(KEY, 'first');
      // The same write, encrypted anew: it looks different on the wire.
      const other = { ...writeOf(KEY, 3), claimIds: ['x', 'y', 'z'] };
      const again = { ...other, identity: { ...write.identity, claimIds: other.claimIds } };
      assert.deepEqual(await begin(store, again, 'second'), begun(write));
      assert.deepEqual(await begin(store, write, 'third'), BUSY);
    },
  },
  {
    name: 'requests that the caller changes later are kept as they were',
    async run({ store }) {
      const payload = { n: 1 };
      const write = writeOf(KEY, 1);
      const [request] = write.requests;
      const requests = request ? [{ ...request, payloads: [payload] }] : [];
      await begin(store, { ...write, requests }, 'first');
      payload.n = 2;
      await store.release(KEY, 'first');
      const record = await begin(store, write, 'second');
      assert.deepEqual(record.status === 'begun' && record.requests[0]?.payloads, [{ n: 1 }]);
    },
  },
  {
    name: 'what was answered is not to be sent again',
    async run({ store }) {
      const write = writeOf(KEY, 1, 2);
      await begin(store, write, 'first');
      assert.deepEqual(await store.answer(KEY, [A], 0), [A]);
      await store.release(KEY, 'first');
      assert.deepEqual(await begin(store, write, 'second'), begun(write, [A]));
      assert.deepEqual(await store.answer(KEY, [B, C], 1), [A, B, C]);
      const answered = { status: 'answered', ids: [A, B, C], claimIds: write.claimIds };
      assert.deepEqual(await begin(store, write, 'third'), answered);
    },
  },
  {
    name: 'of two answers of one request the first counts, and both callers get it',
    async run({ store }) {
      const write = writeOf(KEY, 1, 1);
      await begin(store, write, 'first');
      assert.deepEqual(await store.answer(KEY, [A], 0), [A]);
      assert.deepEqual(await store.answer(KEY, [B], 0), [A]);
      assert.deepEqual(await store.answer(KEY, [C], 1), [A, C]);
      assert.deepEqual(await store.answer(KEY, [B], 1), [A, C]);
    },
  },
  {
    name: 'a key that stands for another write is refused, whatever became of it, and does no harm',
    async run({ store }) {
      const write = writeOf(KEY, 1);
      const identity = { ...write.identity, pathway: 'order.0/shipped.0', fingerprint: 'other content' };
      const assertRefused = async () =>
        assert.deepEqual(await begin(store, { ...write, identity }, 'other'), {
          status: 'other',
          pathway: 'order.0/placed.0',
        });
      await begin(store, write, 'first');
      await assertRefused();
      await store.release(KEY, 'first');
      await assertRefused();
      assert.deepEqual(await begin(store, write, 'second'), begun(write));
      await store.answer(KEY, [A], 0);
      await assertRefused();
      const answered = { status: 'answered', ids: [A], claimIds: write.claimIds };
      assert.deepEqual(await begin(store, write, 'third'), answered);
    },
  },
  {
    name: 'who does not hold a write cannot give it up',
    async run({ store }) {
      const write = writeOf(KEY, 1);
      await begin(store, write, 'first');
      await store.release(KEY, 'second');
      assert.deepEqual(await begin(store, write, 'second'), BUSY);
    },
  },
  {
    name: 'a key whose write is forgotten is free, for a write of other content too',
    async run({ store }) {
      const write = writeOf(KEY, 1, 2);
      await begin(store, write, 'first');
      await store.forget(KEY, 'first');
      // The same write, with metadata that the platform takes.
      const corrected = {
        ...write,
        requests: write.requests.map((one) => ({ ...one, headers: NO_HEADERS })),
      };
      assert.deepEqual(await begin(store, corrected, 'second'), begun(corrected));
      await store.forget(KEY, 'second');
      const identity = { ...write.identity, fingerprint: 'other content' };
      assert.deepEqual(await begin(store, { ...write, identity }, 'third'), begun(write));
    },
  },
  {
    name: 'who does not hold a write cannot have it forgotten, and nobody when a part of it is answered',
    async run({ store }) {
      const write = writeOf(KEY, 1, 2);
      await begin(store, write, 'first');
      await store.forget(KEY, 'second');
      assert.deepEqual(await begin(store, write, 'second'), BUSY);
      await store.answer(KEY, [A], 0);
      await store.forget(KEY, 'first');
      await store.release(KEY, 'first');
      assert.deepEqual(await begin(store, write, 'second'), begun(write, [A]));
      await store.answer(KEY, [B, C], 1);
      await store.forget(KEY, 'second');
      assert.equal((await begin(store, write, 'third')).status, 'answered');
    },
  },
  {
    name: 'keys do not meet, however odd, and requests come back as they were',
    async run({ store }) {
      // Longer ones are refused before they get here.
      const keys = ODD_STRINGS.filter(({ length }) => length <= 200);
      for (const key of keys) {
        const write = writeOf(key, 1, 2);
        assert.deepEqual(await begin(store, write, 'first'), begun(write));
        await store.release(key, 'first');
      }
      for (const key of keys) {
        const write = writeOf(key, 1, 2);
        assert.deepEqual(await begin(store, write, 'second'), begun(write));
      }
    },
  },
  {
    name: 'what is not there is neither answered nor given up nor forgotten',
    async run({ store }) {
      assert.deepEqual(await store.answer(KEY, [A], 0), [A]);
      await store.release(KEY, 'first');
      await store.forget(KEY, 'first');
      const write = writeOf(KEY, 1);
      assert.deepEqual(await begin(store, write, 'first'), begun(write));
    },
  },
];

const rivalCases: readonly LedgerCase[] = [
  {
    name: 'what one instance begins another one waits for, and finds answered',
    needs: 'second',
    async run(bench) {
      const second = await bench.second();
      const write = writeOf(KEY, 1);
      await begin(bench.store, write, 'first');
      assert.deepEqual(await begin(second, write, 'second'), BUSY);
      await bench.store.answer(KEY, [A], 0);
      assert.equal((await begin(second, write, 'second')).status, 'answered');
    },
  },
  {
    name: 'of callers that begin a write at once, one does',
    async run(bench) {
      const stores = [bench.store, await bench.second()];
      for (let round = 0; round < 30; round++) {
        const write = writeOf(`round ${round}`, 1);
        const answers = await Promise.all(
          [0, 1, 2, 3].map((n) => begin(stores[n % 2] as WriteLedger, write, `caller ${n}`)),
        );
        assert.deepEqual(answers.map(({ status }) => status).sort(), ['begun', 'busy', 'busy', 'busy']);
      }
    },
  },
  {
    name: 'of two writes that begin with one key at once, one is refused',
    async run(bench) {
      const stores = [bench.store, await bench.second()];
      for (let round = 0; round < 30; round++) {
        const write = writeOf(`round ${round}`, 1);
        const identity = { ...write.identity, fingerprint: 'other content' };
        const answers = await Promise.all([
          begin(stores[round % 2] as WriteLedger, write, 'first'),
          begin(stores[(round + 1) % 2] as WriteLedger, { ...write, identity }, 'second'),
        ]);
        assert.deepEqual(answers.map(({ status }) => status).sort(), ['begun', 'other']);
      }
    },
  },
];

const clockCases = (ttlMs: number): readonly LedgerCase[] => [
  {
    name: 'a write whose holder has gone is taken over when its hold is over, and its late release takes nothing',
    needs: 'clock',
    async run(bench) {
      const { store } = bench;
      const write = writeOf(KEY, 1);
      await begin(store, write, 'first', 1_000_000);
      await bench.advance(500_000);
      assert.deepEqual(await begin(store, write, 'second', 1_000_000), BUSY);
      await bench.advance(600_000);
      assert.deepEqual(await begin(store, write, 'second', 1_000_000), begun(write));
      await store.release(KEY, 'first');
      assert.deepEqual(await begin(store, write, 'third'), BUSY);
      // Its answer is one all the same.
      assert.deepEqual(await store.answer(KEY, [A], 0), [A]);
      assert.deepEqual(await store.answer(KEY, [B], 0), [A]);
    },
  },
  {
    name: 'a key is remembered for its time, counted from its beginning, and free for another write after it',
    needs: 'clock',
    async run(bench) {
      const { store } = bench;
      const write = writeOf(KEY, 1);
      await begin(store, write, 'first');
      await bench.advance(ttlMs * 0.6);
      await store.answer(KEY, [A], 0);
      assert.equal((await begin(store, write, 'second')).status, 'answered');
      await bench.advance(ttlMs * 0.6);
      const other = writeOf(KEY, 2);
      const identity = { ...other.identity, fingerprint: 'other content' };
      assert.deepEqual(await begin(store, { ...other, identity }, 'third'), begun(other));
      assert.deepEqual(await begin(store, write, 'fourth'), { status: 'other', pathway: 'order.0/placed.0' });
    },
  },
];
