import { describe, expect, it } from 'vitest';
import { ControllableClock } from 'nestjs-pathways/testing';
import { usePostgres } from '../support/postgres.js';
import { until } from '../support/until.js';
import { OutboxWorld, type OutboxApp } from './support/outbox-world.js';

const postgres = usePostgres();
const world = OutboxWorld.use(postgres);
const PLACED = 'order.0/placed.0';

const enqueue = ({ engine }: OutboxApp, n: number) =>
  engine.writer.write(PLACED, { data: { n }, options: { outbox: true } });
const sentBefore = (n: number, minutes: number) =>
  postgres.query(
    `UPDATE pathway_outbox SET sent_at = now() - $2 * interval '1 minute' WHERE payload->>'n' = $1`,
    [String(n), minutes],
  );
const left = async () =>
  (await world.rows()).map((row) => (row['payload'] as { n: number }).n).toSorted((a, b) => a - b);
const isEmpty = async () => (await world.rows()).every((row) => row['sent_at'] !== null);

describe('sent outbox entries', () => {
  it.each([
    ['an hour', {}, [59, 61]],
    ['as long as retentionMs says', { retentionMs: 600_000 }, [9, 11]],
  ])('are kept for %s, others however old they are', async (_, outbox, [young = 0, old = 0]) => {
    const clock = new ControllableClock(Date.now());
    const app = await world.app({
      writesOnly: true,
      engine: { clock, outbox: { enabled: true, ...outbox } },
    });
    for (const n of [1, 2, 3, 4]) await enqueue(app, n);
    await until(isEmpty);
    await sentBefore(1, old);
    await sentBefore(2, young);
    await postgres.query(
      `UPDATE pathway_outbox SET sent_at = NULL, held_at = now() - interval '1 year' WHERE payload->>'n' = '3'`,
    );
    clock.advance(61_000);
    await until(async () => !(await left()).includes(1));
    expect(await left()).toEqual([2, 3, 4]);
  });

  it('are deleted however many there are', async () => {
    const clock = new ControllableClock(Date.now());
    const app = await world.app({ writesOnly: true, engine: { clock } });
    await enqueue(app, 1);
    await until(isEmpty);
    await postgres.query(
      `INSERT INTO pathway_outbox (tenant, data_core, flow_type, event_type, payload, headers, order_key, sent_at)
       SELECT 'acme', 'shop', 'order.0', 'placed.0', '{"n":2}', '{}', 'order.0', now() - interval '1 day'
       FROM generate_series(1, 2500)`,
    );
    clock.advance(61_000);
    await until(async () => (await left()).length === 1);
    expect(await left()).toEqual([1]);
  });
});

describe('keys of writes', () => {
  const keys = async () =>
    (await postgres.query('SELECT key FROM pathway_writes ORDER BY key')).map((row) => row['key']);
  const write = ({ engine }: OutboxApp, n: number, outbox = false) =>
    engine.writer.write(PLACED, {
      data: { n },
      options: { idempotencyKey: `k${n}`, fireAndForget: true, outbox },
    });

  it('are kept for a day, or as long as idempotencyTtlMs says, also those of the outbox', async () => {
    for (const [store, hours] of [
      [{}, 24],
      [{ idempotencyTtlMs: 7_200_000 }, 2],
    ] as const) {
      const app = await world.app({ writesOnly: true, store });
      await write(app, hours);
      await write(app, hours + 1, true);
      const kept = await postgres.query(
        `SELECT expires_at = created_at + $1 * interval '1 hour' AS is_so FROM pathway_writes WHERE key = ANY($2)`,
        [hours, [`acme/shop/k${hours}`, `acme/shop/k${hours + 1}`]],
      );
      expect(kept).toEqual([{ is_so: true }, { is_so: true }]);
    }
  });

  it('are deleted when their time is over, however many there are, and others are not', async () => {
    const clock = new ControllableClock(Date.now());
    const app = await world.app({ writesOnly: true, engine: { clock } });
    await write(app, 1);
    await write(app, 2);
    await postgres.query(`UPDATE pathway_writes SET expires_at = now() WHERE key LIKE '%k1'`);
    await postgres.query(
      `INSERT INTO pathway_writes (key, pathway, fingerprint, claim_ids, expires_at)
       SELECT 'old ' || n, 'p', 'f', '{}', now() - interval '1 day' FROM generate_series(1, 2500) AS n`,
    );
    // One round.
    clock.advance(73_000);
    await until(async () => (await keys()).length === 1);
    expect(await keys()).toEqual(['acme/shop/k2']);
  });
});
