import { describe, expect, it } from 'vitest';
import type { FlowcoreEvent } from 'nestjs-pathways';
import { usePostgres } from '../support/postgres.js';
import { ns, OutboxWorld, type OutboxApp, type OutboxAppOptions } from '../outbox/support/outbox-world.js';
import { eventOf, partsOf } from './parts-harness.js';

const postgres = usePostgres();
const world = OutboxWorld.use(postgres);
const PLACED = 'order.0/placed.0';
/** Thirty parts: more than one request of the writer. */
const LARGE = { n: 1, key: 'x'.repeat(1_000_000) };
const KEYED = { idempotencyKey: 'k' };
const failing: OutboxAppOptions = {
  handle: () => {
    throw new RangeError('There is no stock');
  },
};

/** No parts arrive by themselves: the test delivers them. */
const byHand: OutboxAppOptions = { engine: { pump: false } };
const deliver = ({ engine }: OutboxApp, event: FlowcoreEvent) =>
  engine.processor.process(event, { source: 'order.0::default', generation: 0 });

/** The parts of a large event whose write had an idempotency key; its two requests have ids of their own. */
async function keyedParts(payload: unknown): Promise<FlowcoreEvent[]> {
  const parts = await partsOf(payload);
  return parts.map((part, at) => ({
    ...eventOf(part.payload, { ...part.metadata, 'pathways/idempotency-id': `k#${at % 2}` }),
    flowType: 'order.0',
    eventType: 'placed.0',
  }));
}

/** What time does: the parts of large events, and the marks of everything, are gone. */
async function forgetEverything(): Promise<void> {
  await postgres.query('DELETE FROM pathway_chunks');
  await postgres.query('DELETE FROM pathway_state');
}

describe('the dead letter of a large event that was written with an idempotency key', () => {
  it.each([
    ['while its parts are there', () => Promise.resolve()],
    ['after its parts were removed', () => postgres.query('DELETE FROM pathway_chunks')],
    ['after its mark was forgotten too', forgetEverything],
  ])('is replayed once, as a whole, %s', async (_when, passTime) => {
    const broken = await world.app(failing);
    const write = broken.engine.writer.write(PLACED, { data: LARGE, options: KEYED });
    await expect(write).rejects.toThrow('There is no stock');
    // A part that the pump has not passed comes again, and with the marks forgotten it would race the replay.
    await broken.engine.pumps.drain();
    await broken.stop();
    await passTime();

    // Its look back would deliver the parts again, and whichever came first would be the one that handles.
    const repaired = await world.app({ engine: { pump: { lookBackMs: 0 } } });
    const { deadLetters, pumps } = repaired.engine;
    const [letter] = (await deadLetters.list()).letters;
    expect(letter).toMatchObject({ reason: 'failed', claimId: expect.stringContaining('pathways/chunk/') });
    expect(await deadLetters.replay({})).toMatchObject({
      replayed: [{ eventId: letter?.eventId, outcome: 'processed' }],
      failed: [],
    });
    await pumps.drain();
    expect(repaired.handled.map(({ payload }) => payload)).toEqual([LARGE]);
    expect(await deadLetters.count()).toBe(0);
    // Its writer asks again: told of the end, nothing is sent and nothing runs.
    await repaired.engine.writer.write(PLACED, { data: LARGE, options: KEYED });
    expect(ns(repaired)).toEqual([1]);
  });

  it('is not handled after it was discarded, by no copy of its parts and although its first mark was forgotten', async () => {
    const broken = await world.app({ ...byHand, ...failing });
    const parts = await keyedParts({ n: 1, key: 'x'.repeat(900) });
    for (const part of parts) await deliver(broken, part);
    await forgetEverything();
    await broken.engine.deadLetters.discard(parts[0]?.eventId ?? '', 'the order was cancelled');
    await broken.stop();

    const repaired = await world.app(byHand);
    const copies = parts.map((part) => eventOf(part.payload, part.metadata));
    for (const copy of copies)
      await deliver(repaired, { ...copy, flowType: 'order.0', eventType: 'placed.0' });
    expect(repaired.handled).toEqual([]);
  });

  it('of which a part is damaged is one letter, however many of its parts come again, and stays at a replay', async () => {
    const app = await world.app(byHand);
    const parts = await keyedParts({ n: 1, key: 'x'.repeat(900) });
    const { data, ...header } = (parts[1] as FlowcoreEvent).payload as { data: string };
    const damaged = { ...parts[1], payload: { ...header, data: data.replace('x', 'y') } } as FlowcoreEvent;
    const delivered = parts.with(1, damaged);
    for (const part of [...delivered, ...delivered]) await deliver(app, part);
    const { deadLetters } = app.engine;
    const { letters } = await deadLetters.list();
    expect(letters).toMatchObject([
      { eventId: parts[0]?.eventId, reason: 'invalid', attempts: { length: 1 } },
    ]);
    expect(app.logged.filter(({ level }) => level === 'error')).toHaveLength(1);

    await forgetEverything();
    const { failed } = await deadLetters.replay({});
    expect(failed).toMatchObject([{ error: { name: 'ChunkAssemblyFailedError' } }]);
    expect(await deadLetters.count()).toBe(1);
  });
});

describe('the dead letters of single parts', () => {
  /** An application that did not collect parts when they came. */
  async function lettersOfParts(): Promise<{ app: OutboxApp; parts: FlowcoreEvent[] }> {
    const app = await world.app(byHand);
    const parts = await keyedParts({ n: 7, key: 'x'.repeat(900) });
    const { store } = app.engine;
    const without = await world.app({
      engine: {
        pump: false,
        store: { state: store.state, deadLetters: store.deadLetters, cursors: store.cursors },
      },
    });
    for (const part of parts) await deliver(without, part);
    await without.stop();
    expect(await app.engine.deadLetters.countByFingerprint()).toMatchObject([{ count: parts.length }]);
    return { app, parts };
  }

  it('become their event when they are replayed together, and none is left', async () => {
    const { app, parts } = await lettersOfParts();
    const { deadLetters } = app.engine;
    const { replayed, failed } = await deadLetters.replay({});
    expect([replayed.length, failed]).toEqual([parts.length, []]);
    expect(ns(app)).toEqual([7]);
    expect(await deadLetters.count()).toBe(0);
  });

  it('stay for as long as others are missing, and say so', async () => {
    const { app, parts } = await lettersOfParts();
    const { deadLetters } = app.engine;
    const { eventId = '' } = parts[2] ?? {};
    for (const passTime of [() => Promise.resolve(), forgetEverything]) {
      await passTime();
      const { replayed, failed } = await deadLetters.replay(eventId);
      expect(replayed).toEqual([]);
      expect(failed).toMatchObject([
        { eventId, error: { name: 'ChunkPartsMissingError', part: 3, totalParts: parts.length } },
      ]);
      expect(await deadLetters.count()).toBe(parts.length);
    }

    await deadLetters.discard(parts[0]?.eventId ?? '', 'to see what the others do without it');
    await forgetEverything();
    expect((await deadLetters.replay({})).failed).toHaveLength(parts.length - 1);
    expect(app.handled).toEqual([]);

    // As after a reset of the pump.
    await deliver(app, parts[0] as FlowcoreEvent);
    expect((await deadLetters.replay({})).failed).toEqual([]);
    expect([ns(app), await deadLetters.count()]).toEqual([[7], 0]);
  });
});
