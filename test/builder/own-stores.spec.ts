import { describe, expect, it } from 'vitest';
import {
  createPostgresPathwayState,
  createPostgresPumpStateManagerFactory,
  PathwaysConfigurationError,
  PathwayWriteTimeoutError,
  type Logger,
  type PumpStateManager,
  type PumpStateManagerFactory,
  type PumpStateValue,
  type ReferencePathwayState,
} from 'nestjs-pathways/builder';
import { MemoryDeadLetterStore } from '../../lib/state/memory-dead-letter.store.js';
import { MemoryPathwayState } from '../../lib/state/memory-pathway.state.js';
import { timeBucketOfTimeUuid } from '../../lib/event/time-uuid.util.js';
import { addressOf, PLACED, useBuilders } from '../support/builder-bench.js';
import { usePostgres } from '../support/postgres.js';
import { until } from '../support/until.js';

/** What a service may have written for the reference: two methods over whatever it has. */
class SetState implements ReferencePathwayState {
  readonly marks = new Set<string>();
  isProcessed = async (eventId: string) => this.marks.has(eventId);
  setProcessed = async (eventId: string) => void this.marks.add(eventId);
}

/** A manager with a row for each pump, and only the reference's two columns. */
class ColumnPositions {
  readonly rows = new Map<string, { time_bucket: string; event_id: string | null }>();
  readonly cleared: string[] = [];

  readonly factory: PumpStateManagerFactory = (flowType, pumpGroup) => this.managerOf(flowType, pumpGroup);

  managerOf(flowType: string, pumpGroup: string): PumpStateManager {
    const key = `${flowType}::${pumpGroup}`;
    return {
      getState: async () => {
        const row = this.rows.get(key);
        return row ? ({ timeBucket: row.time_bucket, eventId: row.event_id } as PumpStateValue) : null;
      },
      setState: async ({ timeBucket, eventId }) =>
        void this.rows.set(key, { time_bucket: timeBucket, event_id: eventId ?? null }),
      clearState: async () => void this.cleared.push(key),
    };
  }
}

/** A manager that keeps what it is given as it is. */
function wholePositions() {
  const saved = new Map<string, PumpStateValue>();
  const factory = async (flowType: string, pumpGroup: string): Promise<PumpStateManager> => ({
    getState: () => saved.get(`${flowType}::${pumpGroup}`),
    setState: (state) => void saved.set(`${flowType}::${pumpGroup}`, state),
  });
  return { saved, factory };
}

function recordingLogger() {
  const warnings: string[] = [];
  const logger: Logger = {
    debug: () => {},
    info: () => {},
    warn: (message) => void warnings.push(message),
    error: () => {},
  };
  return { logger, warnings };
}

const positionOf = (eventId: string) => ({ time_bucket: timeBucketOfTimeUuid(eventId), event_id: eventId });

describe('states and state managers that were written for the reference', () => {
  const { numbers, store } = useBuilders();

  it('a state of two methods: what it has marked is skipped, what is handled is marked, and writes wait for it', async () => {
    const state = new SetState();
    const [first = ''] = await store(1, 2);
    state.marks.add(first);
    const { pathways, handled } = numbers({}, (builder) => builder.withPathwayState(state));
    await pathways.startPump({ startFrom: 'beginning' });
    const written = await pathways.write(PLACED, { data: { n: 3 } });
    expect(handled).toEqual([2, 3]);
    expect(state.marks).toContain(written);
    expect(state.marks.size).toBe(3);
  });

  it('a write waits for a mark that another process sets', async () => {
    const state = new SetState();
    const { pathways } = numbers({ pathwayTimeoutMs: 60_000 }, (builder) => builder.withPathwayState(state));
    const marked = store(1).then(([eventId = '']) => state.marks.add(eventId));
    const other = numbers({ pump: { startFrom: 'beginning' } }, (builder) => builder.withPathwayState(state));
    await marked;
    await other.pathways.startPump();
    await pathways.write(PLACED, { data: { n: 2 } });
    expect(other.handled).toEqual([2]);
    const alone = numbers({ pathwayTimeoutMs: 1 }, (builder) => builder.withPathwayState(new SetState()));
    await expect(alone.pathways.write(PLACED, { data: { n: 3 } })).rejects.toThrow(PathwayWriteTimeoutError);
  });

  it('an event whose handler failed is not marked, and one whose state could not be asked is tried again', async () => {
    const state = new SetState();
    let failures = 2;
    const failing: ReferencePathwayState = {
      isProcessed: async (eventId) => {
        if (failures-- > 0) throw new Error('the database is away');
        return state.isProcessed(eventId);
      },
      setProcessed: state.setProcessed,
    };
    const { pathways, handled } = numbers({}, (builder) => builder.withPathwayState(failing));
    await store(1);
    await pathways.startPump({ startFrom: 'beginning' });
    await until(() => handled.length === 1);
    await pathways.pump?.drain();
    expect(handled).toEqual([1]);
    expect(state.marks.size).toBe(1);
  });

  it('a factory of two parameters: each pump goes on from its own position', async () => {
    const positions = new ColumnPositions();
    const ids = await store(1, 2, 3);
    positions.rows.set('order.0::default', positionOf(ids[1]!));
    positions.rows.set('order.0::other', positionOf(ids[2]!));
    const state = new SetState();
    state.marks.add(ids[0]!);
    const { pathways, handled } = numbers({}, (builder) => builder.withPathwayState(state));
    await pathways.startPump({ stateManagerFactory: positions.factory });
    await pathways.pump?.drain();
    // The reference's position is its oldest unfinished event, which it would have left out.
    expect(handled).toEqual([2, 3]);
    await pathways.close();
    expect(positions.rows.get('order.0::default')).toEqual(positionOf(ids[2]!));
    expect(positions.rows.get('order.0::other')).toEqual(positionOf(ids[2]!));
  });

  it('a manager that keeps `finished` needs no mark to tell that the last event was handled', async () => {
    const { saved, factory } = wholePositions();
    const ids = await store(1, 2);
    const run = async () => {
      const { pathways, handled } = numbers();
      await pathways.startPump({ stateManagerFactory: factory, startFrom: 'beginning' });
      await pathways.pump?.drain();
      await pathways.close();
      return handled;
    };
    expect(await run()).toEqual([1, 2]);
    expect(saved.get('order.0::default')).toEqual({
      timeBucket: timeBucketOfTimeUuid(ids[1]!),
      eventId: ids[1],
      finished: true,
    });
    await store(3);
    expect(await run()).toEqual([3]);
  });

  it('a factory of one parameter works as before, and is warned of once where groups share a position', async () => {
    const { logger, warnings } = recordingLogger();
    const positions = new ColumnPositions();
    const oneParameter = (flowType: string) => positions.managerOf(flowType, 'all');
    await store(1, 2);
    const { pathways, handled } = numbers({ logger });
    const paid = { flowType: 'order.0', eventType: 'order.paid.0', pumpGroup: 'slow' } as const;
    pathways.register(paid).handle('order.0/order.paid.0', () => {});
    for (let start = 0; start < 2; start++) {
      await pathways.startPump({ stateManagerFactory: oneParameter, startFrom: 'beginning' });
      await pathways.pump?.drain();
      await pathways.stopPump();
    }
    expect(handled).toEqual([1, 2]);
    expect([...positions.rows.keys()]).toEqual(['order.0::all']);
    expect(warnings.filter((text) => text.includes('stateManagerFactory'))).toEqual([
      expect.stringMatching(/seems to declare one parameter.*"order\.0".*\(flowType, pumpGroup\)/),
    ]);
  });

  it.each<[string, (positions: ColumnPositions) => PumpStateManagerFactory]>([
    ['one parameter', (positions) => (flowType: string) => positions.managerOf(flowType, 'default')],
    [
      'a default for its second parameter',
      (positions) =>
        (flowType: string, pumpGroup = 'default') =>
          positions.managerOf(flowType, pumpGroup),
    ],
    [
      'a rest parameter',
      (positions) =>
        (...names) =>
          positions.factory(...names),
    ],
  ])('a factory with %s is not warned of while each flow type has one group', async (_what, factoryOf) => {
    const { logger, warnings } = recordingLogger();
    const positions = new ColumnPositions();
    await store(1);
    const { pathways, handled } = numbers({ logger });
    await pathways.startPump({ stateManagerFactory: factoryOf(positions), startFrom: 'beginning' });
    await pathways.pump?.drain();
    await pathways.close();
    expect(handled).toEqual([1]);
    expect([...positions.rows.keys()]).toEqual(['order.0::default']);
    expect(warnings.filter((text) => text.includes('stateManagerFactory'))).toEqual([]);
  });

  it('a factory that fails is asked again: its database may have been away', async () => {
    const { saved, factory } = wholePositions();
    let calls = 0;
    const failingOnce: PumpStateManagerFactory = async (flowType, pumpGroup) => {
      calls += 1;
      if (calls === 1) throw new Error('the database is away');
      return factory(flowType, pumpGroup);
    };
    await store(1);
    const { pathways, handled } = numbers();
    await pathways.startPump({ stateManagerFactory: failingOnce, startFrom: 'beginning' });
    await until(() => handled.length === 1);
    await pathways.close();
    expect(saved.has('order.0::default')).toBe(true);
    // Once it has answered, it is not asked for every position.
    expect(calls).toBe(2);
  });
});

describe('a Postgres factory that is wrapped', () => {
  const database = usePostgres();
  const { numbers, store, closing } = useBuilders();

  it('its last event is not handled again after a restart, although no mark tells of it', async () => {
    const postgres = closing(createPostgresPumpStateManagerFactory(addressOf(database)));
    await store(1, 2);
    const run = async () => {
      const { pathways, handled } = numbers();
      await pathways.startPump({
        stateManagerFactory: (flowType, pumpGroup) => postgres(flowType, pumpGroup),
        startFrom: 'beginning',
      });
      await pathways.pump?.drain();
      await pathways.close();
      return handled;
    };
    expect(await run()).toEqual([1, 2]);
    expect(await run()).toEqual([]);
    await store(3);
    expect(await run()).toEqual([3]);
  });
});

describe('a state that writes marks behind, beside a state manager of one’s own', () => {
  const { numbers, store } = useBuilders();

  it('a position is only saved after the marks it relies on', async () => {
    const order: string[] = [];
    class WritingBehind extends MemoryPathwayState {
      async flush(): Promise<void> {
        order.push('marks');
      }
    }
    const { factory } = wholePositions();
    const recording: PumpStateManagerFactory = async (flowType, pumpGroup) => {
      const manager = await factory(flowType, pumpGroup);
      return {
        getState: () => manager.getState(),
        setState: async (state) => {
          order.push('position');
          await manager.setState(state);
        },
      };
    };
    await store(1, 2);
    const { pathways, handled } = numbers({}, (builder) => builder.withPathwayState(new WritingBehind()));
    await pathways.startPump({ stateManagerFactory: recording, startFrom: 'beginning' });
    await pathways.pump?.drain();
    await pathways.close();
    expect(handled).toEqual([1, 2]);
    expect(order).toContain('position');
    expect(order.filter((what, index) => what === 'position' && order[index - 1] !== 'marks')).toEqual([]);
  });
});

describe('production', () => {
  const database = usePostgres();
  const { numbers, store } = useBuilders();
  const production = { runtimeEnv: 'production', pathwayMode: 'virtual', autoProvision: false } as const;
  const durableState = () => createPostgresPathwayState(addressOf(database));

  it('refuses pumps whose positions would be in memory, and says what to give', async () => {
    const letters = numbers(
      { ...production, singleInstance: true, store: { deadLetters: new MemoryDeadLetterStore() } },
      (builder) => builder.withPathwayState(new SetState()),
    );
    const start = letters.pathways.startPump();
    await expect(start).rejects.toThrow(PathwaysConfigurationError);
    await expect(start).rejects.toThrow(
      /stateManagerFactory: is missing.*createPostgresPumpStateManagerFactory/,
    );
    expect(letters.pathways.pump).toBeUndefined();
  });

  it('runs with a manager of one’s own where it is the only instance', async () => {
    const { factory } = wholePositions();
    const { pathways, handled } = numbers(
      { ...production, singleInstance: true, store: { deadLetters: new MemoryDeadLetterStore() } },
      (builder) => builder.withPathwayState(new SetState()),
    );
    await store(1);
    await pathways.startPump({ stateManagerFactory: factory, startFrom: 'beginning' });
    await pathways.pump?.drain();
    expect(handled).toEqual([1]);
  });

  it('runs with a state of one’s own and positions in Postgres, which keeps the dead letters too', async () => {
    const state = new SetState();
    const { pathways, handled } = numbers(production, (builder) => builder.withPathwayState(state));
    await store(1);
    await pathways.startPump({
      stateManagerFactory: createPostgresPumpStateManagerFactory(addressOf(database)),
      startFrom: 'beginning',
    });
    await pathways.pump?.drain();
    expect(handled).toEqual([1]);
    expect(state.marks.size).toBe(1);
    expect(await database.query('SELECT key FROM pathway_leases')).not.toEqual([]);
  });

  it('runs with nothing but a state in Postgres', async () => {
    const { pathways, handled } = numbers(production, (builder) => builder.withPathwayState(durableState()));
    await store(1);
    await pathways.startPump({ startFrom: 'beginning' });
    await pathways.pump?.drain();
    expect(handled).toEqual([1]);
  });

  it('`compatibility` refuses to pull in memory beside others, as the reference does without its cluster', async () => {
    const { pathways } = numbers({ ...production, compatibility: 'reference' });
    await expect(pathways.startPump()).rejects.toThrow(/keeps leases, delivery in the memory/);
  });

  it('`compatibility` runs with positions in memory where it is the only instance', async () => {
    const { pathways, handled } = numbers({
      ...production,
      compatibility: 'reference',
      singleInstance: true,
    });
    await store(1);
    await pathways.startPump({ startFrom: 'beginning' });
    await pathways.pump?.drain();
    expect(handled).toEqual([1]);
  });
});
