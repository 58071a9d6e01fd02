import { expect, it, vi } from 'vitest';
import { PathwayHandlerFailedError } from 'nestjs-pathways';
import { failureOf } from '../support/failure-of.js';
import { usePostgres } from '../support/postgres.js';
import { until } from '../support/until.js';
import { ns, OutboxWorld, type OutboxApp, type OutboxAppOptions } from './support/outbox-world.js';
import { shortTimersClock as clock } from './support/short-timers.clock.js';

// No wait here is ended by the poll: on this clock it never comes.
const postgres = usePostgres();
const world = OutboxWorld.use(postgres);
const PLACED = 'order.0/placed.0';
const options = { idempotencyKey: 'k', timeoutMs: 600_000 };
const oneByOne = { startFrom: 'beginning', concurrency: 1, pollIntervalMs: 50 } as const;

const writerApp = () => world.app({ writesOnly: true, engine: { clock } });

/** Starts a write and waits until it waits. */
async function waitingWrite({ engine }: OutboxApp) {
  const waits = vi.spyOn(engine.store.signals ?? { waitFor: () => () => {} }, 'waitFor');
  const outcome = engine.writer.write(PLACED, { data: { n: 1 }, options });
  outcome.catch(() => {});
  await until(() => waits.mock.calls.length > 0);
  return { outcome };
}

/** A handler that does not end before it is told to. */
function heldBack(then: () => void = () => {}) {
  let release = () => {};
  const held = new Promise<void>((resolve) => (release = resolve));
  const handle: OutboxAppOptions['handle'] = () => held.then(then);
  return { handle, release: () => release() };
}

const claimId = async () =>
  String((await postgres.query('SELECT claim_ids[1] AS id FROM pathway_writes'))[0]?.['id']);

it('ends when another instance has handled the first copy, whose answer was lost', async () => {
  const { handle, release } = heldBack();
  // One event at a time: the second copy, whose id the writer got, is not even looked at before.
  const handling = await world.app({ handle, engine: { pump: oneByOne } });
  world.network.cuts = 1;
  const { outcome } = await waitingWrite(await writerApp());
  expect(world.stored).toBe(2);
  release();
  const eventId = await outcome;
  expect(ns(handling)).toEqual([1]);
  expect(handling.handled[0]?.eventId).not.toBe(eventId);
});

it('fails when the first copy fails in another instance, and names the copy that is the dead letter', async () => {
  const { handle, release } = heldBack(() => {
    throw new Error('no stock');
  });
  const handling = await world.app({ handle, engine: { pump: oneByOne } });
  world.network.cuts = 1;
  const { outcome } = await waitingWrite(await writerApp());
  release();
  const failure = await failureOf(outcome, PathwayHandlerFailedError);
  expect(failure.message).toContain('no stock');
  expect(await handling.engine.store.deadLetters.get(failure.eventId)).toBeDefined();
});

it('ends when another instance finds its event handled by one that died before it said so', async () => {
  const handling = await world.app({ engine: { pump: { ...oneByOne, autoStart: false } } });
  const { outcome } = await waitingWrite(await writerApp());
  await handling.engine.store.state.complete(await claimId(), 0, 'processed');
  await handling.engine.pumps.start();
  await outcome;
  expect(ns(handling)).toEqual([]);
});

it('ends when its event is handled by an instance that did not run yet when it began to wait', async () => {
  const { outcome } = await waitingWrite(await writerApp());
  const handling = await world.app();
  await outcome;
  expect(ns(handling)).toEqual([1]);
});

it('ends for every caller of the key, in every instance', async () => {
  const { handle, release } = heldBack();
  const handling = await world.app({ handle, engine: { clock } });
  const first = await waitingWrite(handling);
  const second = await waitingWrite(await writerApp());
  const third = await waitingWrite(await writerApp());
  release();
  const ids = await Promise.all([first, second, third].map(({ outcome }) => outcome));
  expect([new Set(ids).size, world.stored, ns(handling)]).toEqual([1, 1, [1]]);
});

it('ends at once when the event was handled before the key came again', async () => {
  const handling = await world.app();
  await handling.engine.writer.write(PLACED, { data: { n: 1 }, options });
  const { writer } = (await writerApp()).engine;
  await writer.write(PLACED, { data: { n: 1 }, options });
  expect(ns(handling)).toEqual([1]);
});

it('ends in the instance that handles another copy than the one it waits for', async () => {
  const app = await world.app({ engine: { clock, pump: { ...oneByOne, autoStart: false } } });
  const { outcome } = await waitingWrite(app);
  const copy = {
    eventId: '3f2b1c00-5d4e-11f0-8000-000000000001',
    timeBucket: '20250713000000',
    tenant: 'acme',
    dataCoreId: 'shop',
    flowType: 'order.0',
    eventType: 'placed.0',
    metadata: { 'pathways/idempotency-id': 'k#0' },
    payload: { n: 1 },
    validTime: '2025-07-13T00:00:00.000Z',
  };
  await app.engine.processor.process(copy, {
    source: 'order.0::default',
    generation: 0,
  });
  await outcome;
  expect(app.handled.map(({ eventId }) => eventId)).toEqual([copy.eventId]);
});
