import { randomUUID } from 'node:crypto';
import { data, KEY } from '../bench.js';
import { differs, ending, same, type Case } from '../case.js';
import { timeOf } from '../watch.js';

const broken = () => {
  throw new Error('broken');
};

export const STATE: readonly Case[] = [
  {
    what: 'the state in memory knows what it was told, once and again',
    async run(bench) {
      const state = bench.side.internalState();
      const [id, other] = [randomUUID(), randomUUID()];
      const before = await state.isProcessed(id);
      await state.setProcessed(id);
      await state.setProcessed(id);
      return [before, await state.isProcessed(id), await state.isProcessed(other)];
    },
    outcome: same([false, true, false]),
  },
  {
    what: 'two states in memory',
    async run(bench) {
      const id = randomUUID();
      await bench.side.internalState().setProcessed(id);
      return bench.side.internalState().isProcessed(id);
    },
    outcome: same(false),
  },
  {
    what: 'the state in memory forgets: shortly before five minutes, shortly after, after ten',
    async run(bench) {
      const time = timeOf(bench);
      const state = bench.side.internalState();
      const id = randomUUID();
      await state.setProcessed(id);
      await time.pass(299_000);
      const before = await state.isProcessed(id);
      await time.pass(2_000);
      const after = await state.isProcessed(id);
      // Ours makes room when something new comes.
      await state.setProcessed(randomUUID());
      await time.pass(301_000);
      await state.setProcessed(randomUUID());
      return [before, after, await state.isProcessed(id)];
    },
    outcome: differs(
      { reference: [true, false, false], ours: [true, true, false] },
      {
        reference: 'The state in memory forgets an event exactly five minutes after it was marked.',
        ours: 'It remembers at least that long, and at most about twice as long.',
        why: 'Forgetting in halves costs no timer and no sweep for each event.',
      },
    ),
  },
  {
    what: "a state of one's own: what it is asked for an event that succeeds",
    async run(bench) {
      const calls: string[] = [];
      const event = bench.event();
      const note = (call: string, id: string) =>
        void calls.push(id === event.eventId ? call : `${call} of ${id}`);
      await bench
        .orders()
        .withPathwayState({
          isProcessed: (id) => {
            note('isProcessed', id);
            return false;
          },
          setProcessed: (id) => note('setProcessed', id),
        })
        .handle(KEY, () => void calls.push('handler'))
        .process(KEY, event);
      return calls;
    },
    outcome: differs(
      {
        reference: ['handler', 'setProcessed'],
        ours: ['isProcessed', 'handler', 'setProcessed'],
      },
      {
        reference: 'A state of your own is not asked before an event is handled.',
        ours: '`isProcessed` is asked first.',
        why: 'Effects are applied once.',
      },
    ),
  },
  {
    what: "a state of one's own: what it is told of an event that fails for good",
    async run(bench) {
      const calls: string[] = [];
      const builder = bench
        .orders()
        .withPathwayState({ isProcessed: () => false, setProcessed: () => void calls.push('setProcessed') })
        .handle(KEY, broken);
      await ending(() => builder.process(KEY, bench.event()));
      return calls;
    },
    outcome: differs(
      { reference: ['setProcessed'], ours: [] },
      {
        reference: 'A state of your own is told `setProcessed` of an event that failed for good.',
        ours: 'It is not; the event is kept as a dead letter.',
        why: 'A failure must not look like a success.',
      },
    ),
  },
  {
    what: "a state of one's own says that the event was processed: does the handler run",
    async run(bench) {
      let handled = 0;
      await bench
        .orders()
        .withPathwayState({ isProcessed: () => true, setProcessed: () => {} })
        .handle(KEY, () => void handled++)
        .process(KEY, bench.event());
      return handled;
    },
    outcome: differs(
      { reference: 1, ours: 0 },
      {
        reference: 'The handler runs although the state says that the event was processed.',
        ours: 'The event is skipped.',
        why: 'Effects are applied once.',
      },
    ),
  },
  {
    what: "a write that waits asks a state of one's own",
    async run(bench) {
      const processed = new Set<string>();
      const builder = bench
        .orders()
        .withPathwayState({
          isProcessed: (id) => processed.has(id),
          setProcessed: (id) => void processed.add(id),
        })
        .handle(KEY, () => {});
      const writing = builder.write(KEY, { data });
      const { eventId } = await bench.firstStored();
      // Another process handles it.
      processed.add(eventId);
      return (await writing) === eventId;
    },
    outcome: same(true),
  },
  {
    what: 'a state that comes after the first event',
    async run(bench) {
      const builder = bench.orders().handle(KEY, () => {});
      await builder.process(KEY, bench.event());
      return ending(() => void builder.withPathwayState(bench.side.internalState()));
    },
    outcome: differs(
      { reference: 'done', ours: 'refused' },
      {
        reference: '`withPathwayState` may come at any time; what was marked so far is forgotten.',
        ours: 'After the first write, event or start it throws `PathwaysConfigurationError`.',
        why: 'What was marked so far would be handled again.',
      },
    ),
  },
];
