import type { MaybePromise } from '../../event/maybe-promise.type.js';
import type { EventStatus } from '../../state/pathway-state.interface.js';
import type { PathwaysStore, StoreContext } from '../../state/pathways-store.interface.js';
import { makeCases, type CaseDefinition, type ContractBench } from './contract-bench.js';
import type { ContractCase, StoreTraits } from './contract-case.interface.js';
import { eventIdOf, eventIds, ODD_STRINGS } from './odd-strings.js';

/** A store that tells of events which end in other instances. */
export type SignallingStore = Pick<PathwaysStore, 'state'> & Required<Pick<PathwaysStore, 'signals'>>;

/** What `create` gives for one case of the signals. */
export interface SignalsUnderTest {
  /** Opens an instance that reports to `onEnded`, as `StoreContext` says. Called twice: both are on the same data. */
  open(onEnded: StoreContext['onEnded']): MaybePromise<SignallingStore>;
  /** Called when the case is over, passed or not. Closes both. */
  dispose?(): MaybePromise<void>;
}

/** What the `signals` of a store must do. They are about two instances: a store of one process has none. */
export function eventSignalsContract(
  create: () => MaybePromise<SignalsUnderTest>,
  traits?: Pick<StoreTraits, 'limitMs'>,
): ContractCase[] {
  const createPair = async () => {
    const subject = await create();
    return {
      store: await Instance.open(subject),
      openSecond: () => Instance.open(subject),
      dispose: () => subject.dispose?.(),
    };
  };
  return makeCases(signalCases, createPair, traits);
}

/** One instance and what it was told. */
class Instance {
  private constructor(
    private readonly store: SignallingStore,
    private readonly reports: ReadonlyMap<string, EventStatus>,
  ) {}

  static async open(subject: SignalsUnderTest): Promise<Instance> {
    const reports = new Map<string, EventStatus>();
    const store = await subject.open((eventId, status) => void reports.set(eventId, status));
    return new Instance(store, reports);
  }

  waitFor(...ids: readonly string[]): () => void {
    return this.store.signals.waitFor(ids);
  }

  /**
   * Ends events until another instance was told of them all. Again and again, because that one's wait need not have
   * come round yet; a signal that was lost is found by looking the event up.
   */
  async endUntilTold(bench: SignalsBench, waiting: Instance, ids: readonly string[], status: EventStatus) {
    const { state, signals } = this.store;
    const untold = () => ids.filter((id) => waiting.reports.get(id) !== status);
    for (const id of ids) await state.complete(id, 0, status);
    await bench.until(
      () => untold().length === 0,
      () => {
        for (const id of untold()) signals.ended(id, status);
        // One round trip between two tries, else they would pile up in front of the signals they are about.
        return state.statusOf(eventIdOf(0));
      },
    );
  }
}

type SignalsBench = ContractBench<Instance>;

const ID = eventIdOf(1);
const OTHER = eventIdOf(2);

const signalCases: readonly CaseDefinition<Instance>[] = [
  {
    name: 'an instance that waits is told how an event ended in another',
    async run(bench) {
      const second = await bench.second();
      bench.store.waitFor(ID);
      await second.endUntilTold(bench, bench.store, [ID], 'processed');
      bench.store.waitFor(OTHER);
      await second.endUntilTold(bench, bench.store, [OTHER], 'dead-lettered');
    },
  },
  {
    name: 'both instances are told of each other',
    async run(bench) {
      const second = await bench.second();
      bench.store.waitFor(ID);
      second.waitFor(OTHER);
      await Promise.all([
        second.endUntilTold(bench, bench.store, [ID], 'processed'),
        bench.store.endUntilTold(bench, second, [OTHER], 'processed'),
      ]);
    },
  },
  {
    name: 'a wait that is over does not end another one for the same event',
    async run(bench) {
      const second = await bench.second();
      const endWait = bench.store.waitFor(ID, OTHER);
      bench.store.waitFor(ID);
      // The news of the first wait is there: what comes now does not live on it.
      await second.endUntilTold(bench, bench.store, [OTHER], 'processed');
      endWait();
      await second.endUntilTold(bench, bench.store, [ID], 'processed');
    },
  },
  {
    name: 'ending a wait before it came round does no harm',
    async run(bench) {
      const second = await bench.second();
      bench.store.waitFor(ID)();
      bench.store.waitFor(OTHER);
      await second.endUntilTold(bench, bench.store, [OTHER], 'processed');
    },
  },
  {
    name: '500 events of one wait are told',
    async run(bench) {
      const second = await bench.second();
      const ids = eventIds(500);
      bench.store.waitFor(...ids);
      await second.endUntilTold(bench, bench.store, ids, 'processed');
    },
  },
  {
    name: '100 ids of some hundred characters of one wait are told, as writes with an idempotency key have them',
    async run(bench) {
      const second = await bench.second();
      const ids = eventIds(100).map((id) => `idem:${'key'.repeat(66)}#0:${id}`);
      bench.store.waitFor(...ids);
      await second.endUntilTold(bench, bench.store, ids, 'processed');
    },
  },
  {
    name: '200 waits at once are told',
    async run(bench) {
      const second = await bench.second();
      const ids = eventIds(200);
      for (const id of ids) bench.store.waitFor(id);
      await second.endUntilTold(bench, bench.store, ids, 'dead-lettered');
    },
  },
  {
    name: 'odd and long ids are told',
    async run(bench) {
      const second = await bench.second();
      bench.store.waitFor(...ODD_STRINGS);
      await second.endUntilTold(bench, bench.store, ODD_STRINGS, 'processed');
    },
  },
];
