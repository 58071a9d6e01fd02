import { beforeEach, describe, expect, it } from 'vitest';
import { usePostgres } from '../support/postgres.js';
import type { CrashPoint, DurableOptions } from './support/durable.messages.js';
import {
  afterCrash,
  DurableWorld,
  effectsIn,
  killAtRandom,
  once,
  progress,
  resetTables,
} from './support/durable.world.js';

const postgres = usePostgres();
const world = DurableWorld.use();
/** As batches take them, of one key after the other. */
const SIZE = 10;

beforeEach(() => resetTables(postgres));

const options = (more: Partial<DurableOptions>) =>
  world.options(postgres.url, { handler: 'batches', concurrency: SIZE, lookBackMs: 20, ...more });

/** Transactions in which the effects so far were committed, each with its number of effects. */
const batches = async () =>
  (await postgres.query(`SELECT count(*)::int AS n FROM effects GROUP BY xmin::text`)).map(({ n }) =>
    Number(n),
  );

describe('kill -9 in the middle of a batch', () => {
  it.each<[string, CrashPoint['at'], number]>([
    ['between two of its effects', 'after-effect', 24],
    ['after its commit, before the cursor', 'after-commit', 24],
  ])(
    '%s: each effect once, the order kept',
    async (_when, at, n) => {
      await world.store(60, 1);
      const service = world.services.start(options({ crash: { at, n } }));
      const next = world.services.prepare();
      expect(await service.end()).toEqual([null, 'SIGKILL']);
      await afterCrash(postgres);
      // Whole batches or nothing of them.
      const { events } = await effectsIn(postgres);
      expect(await effectsIn(postgres)).toEqual(once(events));
      expect(events > n).toBe(at === 'after-commit');

      next.send({ kind: 'start', options: options({}) });
      await progress(postgres, 60, next);
      expect(await next.stop()).toEqual([0, null]);
      expect(await effectsIn(postgres)).toEqual(once(60));
      expect(Math.max(...(await batches()))).toBeGreaterThan(1);
      expect(next.logged('error')).toEqual([]);
    },
    120_000,
  );

  it('at 4 random moments: each of 600 effects once, in the order of its key', async () => {
    const [events, kills] = [600, 4];
    await world.store(events, 40);
    const last = await killAtRandom(world, {
      events,
      kills,
      options: options({ concurrency: 4 * SIZE }),
    });
    await progress(postgres, events, last);
    expect(await last.stop()).toEqual([0, null]);
    expect(await effectsIn(postgres)).toEqual(once(events));
    expect(Math.max(...(await batches()))).toBeGreaterThan(1);
    expect(last.logged('error')).toEqual([]);
  }, 120_000);
});
