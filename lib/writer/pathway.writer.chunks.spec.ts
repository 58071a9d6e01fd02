import { describe, expect, it, vi } from 'vitest';
import { EventPayloadInvalidError } from '../errors/event-payload-invalid.error.js';
import { PathwayBatchIncompleteError } from '../errors/pathway-batch-incomplete.error.js';
import { PlatformRequestError } from '../errors/platform-request.error.js';
import { TimeKeyUnreadableError } from '../errors/time-key-unreadable.error.js';
import { AesGcmCipher, SECRETS } from './chunks/aes-gcm.spec-util.js';
import type { PathwayWriter } from './pathway.writer.js';
import { writersUnderTest } from './pathway.writer.spec-util.js';
import { failureOf } from '../../test/support/failure-of.js';

const open = writersUnderTest();
const BIG = 'order.0/written.0';
const FORGET = { fireAndForget: true };

interface Stored {
  readonly eventId: string;
  readonly metadata: Record<string, string>;
  readonly payload: { readonly pathwaysChunk?: { readonly part: number; readonly totalParts: number } };
}

async function bigWriter(more: Parameters<typeof open>[0] = {}) {
  const parts = await open(more);
  parts.declare({ eventType: 'written.0' });
  return parts;
}

/** A payload of exactly so many bytes on the wire. */
const ofBytes = (size: number) => ({ text: 'x'.repeat(size - '{"text":""}'.length) });

describe('a write of a large event', () => {
  it('of 64,000 bytes is one event as it is, of 64,001 it is sent in parts', async () => {
    const { writer, platform, announced, written } = await bigWriter();
    await writer.write(BIG, { data: ofBytes(64_000), metadata: { a: 'b' }, options: FORGET });
    expect(await platform.all('written.0')).toMatchObject([{ metadata: { a: 'b' } }]);

    const id = await writer.write(BIG, { data: ofBytes(64_001), metadata: { a: 'b' }, options: FORGET });
    const [whole, ...parts] = (await platform.all('written.0')) as unknown as Stored[];
    expect(whole?.payload).toEqual(ofBytes(64_000));
    expect(whole?.metadata).toEqual({ a: 'b' });
    expect(parts.map(({ payload }) => payload.pathwaysChunk)).toMatchObject([
      { part: 1, totalParts: 2 },
      { part: 2, totalParts: 2 },
    ]);
    expect(parts.map(({ metadata }) => metadata)).toEqual(
      Array.from({ length: 2 }, () => ({ a: 'b', 'pathways/chunked': 'true' })),
    );
    expect(id).toBe(parts[0]?.eventId);
    // The pump has to fetch all of them, whoever counts writes counts one.
    expect(announced.toSorted()).toEqual([whole, ...parts].map((event) => event?.eventId).toSorted());
    expect(written).toEqual([
      [BIG, 1],
      [BIG, 1],
    ]);
  });

  it('counts bytes, not characters', async () => {
    const { writer, platform } = await bigWriter();
    await writer.write(BIG, { data: { text: '€'.repeat(21_330) }, options: FORGET });
    expect(await platform.all('written.0')).toHaveLength(2);
  });

  it('keeps requests within the batch limit, in order, with one id for each item of a batch', async () => {
    const { writer, platform } = await bigWriter();
    const data = [{ n: 1 }, ofBytes(1_000_000), { n: 2 }, ofBytes(70_000), { n: 3 }];
    const ids = await writer.write(BIG, { batch: true, data, options: FORGET });
    const events = (await platform.all('written.0')) as unknown as Stored[];
    const kinds = events.map(({ payload }) => payload.pathwaysChunk?.part ?? payload);
    const oneTo = (count: number) => Array.from({ length: count }, (_, at) => at + 1);
    expect(kinds).toEqual([{ n: 1 }, ...oneTo(30), { n: 2 }, ...oneTo(3), { n: 3 }]);
    const isFirst = ({ payload }: Stored) => (payload.pathwaysChunk?.part ?? 1) === 1;
    expect(ids).toEqual(events.filter(isFirst).map(({ eventId }) => eventId));
  });

  it('waits for the events, and not for their parts', async () => {
    const { writer, waiters, platform } = await bigWriter();
    const data = [ofBytes(100_000), ofBytes(100_000)];
    const write = writer.write(BIG, { batch: true, data });
    await vi.waitFor(() => expect(waiters.size).toBeGreaterThan(0));
    expect(waiters.size).toBe(2);
    const events = (await platform.all('written.0')) as unknown as Stored[];
    const ids = events
      .filter(({ payload }) => payload.pathwaysChunk?.part === 1)
      .map(({ eventId }) => eventId);
    for (const id of ids) waiters.settle(id, { status: 'processed' });
    expect(await write).toEqual(ids);
  });

  it('is refused as a whole, before anything is sent, when it does not match its schema', async () => {
    const { writer, local } = await bigWriter();
    const data = { orderId: 'x'.repeat(100_000), quantity: 0 };
    await failureOf(writer.write('order.0/placed.0', { data, options: FORGET }), EventPayloadInvalidError);
    expect(local.eventCount()).toBe(0);
  });

  it('is not marked as a part because another one in its batch is, though its payload looks like one', async () => {
    const { writer, platform } = await bigWriter();
    const data = [{ pathwaysChunk: 1 }, ofBytes(70_000), { pathwaysChunk: 2 }];
    await writer.write(BIG, { batch: true, data, options: FORGET });
    const events = (await platform.all('written.0')) as unknown as Stored[];
    expect(events.map(({ metadata }) => metadata['pathways/chunked'])).toEqual([
      undefined,
      'true',
      'true',
      'true',
      undefined,
    ]);
  });

  it.each(['eventTimeKey', 'validTimeKey'] as const)(
    'with %s is refused: nobody could read it',
    async (option) => {
      const { writer, local } = await bigWriter();
      const data = [{ at: '2026-05-01T10:00:00Z' }, { ...ofBytes(70_000), at: '2026-05-01T10:00:00Z' }];
      const error = await failureOf(
        writer.write(BIG, { batch: true, data, options: { ...FORGET, [option]: 'at' } }),
        TimeKeyUnreadableError,
      );
      expect(error).toMatchObject({ option, item: 1 });
      expect(local.eventCount()).toBe(0);
    },
  );

  /** The first request is stored, and every later one is refused. */
  async function failingAtTheSecondRequest(write: (writer: PathwayWriter) => Promise<unknown>) {
    const parts = await bigWriter();
    const held = parts.local.faults.add({ kind: 'latency', delayMs: 1_000, times: 1 });
    const outcome = write(parts.writer);
    outcome.catch(() => {});
    await vi.waitFor(() => expect([held.hits, parts.platformClock.pendingTimers]).toEqual([1, 1]));
    parts.local.faults.add({ kind: 'status', status: 400 });
    parts.platformClock.advance(1_000);
    return { ...parts, outcome };
  }

  it('says which items of a batch are stored when a request fails: one with parts on both sides is not', async () => {
    const data = [{ n: 1 }, { n: 2 }, ofBytes(1_000_000), { n: 3 }];
    const { outcome, written } = await failingAtTheSecondRequest((writer) =>
      writer.write(BIG, { batch: true, data, options: FORGET }),
    );
    const error = await failureOf(outcome, PathwayBatchIncompleteError);
    expect(error.eventIds).toHaveLength(2);
    expect(error.total).toBe(4);
    expect(written).toEqual([[BIG, 2]]);
  });

  it('whose later request fails is not stored: there is no half of it to report', async () => {
    const { outcome, written } = await failingAtTheSecondRequest((writer) =>
      writer.write(BIG, { data: ofBytes(1_000_000), options: FORGET }),
    );
    expect(await failureOf(outcome, PlatformRequestError)).not.toBeInstanceOf(PathwayBatchIncompleteError);
    expect(written).toEqual([]);
  });

  it('of an encrypted pathway is measured as it is sent, and no request holds two keys', async () => {
    const cipher = new AesGcmCipher(SECRETS, 'v1');
    const { writer, platform } = await bigWriter({ cipher });
    const seal = cipher.seal.bind(cipher);
    let sealed = 0;
    cipher.seal = (text) => {
      sealed += 1;
      if (sealed === 2) cipher.activeKeyId = 'v2';
      return seal(text);
    };
    const data = [{ n: 1 }, { n: 2 }, ofBytes(50_000)];
    await writer.write(BIG, { batch: true, data, options: FORGET });
    const events = (await platform.all('written.0')) as unknown as Stored[];
    const [first, second, ...parts] = events.map(({ metadata }) => metadata);
    const markers = { 'pathways/encrypted': 'true', 'pathways/encryption-scheme': 'aes-256-gcm-sha256-v1' };
    expect(first).toEqual({ ...markers, 'pathways/encryption-key-id': 'v1' });
    expect(second).toEqual({ ...markers, 'pathways/encryption-key-id': 'v2', 'pathways/chunked': 'true' });
    expect(parts).toEqual([second, second]);
    expect(JSON.stringify(events)).not.toContain('xxxxxxxx');
  });
});
