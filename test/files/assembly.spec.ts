import { createHash } from 'node:crypto';
import { type FlowcoreEvent, MemoryPathwayState, type PathwaysStore } from 'nestjs-pathways';
import { describe, expect, it } from 'vitest';
import { MemoryFilePartStore } from '../../lib/processor/files/memory-file-part.store.js';
import { ControllableClock } from '../../lib/testing/controllable-clock.js';
import { until } from '../support/until.js';
import { filesUnderTest, partEvents, someBytes } from './support.js';

const { engineTo } = filesUnderTest();
const NOWHERE = 'http://127.0.0.1:9';
const delivery = { source: 'document.0::default', generation: 0 };
const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
const content = someBytes(1_000);
const ofFile = { parts: 5, checksum: () => sha256(content) };

/** An engine to which events are delivered one by one. */
function receiver(store: Partial<PathwaysStore> = {}, handle?: () => unknown) {
  const parts = engineTo(NOWHERE, {
    options: { store },
    pathway: { maxRetries: 0 },
    ...(handle ? { handle } : {}),
  });
  const deliver = (event: FlowcoreEvent | undefined, generation = 0) => {
    if (!event) throw new Error('There is no such event');
    return parts.engine.processor.process(event, { ...delivery, generation });
  };
  const deliverAll = async (events: readonly (FlowcoreEvent | undefined)[]) => {
    for (const event of events) await deliver(event);
  };
  return { ...parts, deliver, deliverAll };
}

describe('the parts of a file become the file', () => {
  const [a, b, c, d, e] = partEvents(content, ofFile);
  it.each([
    ['in order', [a, b, c, d, e]],
    ['backwards', [e, d, c, b, a]],
    ['in a wild order, some twice', [c, c, e, a, c, e, b, a, d]],
    ['and once more afterwards', [a, b, c, d, e, e, a, c]],
  ])('%s', async (_order, events) => {
    const { deliverAll, handled } = receiver();
    await deliverAll(events);
    expect(handled.map(({ bytes }) => bytes.equals(content))).toEqual([true]);
    expect(handled[0]?.event.eventId).toBe(a?.eventId);
  });

  it('all at the same time', async () => {
    const { deliver, handled } = receiver();
    await Promise.all([e, a, c, d, b, a, e].map((event) => deliver(event)));
    expect(handled.map(({ bytes }) => bytes.equals(content))).toEqual([true]);
  });

  it.each([
    ['numbered from 0', { first: 0, ...ofFile }],
    ['each with a checksum of its own', { parts: 5, checksum: sha256 }],
    [
      'with checksums as Base64',
      { parts: 5, checksum: () => createHash('sha256').update(content).digest('base64') },
    ],
    ['with an algorithm nobody knows', { parts: 5, checksum: () => '?', hashType: 'xyz-9' }],
    ['with SHA-256 written otherwise', { ...ofFile, hashType: 'SHA-256' }],
    [
      'with MD5',
      { parts: 5, checksum: () => createHash('md5').update(content).digest('hex'), hashType: 'md5' },
    ],
  ])('%s', async (_how, given) => {
    const { deliverAll, handled, engine } = receiver();
    const events = partEvents(content, given);
    await deliverAll(events.toReversed());
    expect(handled.map(({ bytes }) => bytes.equals(content))).toEqual([true]);
    for (const { eventId } of events) expect(await engine.store.state.statusOf(eventId)).toBe('processed');
  });

  it('two uploads of one file id side by side are two files', async () => {
    const other = someBytes(1_000);
    const others = partEvents(other, { parts: 5, checksum: () => sha256(other), id: 100 });
    const { deliverAll, handled } = receiver();
    await deliverAll([a, others[0], b, others[1], c, others[2], d, others[3], e, others[4]]);
    expect(handled.map(({ bytes }) => [bytes.equals(content), bytes.equals(other)])).toEqual([
      [true, false],
      [false, true],
    ]);
  });

  it.each([
    ['that say which upload they are of', { bytes: 1_000, metadata: { 'pathways/upload-id': 'second' } }],
    ['of files of another size', { bytes: 998 }],
    ['of files with other fields', { bytes: 1_000, own: { department: 'support' } }],
  ])(
    'parts with checksums of their own %s are not mixed, whichever is missing',
    async (_how, { bytes, ...given }) => {
      const firsts = partEvents(content, {
        parts: 5,
        checksum: sha256,
        metadata: { ...('metadata' in given && { 'pathways/upload-id': 'first' }) },
      });
      const other = someBytes(bytes);
      const others = partEvents(other, { parts: 5, checksum: sha256, id: 100, ...given });
      const { deliverAll, handled } = receiver();
      await deliverAll([firsts[0], ...others]);
      expect(handled.map((file) => file.bytes.equals(other))).toEqual([true]);
      await deliverAll(firsts.slice(1));
      expect(handled.map((file) => file.bytes.equals(content))).toEqual([false, true]);
    },
  );

  it('the same upload again is a file again, also while the first is a dead letter', async () => {
    let isBroken = true;
    const { deliverAll, handled, engine } = receiver({}, () => {
      if (isBroken) throw new Error('no');
    });
    await deliverAll([a, b, c, d, e]);
    expect(await engine.store.deadLetters.count({})).toBe(1);
    isBroken = false;
    const again = partEvents(content, { ...ofFile, id: 100 });
    await deliverAll(again);
    expect(handled.map(({ event }) => event.eventId)).toEqual([again[0]?.eventId]);
    expect(await engine.store.deadLetters.count({})).toBe(1);
  });

  it('a newer generation gets it again', async () => {
    const { deliver, handled } = receiver();
    for (const generation of [0, 1]) for (const event of [a, b, c, d, e]) await deliver(event, generation);
    expect(handled).toHaveLength(2);
  });

  it('no part is marked before the file is whole that could be its first', async () => {
    const { deliverAll, engine } = receiver();
    await deliverAll([a, b, c, d]);
    const statusOf = ({ eventId }: FlowcoreEvent) => engine.store.state.statusOf(eventId);
    expect([a, b].map((event) => event && statusOf(event))).toEqual([undefined, 'processed']);
  });

  it('a store that fails at the last part leaves it unfinished, and its redelivery runs the file', async () => {
    const state = new FailingState();
    const { deliver, deliverAll, handled } = receiver({ state });
    await deliverAll([a, b, c, d]);
    state.failFor = a?.eventId;
    await expect(deliver(e)).rejects.toThrow('the store is away');
    expect(handled).toHaveLength(0);
    state.failFor = undefined;
    await deliver(e);
    expect(handled).toHaveLength(1);
  });
});

describe('what is no whole file never reaches the handler', () => {
  const [a, b, c, d, e] = partEvents(content, ofFile);

  it('a part with other bytes than the checksum stands for', async () => {
    const { deliverAll, deliver, handled, engine } = receiver();
    const damaged = { ...c, payload: { ...(c?.payload as object), data: someBytes(200).toString('base64') } };
    await deliverAll([a, b, damaged as FlowcoreEvent, d]);
    expect(await deliver(e)).toMatchObject({
      status: 'dead-lettered',
      error: { name: 'FileChecksumMismatchError', fileId: 'f-1', stage: 'assembly' },
    });
    expect(handled).toEqual([]);
    expect(await engine.store.deadLetters.get(a?.eventId ?? '')).toMatchObject({ reason: 'invalid' });
  });

  it.each([
    ['without data', { data: undefined }],
    ['with a part number beyond the last', { part: 6 }],
    ['with a negative part number', { part: -1 }],
    ['with half a part number', { part: 1.5 }],
    ['with no parts at all', { totalParts: 0 }],
  ])('an event %s is a dead letter, and names the field', async (_what, change) => {
    const { deliver, handled } = receiver();
    const event = { ...a, payload: { ...(a?.payload as object), ...change } } as FlowcoreEvent;
    expect(await deliver(event)).toMatchObject({
      status: 'dead-lettered',
      error: { name: 'EventPayloadInvalidError' },
    });
    expect(handled).toEqual([]);
  });

  it('the replay of a dead letter whose other parts were forgotten keeps the letter', async () => {
    const clock = new ControllableClock(Date.UTC(2026, 4, 1));
    const { deliverAll, engine, handled } = receiver({}, () => {
      throw new Error('no');
    });
    await deliverAll([a, b, c, d, e]);
    const letter = await engine.store.deadLetters.get(a?.eventId ?? '');
    const restarted = engineTo(NOWHERE, {
      options: { clock, store: { deadLetters: engine.store.deadLetters } },
    });
    const replay = await restarted.engine.deadLetters.replay(a?.eventId ?? '');
    expect(replay).toMatchObject({ replayed: [], failed: [{ error: { name: 'FilePartsMissingError' } }] });
    expect(letter).toBeDefined();
    expect(await engine.store.deadLetters.count({})).toBe(1);
    expect(handled).toEqual([]);
  });
});

describe('parts in memory', () => {
  const warnings: string[] = [];
  const logger = {
    debug() {},
    info() {},
    error() {},
    warn: (message: string) => void warnings.push(message),
  };
  const part = (groupId: string, number: number, totalParts = 2) => ({
    groupId,
    part: number,
    totalParts,
    eventId: `${groupId}-${number}`,
    data: '{}',
    digest: '',
  });

  it('are forgotten when no part came for a day, and it is said', async () => {
    const clock = new ControllableClock(0);
    const store = new MemoryFilePartStore({ clock, logger });
    store.storePart(part('old', 1, 3));
    store.storePart(part('young', 1));
    clock.advance(80_000_000);
    store.storePart(part('old', 2, 3));
    clock.advance(10_000_000);
    expect(store.storePart(part('other', 1))).toEqual({ status: 'stored' });
    expect(store.size).toBe(2);
    expect(warnings).toHaveLength(1);
    expect(store.storePart(part('old', 3, 3))).toMatchObject({ status: 'complete' });
  });

  it('say once more that the group is complete, and nothing after it was discarded', async () => {
    const store = new MemoryFilePartStore({ logger });
    expect(store.storePart(part('g', 2))).toEqual({ status: 'stored' });
    expect(store.storePart(part('g', 2))).toEqual({ status: 'duplicate' });
    const complete = { status: 'complete', parts: [{ part: 1 }, { part: 2 }] };
    expect(store.storePart(part('g', 1))).toMatchObject(complete);
    expect(store.storePart(part('g', 2))).toMatchObject(complete);
    store.discard('g');
    expect(store.storePart(part('g', 2))).toEqual({ status: 'stored' });
    await until(() => store.size === 1);
  });
});

/** Forgets nothing, and is away for one event. */
class FailingState extends MemoryPathwayState {
  failFor: string | undefined;

  override claim(...[eventId, ...rest]: Parameters<MemoryPathwayState['claim']>) {
    if (eventId === this.failFor) throw new Error('the store is away');
    return super.claim(eventId, ...rest);
  }
}
