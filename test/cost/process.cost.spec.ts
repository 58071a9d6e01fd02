/** What an event costs inside of the process, counted and not timed: a machine that is busy does not change it. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { assembleChunk } from '../../lib/processor/chunks/chunk.assembler.js';
import { parseChunkPart } from '../../lib/processor/chunks/chunk-part.parser.js';
import { splitEvent } from '../../lib/writer/chunks/event.splitter.js';
import { PumpHarness } from '../support/pump-harness.js';
import { countCopies, countPromises } from './cost.counters.js';
import { engineWith, freshEvents, handleAll } from './cost.support.js';

const OFFLINE = { baseUrl: 'http://127.0.0.1:9', pump: false } as const;

describe('an event through the processor', () => {
  const EVENTS = 500;

  /** What is made once, for the first event, is no event's. */
  async function promisesPerEvent(pathways: number, events = EVENTS): Promise<number> {
    const engine = engineWith(OFFLINE, {}, pathways);
    await handleAll(engine, freshEvents(pathways, pathways));
    const measured = freshEvents(events, pathways);
    return (await countPromises(() => handleAll(engine, measured))) / events;
  }

  it('takes no more promises than it did', async () => {
    expect(await promisesPerEvent(1)).toBeLessThan(12.5);
  });

  it('takes as many promises with 1,000 pathways as with one', async () => {
    expect(await promisesPerEvent(1_000, 1_000)).toBeCloseTo(await promisesPerEvent(1, 1_000), 1);
  });

  it('takes as many promises in a long run as in a short one', async () => {
    expect(await promisesPerEvent(1, 5_000)).toBeCloseTo(await promisesPerEvent(1, EVENTS), 1);
  });

  it('is neither parsed nor serialised', async () => {
    const engine = engineWith(OFFLINE);
    const events = freshEvents(EVENTS);
    const { parsed, serialised, concatenated } = await countCopies(() => handleAll(engine, events));
    expect([parsed, serialised, concatenated]).toEqual([0, 0, 0]);
  });
});

describe('an event through the pump', () => {
  let harness: PumpHarness;
  beforeEach(() => (harness = new PumpHarness()));
  afterEach(() => harness.close());

  /** Promises and looks at an order key, per event. */
  async function costOf(events: number, bufferSize: number, keys: number) {
    harness.storeMany(events);
    let looks = 0;
    harness.processor.keyOf = ({ eventId }) => {
      looks++;
      return eventId.slice(0, 8) + (Number.parseInt(eventId.slice(4, 8), 16) % keys);
    };
    const promises = await countPromises(async () => {
      await harness.started({ options: { bufferSize, concurrency: 16 } });
      await harness.until(() => harness.processor.handled.length === events);
    });
    return { promises: promises / events, looks: looks / events };
  }

  it('takes no more promises than it did', async () => {
    const cost = await costOf(5_000, 1_000, 5_000);
    expect(cost.promises).toBeLessThan(7.5);
    expect(cost.looks).toBeLessThanOrEqual(2);
  });

  it('takes no more with ten times the buffer', async () => {
    const [small, large] = [await costOf(5_000, 500, 5_000), await costOf(5_000, 5_000, 5_000)];
    expect(large.promises).toBeLessThan(small.promises * 1.2);
    expect(large.looks).toBeLessThanOrEqual(small.looks);
  });
});

describe('a large event', () => {
  const BYTES = 1_000_000;

  async function copiesOf(bytes: number) {
    const text = JSON.stringify({ id: 'cost', text: 'x'.repeat(bytes) });
    const [event] = freshEvents(1);
    if (!event) throw new Error('No event was made');
    const copies = await countCopies(async () => {
      const { parts } = await splitEvent({
        key: 'cost',
        text,
        chunkId: 'cost',
        partBudgetBytes: 45_000,
        cipher: undefined,
      });
      const read = parts.map((part) =>
        parseChunkPart({ ...event, payload: JSON.parse(part.text) as unknown }, false),
      );
      const [first] = read;
      if (!first) throw new Error('No parts');
      const slices = read.map(({ data }) => data as string);
      const whole = { ...event, metadata: { 'pathways/chunked': 'true' } };
      await assembleChunk(
        { header: first.header, slices, firstEventId: event.eventId, event: whole },
        undefined,
      );
    });
    return copies;
  }

  it('is serialised once in parts and parsed once in parts and once as a whole', async () => {
    for (const bytes of [BYTES, BYTES * 10]) {
      const { parsed, serialised, concatenated } = await copiesOf(bytes);
      // The event once as a whole, its parts once more; what parts carry beside their slice is less than a hundredth.
      expect(parsed / bytes).toBeLessThan(2.02);
      expect(serialised / bytes).toBeLessThan(2.02);
      expect(concatenated).toBe(0);
    }
  });
});
