import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FlowcoreEvent } from 'nestjs-pathways';
import { until } from '../support/until.js';
import { Collector, eventOf, memoryParts, partsOf } from './parts-harness.js';

const PAYLOAD = { title: 'Keyp á brúnni 😀', text: '"x" '.repeat(150) };

const order = (events: readonly FlowcoreEvent[], ...at: number[]) =>
  at.map((index) => events[index] as FlowcoreEvent);
const idOf = (events: readonly FlowcoreEvent[]) => events[0]?.eventId;

/** A part whose header or data is another one. */
function altered(event: FlowcoreEvent | undefined, header: object, more: object = {}): FlowcoreEvent {
  const payload = event?.payload as { pathwaysChunk: object };
  return eventOf(
    { ...payload, pathwaysChunk: { ...payload.pathwaysChunk, ...header }, ...more },
    event?.metadata,
  );
}

describe('the parts of a large event', () => {
  it('reach the handler once, as one event with the id of part 1, whatever their order', async () => {
    const collector = new Collector();
    const parts = await partsOf(PAYLOAD);
    const last = parts.length - 1;
    const shuffled = order(parts, last, 0, ...[...parts.keys()].filter((at) => at > 0 && at < last));
    await collector.deliverAll(shuffled.slice(0, -1));
    expect(collector.handled).toEqual([]);
    const { state } = collector.engine.store;
    // Its writer waits for the id of part 1: that mark belongs to the whole event.
    expect(await state.statusOf(idOf(parts) ?? '')).toBeUndefined();
    expect(await state.statusOf(parts[last]?.eventId ?? '')).toBe('processed');

    const completing = { ...(shuffled.at(-1) as FlowcoreEvent), timeBucket: '20260501110000' };
    expect(await collector.deliver(completing)).toEqual({ status: 'processed' });
    expect(collector.handled).toEqual([
      { ...completing, eventId: idOf(parts), payload: PAYLOAD, metadata: { source: 'api' } },
    ]);
    for (const { eventId } of parts) expect(await state.statusOf(eventId)).toBe('processed');
  });

  it('are skipped when they are delivered again, and run the handler again in a new generation', async () => {
    const collector = new Collector();
    const parts = await partsOf(PAYLOAD);
    await collector.deliverAll(parts);
    expect(new Set(await collector.deliverAll(parts))).toEqual(new Set(['skipped']));
    expect(collector.handled).toHaveLength(1);
    await collector.deliverAll(parts, 1);
    expect(collector.handled).toHaveLength(2);
  });

  it('are taken by any part that is delivered again when nobody got to the handler', async () => {
    const collector = new Collector();
    const parts = await partsOf(PAYLOAD);
    const aborting = new AbortController();
    aborting.abort();
    await collector.deliverAll(parts.slice(0, -1));
    const delivery = { source: 'a.0::default', generation: 0, signal: aborting.signal };
    const last = parts.at(-1) as FlowcoreEvent;
    expect(await collector.engine.processor.process(last, delivery)).toEqual({ status: 'aborted' });
    expect(await collector.engine.store.state.statusOf(last.eventId)).toBeUndefined();

    const other = new Collector(collector.store);
    expect(await other.deliver(order(parts, 1)[0] as FlowcoreEvent)).toEqual({ status: 'processed' });
    expect(other.handled).toHaveLength(1);
  });

  it('that come at once, in two instances, run the handler once', async () => {
    const store = memoryParts();
    const instances = [new Collector(store), new Collector(store)];
    for (let round = 0; round < 20; round++) {
      const parts = await partsOf({ ...PAYLOAD, round });
      await Promise.all([...parts, ...parts].map((part, at) => instances[(at + round) % 2]?.deliver(part)));
    }
    const rounds = instances.flatMap(({ handled }) =>
      handled.map(({ payload }) => (payload as { round: number }).round),
    );
    expect(rounds.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, at) => at));
  });

  it('that were stored twice by a retried write are one event, and both copies of part 1 end', async () => {
    const collector = new Collector();
    const parts = await partsOf(PAYLOAD);
    const copies = parts.map((part) => ({ ...eventOf(part.payload, part.metadata) }));
    await collector.deliverAll([...parts, ...copies]);
    expect(collector.handled.map(({ eventId }) => eventId)).toEqual([idOf(parts)]);
    expect(await collector.engine.store.state.statusOf(idOf(copies) ?? '')).toBe('processed');
  });

  it.each([
    ['without the marker', {}],
    ['with another marker', { 'pathways/chunked': 'yes' }],
  ])("%s are none: the payload is the user's", async (_which, metadata) => {
    const collector = new Collector();
    const [part] = await partsOf(PAYLOAD);
    await collector.deliver(eventOf(part?.payload, metadata));
    expect(collector.handled.map(({ payload }) => payload)).toEqual([part?.payload]);
  });

  it('do not make parts of the small events in their request', async () => {
    const collector = new Collector();
    await collector.deliver(eventOf({ n: 1 }, { 'pathways/chunked': 'true' }));
    expect(collector.handled.map(({ payload }) => payload)).toEqual([{ n: 1 }]);
  });
});

describe('what cannot be put together becomes a dead letter', () => {
  it.each<[string, object, object, string]>([
    ['no header', { id: undefined }, {}, 'ChunkPartMalformedError'],
    ['a part beyond the last', { part: 99 }, {}, 'ChunkPartMalformedError'],
    ['part 0', { part: 0 }, {}, 'ChunkPartMalformedError'],
    ['half a part', { totalParts: 2.5 }, {}, 'ChunkPartMalformedError'],
    ['data that is no text', {}, { data: 1 }, 'ChunkPartMalformedError'],
    ['all data at once', {}, { data: ['{}'] }, 'ChunkPartMalformedError'],
    ['text no database can keep', {}, { data: 'a\0b' }, 'ChunkPartMalformedError'],
    ['an id too long for an index', { id: 'x'.repeat(5_000) }, {}, 'ChunkPartMalformedError'],
    ['an unknown scheme', { scheme: 'zip-v1' }, {}, 'ChunkSchemeUnknownError'],
  ])('%s', async (_what, header, more, name) => {
    const collector = new Collector();
    const [part] = await partsOf(PAYLOAD);
    const odd = altered(part, header, more);
    expect(await collector.deliver(odd)).toMatchObject({ status: 'dead-lettered', error: { name } });
    expect(await collector.letters()).toMatchObject([
      { eventId: odd.eventId, reason: 'invalid', event: odd },
    ]);
  });

  it('a part that contradicts those that are there; they still become their event', async () => {
    const collector = new Collector();
    const parts = await partsOf(PAYLOAD);
    await collector.deliver(parts[0] as FlowcoreEvent);
    const odd = [altered(parts[0], {}, { data: 'other' }), altered(parts[1], { digest: 'other' })];
    const name = 'ChunkPartConflictError';
    for (const part of odd) expect(await collector.deliver(part)).toMatchObject({ error: { name } });
    await collector.deliverAll(parts.slice(1));
    expect(collector.handled.map(({ payload }) => payload)).toEqual([PAYLOAD]);
  });

  it('parts whose text has another digest, as one letter with all of them, which can be replayed', async () => {
    const collector = new Collector();
    const parts = await partsOf(PAYLOAD);
    const { data: text } = (parts[1] as FlowcoreEvent).payload as { data: string };
    const data = text.replace('x', 'y');
    await collector.deliverAll(parts.with(1, altered(parts[1], {}, { data })));
    const [letter] = await collector.letters();
    expect(letter).toMatchObject({ eventId: idOf(parts), reason: 'invalid' });
    expect(letter?.error).toContain('digest');
    expect(letter?.event.payload).toMatchObject({ data: { length: parts.length } });
    const { failed } = await collector.engine.deadLetters.replay({});
    expect(failed).toMatchObject([{ eventId: idOf(parts) }]);
    expect(collector.handled).toEqual([]);
  });

  it('parts that arrive where nothing collects them; their letters are replayed once something does', async () => {
    const { chunks, ...others } = memoryParts();
    const cursors = new Collector().engine.store.cursors;
    const collector = new Collector({ ...others, cursors });
    const parts = await partsOf(PAYLOAD);
    expect(await collector.deliver(parts[0] as FlowcoreEvent)).toMatchObject({
      error: { name: 'ChunkStoreMissingError' },
    });
    await collector.deliverAll(parts.slice(1));
    const repaired = new Collector({ ...others, chunks });
    await repaired.engine.deadLetters.replay({});
    expect(repaired.handled.map(({ payload }) => payload)).toEqual([PAYLOAD]);
    expect(await repaired.letters()).toEqual([]);
  });

  it('an event whose handler fails, as a whole: a replay needs no parts', async () => {
    const store = memoryParts();
    const collector = new Collector(store);
    collector.handle = () => {
      throw new RangeError('no stock');
    };
    const parts = await partsOf(PAYLOAD);
    expect((await collector.deliverAll(parts)).at(-1)).toBe('dead-lettered');
    expect(await collector.letters()).toMatchObject([
      { eventId: idOf(parts), reason: 'failed', event: { payload: PAYLOAD, metadata: { source: 'api' } } },
    ]);
    const { chunks: _lost, ...others } = store;
    const repaired = new Collector(others);
    await repaired.engine.deadLetters.replay({});
    expect(repaired.handled.map(({ payload }) => payload)).toEqual([PAYLOAD]);
  });
});

describe('large events and time', () => {
  it('reports an event that never was complete', async () => {
    const clocked = new Collector({});
    const parts = await partsOf(PAYLOAD);
    await clocked.engine.start();
    try {
      await clocked.deliverAll(order(parts, 0, 2));
      await until(() => {
        clocked.clock.advance(60_000);
        return clocked.warnings.length > 0;
      });
      const eventIds = order(parts, 0, 2).map(({ eventId }) => eventId);
      expect(clocked.warnings).toMatchObject([{ fields: { parts: [1, 3], eventIds } }]);
      expect(clocked.warnings[0]?.message).toContain(`of its ${parts.length} parts 1, 3 arrived, and 2, 4-`);
    } finally {
      await clocked.engine.stop();
    }
  });

  it('any JSON payload reaches the handler unchanged, whatever the order of its parts', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.dictionary(fc.string(), fc.jsonValue({ stringUnit: 'binary' })),
        fc.infiniteStream(fc.nat()),
        async (value, random) => {
          const collector = new Collector();
          const payload = JSON.parse(JSON.stringify({ value, more: '"é😀\\'.repeat(80) })) as object;
          const parts = await partsOf(payload);
          const keyed = parts.map((part) => [random.next().value as number, part] as const);
          const shuffled = keyed.sort(([a], [b]) => a - b).map(([, part]) => part);
          await collector.deliverAll([...shuffled, ...shuffled]);
          expect(collector.handled.map((event) => JSON.stringify(event.payload))).toEqual([
            JSON.stringify(payload),
          ]);
        },
      ),
      { numRuns: 60 },
    );
  });
});
