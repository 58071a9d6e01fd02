import { beforeEach, describe, expect, it } from 'vitest';
import { usePostgres } from '../support/postgres.js';
import { until } from '../support/until.js';
import { SECRET, type Report } from './support/durable.messages.js';
import type { DurableService } from './support/durable.service.js';
import { DurableWorld, effectOf, effectsIn, once, progress, resetTables } from './support/durable.world.js';

const postgres = usePostgres();
const world = DurableWorld.use();

beforeEach(() => resetTables(postgres));

/** Posts an event as the platform does. Returns the status. */
async function post(service: DurableService, eventId: string, n: number, keys: number): Promise<number> {
  const response = await fetch(service.webhook ?? '', {
    method: 'POST',
    headers: { 'x-webhook-secret': SECRET },
    body: JSON.stringify({
      eventId,
      timeBucket: '20260501100000',
      tenant: 'acme',
      dataCoreId: 'shop',
      flowType: 'a.0',
      eventType: 'b.0',
      metadata: {},
      payload: effectOf(n, keys),
      validTime: '2026-05-01T10:00:00.000Z',
    }),
  });
  await response.arrayBuffer();
  return response.status;
}

describe('the same event at the same moment by pump and webhook, on two processes', () => {
  it.each(['transactional', 'plain'] as const)(
    'has one effect (%s handler)',
    async (handler) => {
      const [rounds, size] = [20, 30];
      const options = { handler, concurrency: 16 };
      const pulling = world.services.start(world.options(postgres.url, { ...options, name: 'pulling' }));
      const posted = world.services.start(
        world.options(postgres.url, { ...options, name: 'posted', pump: false }),
      );
      await until(() => [pulling, posted].every(({ webhook }) => webhook !== undefined));
      for (let round = 0; round < rounds; round++) {
        // The pump hears of them while they are posted.
        const ids = await world.store(size, size, round * size);
        const statuses = await Promise.all(ids.map((id, n) => post(posted, id, round * size + n, size)));
        expect(statuses).toEqual(ids.map(() => 200));
      }
      await progress(postgres, rounds * size, pulling);
      expect([await pulling.stop(), await posted.stop()]).toEqual([
        [0, null],
        [0, null],
      ]);
      // Each key has one event of a round, so rounds are its order.
      expect(await effectsIn(postgres)).toEqual(once(rounds * size));
      const shares = await postgres.query('SELECT DISTINCT instance FROM effects ORDER BY instance');
      expect(shares).toEqual([{ instance: 'posted' }, { instance: 'pulling' }]);
      expect([...pulling.logged('error'), ...posted.logged('error')]).toEqual([]);
    },
    90_000,
  );
});

describe('a write that waits on instance A for a handler on instance B', () => {
  const ends = (service: DurableService) =>
    service.reports.filter(({ kind }): boolean => kind === 'written' || kind === 'rejected');

  async function write(handler: 'transactional' | 'plain' | 'failing'): Promise<Report | undefined> {
    const b = world.services.start(world.options(postgres.url, { handler, name: 'b' }));
    const a = world.services.start(world.options(postgres.url, { handler: 'none', name: 'a', pump: false }));
    await until(() => a.webhook !== undefined && b.webhook !== undefined);
    a.send({ kind: 'write', n: 7 });
    await until(() => ends(a).length > 0);
    return ends(a)[0];
  }

  it.each(['transactional', 'plain'] as const)(
    'is done when B has handled it (%s handler)',
    async (handler) => {
      expect(await write(handler)).toEqual({ kind: 'written', n: 7 });
      expect(await effectsIn(postgres)).toEqual(once(1));
    },
  );

  it("is refused with the handler's error when B finally fails", async () => {
    expect(await write('failing')).toMatchObject({
      kind: 'rejected',
      n: 7,
      name: 'PathwayHandlerFailedError',
      message: expect.stringContaining('There is no stock for 7'),
    });
  });
});
