import { beforeEach, describe, expect, it } from 'vitest';
import { createPathwayContract, PathwaysEngine, silentLogger } from 'nestjs-pathways';
import { usePostgres } from '../support/postgres.js';
import type { CrashPoint } from './support/durable.messages.js';
import { afterCrash, DurableWorld, effectsIn, once, progress, resetTables } from './support/durable.world.js';

const postgres = usePostgres();
const world = DurableWorld.use();
const EVENTS = 6;

beforeEach(() => resetTables(postgres));

/** Events of five parts each. */
async function storeLargeEvents(): Promise<void> {
  const engine = new PathwaysEngine({
    baseUrl: world.local.url,
    tenant: 'acme',
    dataCore: 'shop',
    logger: silentLogger,
  });
  engine.addContract(createPathwayContract({ flowType: 'a.0', eventType: 'b.0' }, { declaredBy: 'test' }));
  const data = Array.from({ length: EVENTS }, (_, n) => ({
    n,
    key: `k-${n % 2}`,
    text: 'x'.repeat(150_000),
  }));
  await engine.writer.write('a.0/b.0', { batch: true, data, options: { fireAndForget: true } });
  await engine.stop();
}

describe('kill -9 of a service that handles large events', () => {
  it.each<[string, CrashPoint['at'], number]>([
    ['between assembly and the handler', 'before-handler', 3],
    ['after the effect, before the commit', 'after-effect', 3],
    ['after the commit, before the last part is marked', 'after-commit', 4],
  ])(
    '%s loses nothing and repeats nothing',
    async (_when, at, applied) => {
      await storeLargeEvents();
      const service = world.services.start(world.options(postgres.url, { crash: { at, n: 3 } }));
      const next = world.services.prepare();
      expect(await service.end()).toEqual([null, 'SIGKILL']);
      await afterCrash(postgres);
      expect(await effectsIn(postgres)).toEqual(once(applied));

      next.send({ kind: 'start', options: world.options(postgres.url) });
      await progress(postgres, EVENTS, next);
      expect(await next.stop()).toEqual([0, null]);
      expect(await effectsIn(postgres)).toEqual(once(EVENTS));
      expect(next.logged('error')).toEqual([]);
    },
    120_000,
  );
});
